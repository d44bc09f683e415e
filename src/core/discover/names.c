/*
 * Host names of servers: they are looked up and replaced by their addresses. A server whose name is
 * not resolved yet, or fails to resolve, is left out, unless the last good addresses are known.
 */
#include <stdlib.h>
#include <string.h>

#include "core/text/address.h"
#include "discover.h"

#define REFUSED "discover.networks in the settings does not admit it"

struct server *server_list_add(struct server_list *l)
{
	if (l->count == l->room) {
		struct server *more = arena_array(l->arena, struct server, 2 * l->room + 16);

		if (l->count)
			memcpy(more, l->items, l->count * sizeof(*more));
		l->items = more;
		l->room = 2 * l->room + 16;
	}
	return &l->items[l->count++];
}

void name_list_add(struct name_list *l, const char *name)
{
	if (l->count == l->room) {
		const char **more = arena_array(l->arena, const char *, 2 * l->room + 16);

		if (l->count)
			memcpy(more, l->items, l->count * sizeof(*more));
		l->items = more;
		l->room = 2 * l->room + 16;
	}
	l->items[l->count++] = name;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void name_list_sort(struct name_list *l)
{
	size_t kept = 0;

	if (!l->count)
		return;
	qsort(l->items, l->count, sizeof(*l->items), compare);
	for (size_t i = 0; i < l->count; i++) {
		if (!kept || strcmp(l->items[kept - 1], l->items[i]) != 0)
			l->items[kept++] = l->items[i];
	}
	l->count = kept;
}

/* An application registers it; a persistent znode of the config is written by an operator. */
static bool is_registered(const struct server *s)
{
	return s->discover || s->source->owner != 0;
}

bool server_is_refused(const struct policy *p, const struct server *s)
{
	return policy_refuses_address(p, s->address, is_registered(s)) != NULL;
}

/* One server on its way into a list. */
struct addition {
	const struct decode_input *in;
	const struct server *server;
	struct server_list *out;
	size_t added;
	const char *refused, *why; /* the first address that the policy refuses */
};

static const char *refuses(struct addition *a, const char *address)
{
	const char *why = policy_refuses_address(a->in->policy, address, is_registered(a->server));

	if (why && !a->refused) {
		a->refused = arena_strdup(a->out->arena, address);
		a->why = why;
	}
	return why;
}

/* A resolver's answer is checked like a registration: no 0.0.0.0, and no name. */
static void add_address(struct addition *a, const char *address, const char *port)
{
	char host[ADDRESS_SIZE];
	struct server *copy;

	if (address_parse_host(address, strlen(address), host) || !address_is_numeric(host) ||
	    refuses(a, host))
		return;
	copy = server_list_add(a->out);
	*copy = *a->server;
	copy->name = a->server->address;
	copy->address = arena_printf(a->out->arena, "%s%s", host, port);
	a->added++;
}

static const char *add_numeric(struct addition *a)
{
	if (!refuses(a, a->server->address)) {
		*server_list_add(a->out) = *a->server;
		return NULL;
	}
	return arena_printf(a->out->arena, "has the address %.80s, which %s: " REFUSED, a->refused,
			    a->why);
}

/* Why a name with these addresses has none, or why some of them are not used. */
static const char *explain(const struct addition *a, const char *host, const struct name *n)
{
	struct arena *arena = a->out->arena;

	if (a->refused)
		return arena_printf(arena, "has the host %.80s, whose address %.60s %s: " REFUSED,
				    host, a->refused, a->why);
	if (n->state == NAME_FOUND && a->added)
		return NULL;
	if (n->state == NAME_PENDING)
		return a->added ? NULL
				: arena_printf(arena,
					       "has the host %.80s, which is not resolved yet",
					       host);
	return arena_printf(arena, "has the host %.80s, which does not resolve%s%.100s%s", host,
			    n->reason ? ": " : "", n->reason ? n->reason : "",
			    a->added ? " (its last addresses stay in force)" : "");
}

const char *names_add_server(const struct decode_input *in, struct name_list *wanted,
			     const struct server *s, struct server_list *out)
{
	const char *port = strrchr(s->address, ':'), *host;
	struct addition a = { .in = in, .server = s, .out = out };
	struct name n;

	if (address_is_numeric(s->address))
		return add_numeric(&a);
	host = arena_copy(out->arena, s->address, (size_t)(port - s->address));
	name_list_add(wanted, host);
	if (!in->names) {
		*server_list_add(out) = *s;
		return NULL;
	}
	n = in->names->find(in->names->ctx, host);
	for (size_t i = 0; i < n.count; i++)
		add_address(&a, n.addresses[i], port);
	return explain(&a, host, &n);
}
