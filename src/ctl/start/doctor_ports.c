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

/* Does another program listen there, at one of the ports? A port is looked up among the sockets,
 * and not the other way round: a site may listen on all ports. */
static bool is_taken(const struct ports *p, const struct socket *s, const struct listen_address *a)
{
	return s->port >= a->first && s->port <= a->last && socket_conflicts(s, a, s->port) &&
	       !is_ours(p->d, s->owner);
}

/* A program may have a socket of each family at the same port: one result is enough. */
static bool was_reported(const struct ports *p, size_t at, const struct listen_address *a)
{
	for (size_t i = 0; i < at; i++) {
		if (p->sockets[i].port == p->sockets[at].port && is_taken(p, &p->sockets[i], a))
			return true;
	}
	return false;
}

static void report(struct ports *p, const struct site *site, const struct listen_address *a,
		   const struct socket *s)
{
	char text[LISTEN_ADDRESS_SIZE];

	if (!s->owner) {
		p->unknown++;
		return;
	}
	p->taken++;
	listen_address_print(a, s->port, text);
	doctor_error(p->d, "End that program, or give the site another port",
		     "%s, on which the site %s listens, is in use by %s", text, site->name,
		     program(p->d, s->owner));
}

static void check_listen(struct ports *p, const struct site *site, const struct listen_address *a)
{
	char first[LISTEN_ADDRESS_SIZE];

	listen_address_print(a, a->first, first);
	if (is_seen(p, a->first == a->last ? first
					   : arena_printf(p->d->arena, "%s-%ld", first, a->last)))
		return;
	for (size_t i = 0; i < p->socket_count; i++) {
		if (is_taken(p, &p->sockets[i], a) && !was_reported(p, i, a))
			report(p, site, a, &p->sockets[i]);
	}
}

static void check_site(struct ports *p, const struct site *site)
{
	for (size_t i = 0; i < site->listen_count; i++) {
		const struct listen *l = &site->listens[i];
		struct listen_address a;

		if (!strstr(l->options, "udp") &&
		    listen_address_parse(l->address, strlen(l->address), 80, &a))
			check_listen(p, site, &a);
	}
}

void doctor_check_ports(struct doctor *d)
{
	struct ports p = { .d = d };

	p.sockets = sockets_read(d->arena, &p.socket_count);
	for (size_t i = 0; i < d->model->site_count; i++)
		check_site(&p, &d->model->sites[i]);
	if (p.unknown)
		doctor_skip(d,
			    "needs root: which program has %zu of the ports on which sites listen",
			    p.unknown);
	else if (!p.taken && !p.seen_count)
		doctor_ok(d, "no site listens on any port");
	else if (!p.taken)
		doctor_ok(d, "addresses of sites: %zu; each is free, or nginx listens there",
			  p.seen_count);
}
