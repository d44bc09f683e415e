/*
 * Host names of servers: they are looked up and replaced by their addresses. A server whose name is
 * not resolved yet, or fails to resolve, is left out, unless the last good addresses are known.
 */
#include <stdlib.h>
#include <string.h>

#include "core/text/address.h"
#include "discover.h"

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

/* A resolver's answer is checked like a registration: no 0.0.0.0, and no name. */
static bool add_address(struct arena *a, const struct server *s, const char *address,
			const char *port, struct server_list *out)
{
	char host[ADDRESS_SIZE];
	struct server *copy;

	if (address_parse_host(address, strlen(address), host) || !address_is_numeric(host))
		return false;
	copy = server_list_add(out);
	*copy = *s;
	copy->name = s->address;
	copy->address = arena_printf(a, "%s%s", host, port);
	return true;
}

const char *names_add_server(const struct names *names, struct name_list *wanted,
			     const struct server *s, struct server_list *out)
{
	const char *port = strrchr(s->address, ':'), *host;
	struct name n;
	size_t added = 0;

	if (address_is_numeric(s->address)) {
		*server_list_add(out) = *s;
		return NULL;
	}
	host = arena_copy(out->arena, s->address, (size_t)(port - s->address));
	name_list_add(wanted, host);
	if (!names) {
		*server_list_add(out) = *s;
		return NULL;
	}
	n = names->find(names->ctx, host);
	for (size_t i = 0; i < n.count; i++)
		added += add_address(out->arena, s, n.addresses[i], port, out);
	if (n.state == NAME_FOUND && added)
		return NULL;
	if (n.state == NAME_PENDING)
		return added ? NULL
			     : arena_printf(out->arena,
					    "has the host %.80s, which is not resolved "
					    "yet",
					    host);
	return arena_printf(out->arena, "has the host %.80s, which does not resolve%s%.100s%s",
			    host, n.reason ? ": " : "", n.reason ? n.reason : "",
			    added ? " (its last addresses stay in force)" : "");
}
