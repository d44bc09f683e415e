/*
 * The servers of an upstream: its child znodes, and what its discovers find. The result is sorted
 * by address and has each address once.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "decode_servers.h"

static bool server_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps)
{
	return decode_server(d->arena, z, d->upstream, out, ps);
}

/* Of one address: child znodes first, then the newest registration. */
static int compare_servers(const void *a, const void *b)
{
	const struct server *x = a, *y = b;
	int order = strcmp(x->address, y->address);

	if (!order)
		order = (x->discover != NULL) - (y->discover != NULL);
	if (!order && x->discover)
		order = (x->source->czxid < y->source->czxid) -
			(x->source->czxid > y->source->czxid);
	if (!order)
		order = path_compare(x->source->path, y->source->path);
	return order ? order : (x->part > y->part) - (x->part < y->part);
}

static bool servers_are_sorted(const struct upstream *u)
{
	for (size_t i = 1; i < u->server_count; i++) {
		if (strcmp(u->servers[i - 1].address, u->servers[i].address) >= 0)
			return false;
	}
	return true;
}

/*
 * One server may have two spellings ("[2001:DB8::1]:80"), or two names with one address: the first
 * znode keeps the address. Two registrations of one address are no problem: one of them may belong
 * to an old session that has not expired yet.
 */
static void fold_server(struct decoder *d, const struct server *kept, const struct server *s)
{
	if (!s->discover && strcmp(kept->source->path, s->source->path) != 0)
		problems_add(d->problems, s->source->path, PROBLEM_FIELD, NULL,
			     "is the same server as %s", kept->source->path);
}

static void sort_servers(struct decoder *d, struct upstream *u)
{
	size_t kept = 0;

	if (servers_are_sorted(u))
		return;
	qsort(u->servers, u->server_count, sizeof(*u->servers), compare_servers);
	for (size_t i = 0; i < u->server_count; i++) {
		const struct server *s = &u->servers[i];

		if (kept && strcmp(u->servers[kept - 1].address, s->address) == 0)
			fold_server(d, &u->servers[kept - 1], s);
		else
			u->servers[kept++] = *s;
	}
	u->server_count = kept;
}

/* nginx refuses an upstream that has only backups; render writes them as ordinary servers. */
static void check_backups(struct decoder *d, const struct upstream *u)
{
	for (size_t i = 0; i < u->server_count; i++) {
		if (!u->servers[i].params.backup)
			return;
	}
	if (u->server_count)
		problems_add(d->problems, u->source.path, PROBLEM_FIELD, NULL,
			     "every server is a backup, which nginx refuses: they are served "
			     "as ordinary servers");
}

/* A server with a host name becomes one for each of its addresses. */
static void add_own(struct decoder *d, const struct server *s, struct server_list *out)
{
	size_t before = out->count;
	const char *why = names_add_server(d->in, &d->wanted, s, out);

	if (why)
		problems_add(d->problems, s->source->path, PROBLEM_DISCOVERY, NULL, "%s", why)
			->serving = out->count > before ? SERVING_PREVIOUS : SERVING_ABSENT;
}

static void read_own(struct decoder *d, const struct znode *z, struct server_list *out)
{
	struct server s;

	if (decoder_read(d, z, server_form, &s))
		add_own(d, &s, out);
}

size_t decode_servers(struct decoder *d, struct upstream *u, size_t i, const char *path)
{
	struct server_list list = { .arena = d->arena };
	const struct tree *t = d->in->tree;
	size_t prefix = strlen(path) + 1, end = i;

	while (end < tree_count(t) && path_is_below(tree_at(t, end)->path, path))
		end++;
	list.items = arena_array(list.arena, struct server, end - i);
	list.room = end - i;
	d->upstream = u;
	while (i < end) {
		const struct znode *z = tree_at(t, i);

		if (strchr(z->path + prefix, '/')) {
			decoder_reject(d, z, "unexpected znode: a server takes no children");
			i = tree_subtree_end(t, i);
			continue;
		}
		read_own(d, z, &list);
		u->servers = list.items; /* decode_server() compares the next one with these */
		u->server_count = list.count;
		i++;
	}
	if (!u->name)
		return end; /* only the problems were wanted */
	discover_servers(d->in, u, &list, &d->wanted, d->problems);
	u->servers = list.items;
	u->server_count = list.count;
	sort_servers(d, u);
	check_backups(d, u);
	discover_weigh(u);
	return end;
}
