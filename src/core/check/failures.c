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
static void clear(struct model *m)
{
	for (size_t i = 0; m->owned && i < m->upstream_count; i++) {
		struct upstream *u = m->owned[i] ? model_own_upstream(m, i) : NULL;

		for (size_t j = 0; u && j < u->server_count; j++)
			u->servers[j].failing = false;
	}
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

	if (!u->check)
		return false;
	for (size_t i = 0; i < u->server_count; i++) {
		failing += fails(u, &u->servers[i], v);
		servers += counts(&u->servers[i]);
	}
	return failing && !check_panics(failing, servers, u->check->panic);
}

void failures_apply(struct model *m, const struct check_failures *v)
{
	clear(m);
	for (size_t i = 0; i < v->count; i++) {
		size_t at = model_upstream_index(m, v->items[i].upstream);

		if (i && strcmp(v->items[i - 1].upstream, v->items[i].upstream) == 0)
			continue;
		if (at < m->upstream_count && takes_out(m->upstreams[at], v))
			mark(model_own_upstream(m, at), v);
	}
}

struct check_failures failures_of(const struct model *m, struct arena *a)
{
	struct check_failure *items;
	size_t count = 0;

	for (size_t i = 0; i < m->upstream_count; i++)
		count += m->upstreams[i]->server_count;
	items = arena_array(a, struct check_failure, count);
	count = 0;
	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];

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

/* "upstream NAME {": its index; upstream_count: the model has none of this name that is checked. */
static size_t find_upstream(const struct model *m, const char *line)
{
	const char *name = line + strlen("upstream ");
	size_t size = strcspn(name, " \n"), i;
	char copy[64];

	if (size >= sizeof(copy))
		return m->upstream_count;
	memcpy(copy, name, size);
	copy[size] = '\0';
	i = model_upstream_index(m, copy);
	return i < m->upstream_count && m->upstreams[i]->check ? i : m->upstream_count;
}

/* "    server ADDRESS … down;" */
static void adopt_server(struct model *m, size_t at, const char *line, size_t size)
{
	static const char down[] = " down;";
	const char *address = line + strlen("    server ");
	size_t length = strcspn(address, " ;\n");
	char copy[128];
	const struct server *s;
	struct upstream *u;

	if (length >= sizeof(copy) || size <= strlen(down) ||
	    memcmp(line + size - strlen(down), down, strlen(down)) != 0)
		return;
	memcpy(copy, address, length);
	copy[length] = '\0';
	s = upstream_server(m->upstreams[at], copy);
	if (!s || s->params.down)
		return;
	u = model_own_upstream(m, at);
	s = upstream_server(u, copy);
	u->servers[s - u->servers].failing = true;
}

void failures_adopt(struct model *good, const char *text, size_t size)
{
	const char *end = text + size, *eol;
	size_t at = good->upstream_count;

	for (; text < end && (eol = memchr(text, '\n', (size_t)(end - text))); text = eol + 1) {
		size_t length = (size_t)(eol - text);

		if (begins(text, length, "upstream "))
			at = find_upstream(good, text);
		else if (*text == '}')
			at = good->upstream_count;
		else if (at < good->upstream_count && begins(text, length, "    server "))
			adopt_server(good, at, text, length);
	}
}
