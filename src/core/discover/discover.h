/*
 * Discover: from the registrations of a tree to the servers of an upstream.
 *
 * One bad registration never drops another: it keeps the form that it has in the
 * accepted tree or stays out, and all that cannot be used below a path are one
 * problem, with the first few by name. A path that is not there has no servers.
 */
#ifndef ZKNGINX_DISCOVER_H
#define ZKNGINX_DISCOVER_H

#include "core/endpoint/endpoint.h"
#include "decode_input.h"

/* A growing list in an arena. */
struct server_list {
	struct arena *arena;
	struct server *items;
	size_t count, room;
};
struct server *server_list_add(struct server_list *l);

/* Host names that were asked for; in an arena. */
struct name_list {
	struct arena *arena;
	const char **items;
	size_t count, room;
};

/*
 * One server of a host name or an address → as many as the name has addresses; all
 * share what else they have. NULL, or why none (or an old answer) came of it.
 */
const char *names_add_server(const struct names *names, struct name_list *wanted,
			     const struct server *s, struct server_list *out);
void name_list_add(struct name_list *l, const char *name);
/* Sorted, without doubles. */
void name_list_sort(struct name_list *l);

/* Append the servers that u's discovers find; sets u->tls and what the discovers found. */
void discover_servers(const struct decode_input *in, struct upstream *u, struct server_list *out,
		      struct name_list *wanted, struct problems *problems);

/*
 * Make nginx's weights out of the servers' shares, in an upstream with discovered ones:
 * whole numbers, as small as they can be. To be called whenever its servers change.
 */
void discover_weigh(struct upstream *u);

/* The discover with the same choices, or NULL. */
struct discover *discover_find(const struct upstream *u, const char *key);

#endif
