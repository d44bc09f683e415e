/* The addresses on which sites listen: does another program have one of them? */
#include <string.h>
#include <unistd.h>

#include "core/compose/claims.h"
#include "core/text/listen_address.h"
#include "doctor.h"
#include "nginx/proc.h"
#include "sockets.h"

struct ports {
	struct doctor *d;
	struct socket *sockets;
	size_t socket_count;
	const char **seen; /* addresses that were checked */
	size_t seen_count, room;
	size_t taken, unknown;
};

static bool is_seen(struct ports *p, const char *address)
{
	for (size_t i = 0; i < p->seen_count; i++) {
		if (strcmp(p->seen[i], address) == 0)
			return true;
	}
	p->seen = arena_grow(p->d->arena, p->seen, p->seen_count, &p->room, sizeof(*p->seen));
	p->seen[p->seen_count++] = arena_strdup(p->d->arena, address);
	return false;
}

/* The master, or one of its workers. */
static bool is_ours(const struct doctor *d, pid_t pid)
{
	struct proc_stat stat;

	return d->master &&
	       (pid == d->master || (proc_stat(pid, &stat) && stat.parent == d->master));
}

static const char *program(struct doctor *d, pid_t pid)
{
	CLEANUP(buf_fini) struct buf name = BUF_INIT;

	if (!proc_read(pid, "comm", &name))
		return arena_printf(d->arena, "process %d", (int)pid);
	return arena_printf(d->arena, "%.*s (process %d)", (int)strcspn(buf_str(&name), "\n"),
			    buf_str(&name), (int)pid);
}

static void check_port(struct ports *p, const struct site *site, const struct listen_address *a,
		       long port)
{
	char text[LISTEN_ADDRESS_SIZE];

	listen_address_print(a, port, text);
	if (is_seen(p, text))
		return;
	for (size_t i = 0; i < p->socket_count; i++) {
		const struct socket *s = &p->sockets[i];

		if (!socket_conflicts(s, a, port) || is_ours(p->d, s->owner))
			continue;
		if (!s->owner) {
			p->unknown++;
			return;
		}
		p->taken++;
		doctor_error(p->d, "End that program, or give the site another port",
			     "%s, on which the site %s listens, is in use by %s", text, site->name,
			     program(p->d, s->owner));
		return;
	}
}

static void check_site(struct ports *p, const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		const struct listen *l = &site->listens[i];
		struct listen_address a;

		if (strstr(l->options, "udp") ||
		    !listen_address_parse(l->address, strlen(l->address), 80, &a))
			continue;
		for (long port = a.first; port <= a.last; port++)
			check_port(p, site, &a, port);
	}
}

void doctor_check_ports(struct doctor *d)
{
	struct ports p = { .d = d };

	p.sockets = sockets_read(d->arena, &p.socket_count);
	for (size_t i = 0; i < d->model->site_count; i++)
		check_site(&p, &d->model->sites[i]);
	if (p.unknown)
		doctor_skip(d, "needs root: which program listens on %zu of the %zu addresses",
			    p.unknown, p.seen_count);
	else if (!p.taken && !p.seen_count)
		doctor_ok(d, "no site listens on any port");
	else if (!p.taken)
		doctor_ok(d, "addresses of sites: %zu; each is free, or nginx listens there",
			  p.seen_count);
}
