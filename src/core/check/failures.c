/* See failures.h. */
#include <stdlib.h>
#include <string.h>

#include "failures.h"

bool check_panics(size_t failing, size_t servers, long panic)
{
	return failing * 100 > servers * (size_t)panic;
}

static int by_name(const void *a, const void *b)
{
	const struct check_failure *x = a, *y = b;
	int order = strcmp(x->upstream, y->upstream);

	return order ? order : strcmp(x->server, y->server);
}

static bool is_listed(const struct check_failures *v, const char *upstream, const char *server)
{
	const struct check_failure key = { upstream, server };

	return v->count && bsearch(&key, v->items, v->count, sizeof(key), by_name);
}

static bool counts(const struct server *s)
{
	return !s->params.down && !s->drained;
}

/* Decoded servers are not failing. */
static void clear(struct upstream *u)
{
	for (size_t i = 0; !u->decoded && i < u->server_count; i++)
		u->servers[i].failing = false;
}

static bool fails(const struct upstream *u, const struct server *s, const struct check_failures *v)
{
	return counts(s) && is_listed(v, u->name, s->address);
}

static void mark(struct upstream *u, const struct check_failures *v)
{
	for (size_t i = 0; i < u->server_count; i++)
		u->servers[i].failing = fails(u, &u->servers[i], v);
}

/* Are servers of it taken out? */
static bool takes_out(const struct upstream *u, const struct check_failures *v)
{
	size_t failing = 0, servers = 0;

	if (!u->check || !v->count)
		return false;
	for (size_t i = 0; i < u->server_count; i++) {
		failing += fails(u, &u->servers[i], v);
		servers += counts(&u->servers[i]);
	}
	return failing && !check_panics(failing, servers, u->check->panic);
}

void failures_apply(struct model *m, const struct check_failures *v)
{
	for (size_t i = 0; i < m->upstream_count; i++) {
		struct upstream *u = &m->upstreams[i];

		if (takes_out(u, v)) {
			upstream_unshare(u, m->arena);
			mark(u, v);
		} else {
			clear(u);
		}
	}
}

struct check_failures failures_of(const struct model *m, struct arena *a)
{
	struct check_failure *items;
	size_t count = 0;

	for (size_t i = 0; i < m->upstream_count; i++)
		count += m->upstreams[i].server_count;
	items = arena_array(a, struct check_failure, count);
	count = 0;
	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = &m->upstreams[i];

		for (size_t j = 0; j < u->server_count; j++) {
			if (u->servers[j].failing)
				items[count++] =
					(struct check_failure){ u->name, u->servers[j].address };
		}
	}
	return (struct check_failures){ items, count };
}

/* --- a live file ------------------------------------------------------------------------------ */

static bool begins(const char *line, size_t size, const char *prefix)
{
	return size > strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

/* "upstream NAME {"; NULL: the model has none of this name that is checked. */
static struct upstream *find_upstream(struct model *m, const char *line)
{
	const char *name = line + strlen("upstream ");
	size_t size = strcspn(name, " \n");
	char copy[64];
	const struct upstream *u;

	if (size >= sizeof(copy))
		return NULL;
	memcpy(copy, name, size);
	copy[size] = '\0';
	u = model_upstream(m, copy);
	return u && u->check ? &m->upstreams[u - m->upstreams] : NULL;
}

/* "    server ADDRESS … down;" */
static void adopt_server(struct upstream *u, struct arena *a, const char *line, size_t size)
{
	static const char down[] = " down;";
	const char *address = line + strlen("    server ");
	size_t length = strcspn(address, " ;\n");
	char copy[128];
	const struct server *s;

	if (length >= sizeof(copy) || size <= strlen(down) ||
	    memcmp(line + size - strlen(down), down, strlen(down)) != 0)
		return;
	memcpy(copy, address, length);
	copy[length] = '\0';
	s = upstream_server(u, copy);
	if (!s || s->params.down)
		return;
	upstream_unshare(u, a);
	s = upstream_server(u, copy);
	u->servers[s - u->servers].failing = true;
}

void failures_adopt(struct model *good, const char *text, size_t size)
{
	const char *end = text + size, *eol;
	struct upstream *u = NULL;

	for (; text < end && (eol = memchr(text, '\n', (size_t)(end - text))); text = eol + 1) {
		size_t length = (size_t)(eol - text);

		if (begins(text, length, "upstream "))
			u = find_upstream(good, text);
		else if (*text == '}')
			u = NULL;
		else if (u && begins(text, length, "    server "))
			adopt_server(u, good->arena, text, length);
	}
}
