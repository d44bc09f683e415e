/*
 * The model: look-ups by name, what nginx makes of a server's parameters, and the way back
 * to the znodes that it was made from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zknginx/err.h>
#include <zknginx/model.h>

#include "core/text/emit.h"
#include "site_texts.h"

struct model *model_new(void)
{
	struct model *m = xcalloc(1, sizeof(*m));

	m->arena = arena_new();
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	arena_free(m->arena);
	free(m);
}

/* Each list begins its elements with `const char *name` and is sorted by it. */
static const void *find(const void *items, size_t count, size_t size, const char *name)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *const *item = (const void *)((const char *)items + middle * size);
		int order = strcmp(*item, name);

		if (order == 0)
			return item;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

_Static_assert(offsetof(struct site, name) == 0, "find() reads the name first");
_Static_assert(offsetof(struct snippet, name) == 0, "find() reads the name first");
_Static_assert(offsetof(struct server, address) == 0, "find() reads the address first");

const struct site *model_site(const struct model *m, const char *name)
{
	return find(m->sites, m->site_count, sizeof(*m->sites), name);
}

const char *location_module(const struct location *l)
{
	static const char *const modules[] = { [LOCATION_PROXY] = "proxy",
					       [LOCATION_GRPC] = "grpc",
					       [LOCATION_FASTCGI] = "fastcgi",
					       [LOCATION_UWSGI] = "uwsgi" };

	return l->kind < ARRAY_SIZE(modules) && modules[l->kind] ? modules[l->kind] : "";
}

bool location_passes(const struct location *l)
{
	return *location_module(l);
}

const char *location_cache_suffix(const struct location *l)
{
	return l->kind == LOCATION_FASTCGI ? "@fastcgi" : l->kind == LOCATION_UWSGI ? "@uwsgi" : "";
}

static bool uses_dollar(void *ctx UNUSED, const struct site_text *t)
{
	return emit_uses_dollar(t->text);
}

bool site_uses_dollar(const struct site *site)
{
	return site_find_text(site, uses_dollar, NULL);
}

void site_sni_variable(const struct site *site, char name[static SNI_VARIABLE_SIZE])
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;

	digester_add_field(d, site->name, strlen(site->name));
	digest = digester_finish(d);
	digest_hex(&digest, hex);
	snprintf(name, SNI_VARIABLE_SIZE, "$" SNI_VARIABLE_PREFIX "%.8s", hex);
}

const struct snippet *model_snippet(const struct model *m, enum protocol context, const char *name)
{
	return model_text(
		m, context == PROTOCOL_STREAM ? CONFIG_STREAM_SNIPPET : CONFIG_HTTP_SNIPPET, name);
}

int snippet_compare(const void *a, const void *b)
{
	const struct snippet *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

const struct snippet *model_text(const struct model *m, enum config_kind kind, const char *name)
{
	const struct snippet wanted = { .name = name, .kind = kind };

	return m->snippet_count ? bsearch(&wanted, m->snippets, m->snippet_count,
					  sizeof(*m->snippets), snippet_compare)
				: NULL;
}

bool snippet_is_included(enum config_kind kind)
{
	return kind == CONFIG_SERVER_SNIPPET || kind == CONFIG_LOCATION_SNIPPET;
}

bool snippet_uses_dollar(const struct snippet *s)
{
	for (size_t i = 0; s->definition && i < s->definition->text_count; i++) {
		if (emit_uses_dollar(s->definition->texts[i].text))
			return true;
	}
	return false;
}

static int by_age(const void *a, const void *b)
{
	const struct site *x = *(const struct site *const *)a, *y = *(const struct site *const *)b;

	if (x->source.czxid != y->source.czxid)
		return x->source.czxid < y->source.czxid ? -1 : 1;
	return strcmp(x->name, y->name);
}

const struct site **model_sites_by_age(const struct model *m)
{
	const struct site **list = xcalloc(m->site_count + 1, sizeof(*list));

	for (size_t i = 0; i < m->site_count; i++)
		list[i] = &m->sites[i];
	qsort(list, m->site_count, sizeof(*list), by_age);
	return list;
}

const struct server *upstream_server(const struct upstream *u, const char *address)
{
	return find(u->servers, u->server_count, sizeof(*u->servers), address);
}

bool upstream_has_zone(const struct upstream *u)
{
	return u->zone || u->zone_size;
}

bool upstream_takes_backups(const struct upstream *u)
{
	return !u->balance ||
	       (strncmp(u->balance, "hash ", 5) != 0 && strcmp(u->balance, "ip_hash") != 0 &&
		strncmp(u->balance, "random", 6) != 0);
}

static long first_set(long own, long inherited, long otherwise)
{
	if (own != UNSET)
		return own;
	return inherited != UNSET ? inherited : otherwise;
}

/* nginx has no weight of 0. */
void server_params_complete(struct server_params *own, const struct server_params *defaults)
{
	own->weight = first_set(own->weight, defaults->weight, 1);
	own->max_fails = first_set(own->max_fails, defaults->max_fails, 1);
	own->max_conns = first_set(own->max_conns, defaults->max_conns, 0);
	if (!own->fail_timeout)
		own->fail_timeout = defaults->fail_timeout ? defaults->fail_timeout : "10s";
	if (!own->weight) {
		own->weight = 1;
		own->down = true;
	}
}

struct server_params *server_params_copy(struct arena *a, const struct server_params *p)
{
	struct server_params *copy = arena_new_of(a, struct server_params);

	*copy = *p;
	if (p->fail_timeout)
		copy->fail_timeout = arena_strdup(a, p->fail_timeout);
	return copy;
}

static void add_source(struct tree_builder *b, const struct znode *z)
{
	if (z && z->path)
		tree_builder_add(b, z);
}

static void add_contexts(struct tree_builder *b, const struct upstream *u)
{
	for (size_t i = 0; i < u->discover_count; i++) {
		for (size_t j = 0; j < u->discovers[i].context_count; j++)
			add_source(b, &u->discovers[i].context[j]);
	}
}

struct tree *model_sources(const struct model *m)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	for (size_t i = 0; i < m->site_count; i++)
		add_source(&b, &m->sites[i].source);
	for (size_t i = 0; i < m->snippet_count; i++)
		add_source(&b, &m->snippets[i].source);
	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];

		add_source(&b, &u->source);
		add_contexts(&b, u);
		for (size_t j = 0; j < u->server_count; j++)
			add_source(&b, u->servers[j].source);
	}
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

/* It begins with one of `first`; after that it may have those of `more` as well. */
static bool is_made_of(const char *name, const char *first, const char *more)
{
	size_t size = strlen(name), used = strspn(name, first);

	while (used && name[used] && (strchr(first, name[used]) || strchr(more, name[used])))
		used++;
	return size >= 1 && size <= 63 && used == size;
}

bool name_is_valid(const char *name)
{
	return is_made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789", "_.-");
}

bool upstream_name_is_valid(const char *name)
{
	return is_made_of(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
			  "_.-");
}
