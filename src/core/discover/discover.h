/*
 * Discover: makes the servers of an upstream from the registrations of a tree.
 *
 * A bad registration does not affect others: it keeps the form that it has in the accepted tree, or
 * is left out. All bad registrations below one path are one problem, which names the first ones. A
 * path that does not exist has no servers.
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

/* Host names of servers; in an arena. */
struct name_list {
	struct arena *arena;
	const char **items;
	size_t count, room;
};

/*
 * Adds a server with a host name as one server for each of its addresses, which are equal in
 * everything else; adds a server with an address unchanged. An address that the policy refuses is
 * left out. Returns NULL, or the rest of a sentence: why there is none, why old addresses are used,
 * or why some are not.
 */
const char *names_add_server(const struct decode_input *in, struct name_list *wanted,
			     const struct server *s, struct server_list *out);
/* Is its address one that the policy refuses? */
bool server_is_refused(const struct policy *p, const struct server *s);
void name_list_add(struct name_list *l, const char *name);
/* Sort, and remove duplicates. */
void name_list_sort(struct name_list *l);

/*
 * Appends the servers that u's discovers find. Sets u->tls, and `chosen` and `context` of the
 * discovers.
 */
void discover_servers(const struct decode_input *in, struct upstream *u, struct server_list *out,
		      struct name_list *wanted, struct problems *problems);

/*
 * In an upstream with discovered servers: computes nginx's weights from the servers' shares, as
 * whole numbers that are as small as possible. Must be called whenever the servers have changed;
 * does nothing where they are as they were decoded.
 */
void discover_weigh(struct upstream *u);

/*
 * Why the discovers of u gave no server, for a person: which registrations were left out, the first
 * three by name. Nothing where u has no discover.
 */
void discover_explain(const struct upstream *u, struct buf *out);

/* The discover of u with this key (the same choices of the operator), or NULL. */
struct discover *discover_find(const struct upstream *u, const char *key);

#endif
