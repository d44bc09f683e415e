/*
 * Retain: decodes the last good objects from their znodes again. Servers are copied, as the znodes
 * they were discovered from may be gone. The model's lists stay sorted.
 */
#include <stdlib.h>
#include <string.h>

#include "core/decode/decode.h"
#include "core/discover/discover.h"
#include "retain.h"

bool retain_server(struct arena *a, const struct server *good, const struct policy *policy,
		   struct upstream *u, struct server *out)
{
	struct discover *d = good->discover ? discover_find(u, good->discover->key) : NULL;

	if ((good->discover && !d) || (good->own->backup && !upstream_takes_backups(u)) ||
	    server_is_refused(policy, good))
		return false;
	*out = *good;
	out->address = arena_strdup(a, good->address);
	out->source = znode_keep_in(a, good->source);
	out->discover = d;
	if (good->name)
		out->name = arena_strdup(a, good->name);
	out->held = false;
	out->own = server_params_copy(a, good->own);
	out->params = *out->own;
	server_params_complete(&out->params, &u->defaults);
	if (!d)
		out->share = (double)out->params.weight;
	return true;
}

void retain_context(struct arena *a, struct upstream *u, const struct server *good)
{
	struct discover *d = good->discover ? discover_find(u, good->discover->key) : NULL;

	if (d && !d->chosen)
		d->chosen = good->discover->chosen;
	if (!d || d->context_count || !good->discover->context_count)
		return;
	d->context_count = good->discover->context_count;
	d->context = arena_array(a, struct znode, d->context_count);
	for (size_t i = 0; i < d->context_count; i++)
		d->context[i] = znode_copy(a, &good->discover->context[i]);
}

bool retain_upstream(struct arena *a, const struct upstream *good, const struct policy *policy,
		     struct upstream *out)
{
	struct znode z = znode_copy(a, &good->source);
	struct problems ignored;
	bool ok;

	problems_init(&ignored);
	*out = (struct upstream){ 0 };
	ok = decode_upstream(a, &z, policy, out, &ignored);
	if (ok) {
		out->tls = good->tls;
		out->servers = arena_array(a, struct server, good->server_count);
		for (size_t i = 0; i < good->server_count; i++) {
			const struct server *s = &good->servers[i];

			if (!retain_server(a, s, policy, out, &out->servers[out->server_count]))
				continue;
			retain_context(a, out, s);
			out->server_count++;
		}
		discover_weigh(out);
		out->unavailable = out->server_count == 0;
		out->retained = true;
	}
	problems_fini(&ignored);
	return ok;
}

bool retain_site(struct arena *a, const struct site *good, const struct policy *policy,
		 struct site *out)
{
	struct znode z = znode_copy(a, &good->source);
	struct problems ignored;
	bool ok;

	problems_init(&ignored);
	*out = (struct site){ 0 };
	ok = decode_site(a, &z, policy, out, &ignored);
	out->retained = ok;
	problems_fini(&ignored);
	return ok;
}

bool retain_snippet(struct arena *a, const struct snippet *good, const struct policy *policy,
		    struct snippet *out)
{
	struct znode z = znode_copy(a, &good->source);
	struct problems ignored;
	bool ok;

	problems_init(&ignored);
	*out = (struct snippet){ 0 };
	ok = decode_text(a, &z, good->kind, policy, out, &ignored);
	out->retained = ok;
	problems_fini(&ignored);
	return ok;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void retain_upstreams(struct model *next, const struct model *good,
			     const struct policy *policy)
{
	const struct upstream **all = arena_array(next->arena, const struct upstream *,
						  next->upstream_count + good->upstream_count);
	size_t count = next->upstream_count;

	if (count)
		memcpy(all, next->upstreams, count * sizeof(const struct upstream *));
	for (size_t i = 0; i < good->upstream_count; i++) {
		struct upstream *kept = arena_new_of(next->arena, struct upstream);

		if (!model_upstream(next, good->upstreams[i]->name) &&
		    retain_upstream(next->arena, good->upstreams[i], policy, kept))
			all[count++] = kept;
	}
	model_set_upstreams(next, all, count);
}

static void retain_sites(struct model *next, const struct model *good, const struct policy *policy)
{
	struct site *all =
		arena_array(next->arena, struct site, next->site_count + good->site_count);
	size_t count = next->site_count;

	if (count)
		memcpy(all, next->sites, count * sizeof(*all));
	for (size_t i = 0; i < good->site_count; i++) {
		if (!model_site(next, good->sites[i].name))
			count += retain_site(next->arena, &good->sites[i], policy, &all[count]);
	}
	qsort(all, count, sizeof(*all), by_name);
	next->sites = all;
	next->site_count = count;
}

static void retain_snippets(struct model *next, const struct model *good,
			    const struct policy *policy)
{
	struct snippet *all =
		arena_array(next->arena, struct snippet, next->snippet_count + good->snippet_count);
	size_t count = next->snippet_count;

	if (count)
		memcpy(all, next->snippets, count * sizeof(*all));
	for (size_t i = 0; i < good->snippet_count; i++) {
		const struct snippet *s = &good->snippets[i];

		if (!model_text(next, s->kind, s->name))
			count += retain_snippet(next->arena, s, policy, &all[count]);
	}
	qsort(all, count, sizeof(*all), snippet_compare);
	next->snippets = all;
	next->snippet_count = count;
}

void retain_missing(struct model *next, const struct model *good, const struct policy *policy)
{
	retain_upstreams(next, good, policy);
	retain_sites(next, good, policy);
	retain_snippets(next, good, policy);
}
