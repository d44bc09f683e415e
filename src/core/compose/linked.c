/*
 * See linked.h. Of each model there is a list of its objects. An upstream that has not changed is
 * the same one in all models, so most comparisons are those of two addresses; a reference to it
 * keeps its address from being used again.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "clash.h"
#include "core/decode/decode_cache.h"
#include "linked.h"

struct side {
	/* Of upstreams, by index: a decoded one, with a reference; NULL: a model's own … */
	const struct upstream **pools;
	const struct znode **pool_sources; /* … and its znode; references */
	size_t pool_count;
	const struct znode **sources; /* of sites, then of texts; references */
	size_t site_count, text_count;
};

/* What else link looks at. */
struct rest {
	struct arena *arena;
	struct digest policy;
	bool is_live, sockets_are_free, host_may_define;
	const struct claims *host; /* NULL: not known */
	struct default_server *before, *after;
	size_t before_count, after_count;
};

struct linked {
	bool is_known;
	struct side next, good;
	struct rest rest;
	unsigned long repeats;
};

/* --- upstreams -------------------------------------------------------------------------------- */

static bool is_decoded(const struct upstream *u)
{
	return u->decoded && u == &u->decoded->upstream;
}

static void pool_release(const struct upstream *u, const struct znode *source)
{
	if (u)
		decoded_unref(u->decoded);
	if (source)
		znode_release(source);
}

static void pool_set(struct side *s, size_t i, const struct upstream *u)
{
	const struct upstream *old = s->pools[i];
	const struct znode *old_source = s->pool_sources[i];

	if (old == u)
		return;
	s->pools[i] = is_decoded(u) ? u : NULL;
	if (s->pools[i])
		decoded_ref(u->decoded);
	s->pool_sources[i] = znode_keep(&u->source);
	pool_release(old, old_source);
}

static bool is_source(const struct znode *kept, const struct znode *now)
{
	return now->path && znode_same(kept, now) && kept->czxid == now->czxid;
}

static bool is_pool(const struct side *s, size_t i, const struct upstream *u)
{
	return s->pools[i] == u || (!u->retained && is_source(s->pool_sources[i], &u->source));
}

/* --- a model ---------------------------------------------------------------------------------- */

static void side_fini(struct side *s)
{
	for (size_t i = 0; i < s->pool_count; i++)
		pool_release(s->pools[i], s->pool_sources[i]);
	for (size_t i = 0; i < s->site_count + s->text_count; i++)
		znode_release(s->sources[i]);
	free(s->pools);
	free(s->pool_sources);
	free(s->sources);
	*s = (struct side){ 0 };
}

static void keep_sources(struct side *s, const struct model *m)
{
	s->sources = xcalloc(m->site_count + m->snippet_count + 1, sizeof(*s->sources));
	for (; s->site_count < m->site_count; s->site_count++)
		s->sources[s->site_count] = znode_keep(&m->sites[s->site_count].source);
	for (; s->text_count < m->snippet_count; s->text_count++)
		s->sources[s->site_count + s->text_count] =
			znode_keep(&m->snippets[s->text_count].source);
}

static void side_set(struct side *s, const struct model *m)
{
	struct side old = *s;

	*s = (struct side){ 0 };
	if (old.pool_count == m->upstream_count) {
		s->pools = TAKE(old.pools);
		s->pool_sources = TAKE(old.pool_sources);
		s->pool_count = old.pool_count;
		old.pool_count = 0;
	} else {
		s->pools = xcalloc(m->upstream_count, sizeof(*s->pools));
		s->pool_sources = xcalloc(m->upstream_count, sizeof(*s->pool_sources));
		s->pool_count = m->upstream_count;
	}
	for (size_t i = 0; i < m->upstream_count; i++)
		pool_set(s, i, m->upstreams[i]);
	keep_sources(s, m);
	side_fini(&old);
}

static bool has_sources(const struct side *s, const struct model *m)
{
	for (size_t i = 0; i < m->site_count; i++) {
		const struct site *site = &m->sites[i];

		if (site->retained || !is_source(s->sources[i], &site->source))
			return false;
	}
	for (size_t i = 0; i < m->snippet_count; i++) {
		const struct snippet *text = &m->snippets[i];

		if (text->retained || !is_source(s->sources[s->site_count + i], &text->source))
			return false;
	}
	return true;
}

static bool side_is(const struct side *s, const struct model *m)
{
	if (s->pool_count != m->upstream_count || s->site_count != m->site_count ||
	    s->text_count != m->snippet_count)
		return false;
	for (size_t i = 0; i < s->pool_count; i++) {
		if (!is_pool(s, i, m->upstreams[i]))
			return false;
	}
	return has_sources(s, m);
}

/* So that the next comparison is one of addresses again. */
static void side_follow(struct side *s, const struct model *m)
{
	for (size_t i = 0; i < s->pool_count; i++) {
		if (s->pools[i] != m->upstreams[i])
			pool_set(s, i, m->upstreams[i]);
	}
}

/* --- the rest --------------------------------------------------------------------------------- */

static struct default_server *copy_defaults(struct arena *a, const struct default_server *from,
					    size_t count)
{
	struct default_server *copy = arena_array(a, struct default_server, count);

	for (size_t i = 0; i < count; i++)
		copy[i] = (struct default_server){ arena_strdup(a, from[i].address),
						   arena_strdup(a, from[i].znode) };
	return copy;
}

static bool same_defaults(const struct rest *r, const struct model *good)
{
	if (r->before_count != good->default_count)
		return false;
	for (size_t i = 0; i < r->before_count; i++) {
		if (strcmp(r->before[i].address, good->defaults[i].address) != 0 ||
		    strcmp(r->before[i].znode, good->defaults[i].znode) != 0)
			return false;
	}
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_claim(const struct claim *a, const struct claim *b)
{
	return a->kind == b->kind && a->protocol == b->protocol && a->listen == b->listen &&
	       strcmp(a->key, b->key) == 0 && same_text(a->shared, b->shared);
}

static bool same_host(const struct claims *kept, const struct host_claims *host)
{
	const struct claims *now = host ? host_claims_list(host) : NULL;

	if (!kept != !now || (now && now->count != kept->count))
		return false;
	for (size_t i = 0; now && i < now->count; i++) {
		if (!same_claim(&kept->items[i], &now->items[i]))
			return false;
	}
	return true;
}

static void rest_set(struct rest *r, const struct model *next, const struct link_input *in)
{
	const struct model *good = in->good;
	struct arena *a = arena_new();

	arena_free(r->arena);
	*r = (struct rest){
		.arena = a,
		.policy = policy_digest(in->policy),
		.is_live = in->is_live,
		.sockets_are_free = in->sockets_are_free,
		.host_may_define = in->host_may_define,
		.host = in->host ? claims_copy(a, host_claims_list(in->host)) : NULL,
		.before = copy_defaults(a, good->defaults, good->default_count),
		.before_count = good->default_count,
		.after = copy_defaults(a, next->defaults, next->default_count),
		.after_count = next->default_count,
	};
}

static bool rest_is(const struct rest *r, const struct link_input *in)
{
	struct digest policy = policy_digest(in->policy);

	return digest_equal(&r->policy, &policy) && r->is_live == in->is_live &&
	       r->sockets_are_free == in->sockets_are_free &&
	       r->host_may_define == in->host_may_define && same_host(r->host, in->host) &&
	       same_defaults(r, in->good);
}

/* --- the result ------------------------------------------------------------------------------- */

struct linked *linked_new(void)
{
	return xcalloc(1, sizeof(struct linked));
}

void linked_free(struct linked *k)
{
	if (!k)
		return;
	side_fini(&k->next);
	side_fini(&k->good);
	arena_free(k->rest.arena);
	free(k);
}

bool linked_repeat(struct linked *k, struct model *next, const struct link_input *in)
{
	if (!k || !k->is_known || !side_is(&k->next, next) || !side_is(&k->good, in->good) ||
	    !rest_is(&k->rest, in))
		return false;
	side_follow(&k->next, next);
	side_follow(&k->good, in->good);
	next->defaults = copy_defaults(next->arena, k->rest.after, k->rest.after_count);
	next->default_count = k->rest.after_count;
	clash_read_texts(next, in->good);
	k->repeats++;
	return true;
}

void linked_keep(struct linked *k, const struct model *next, const struct link_input *in)
{
	if (!k)
		return;
	side_set(&k->next, next);
	side_set(&k->good, in->good);
	rest_set(&k->rest, next, in);
	k->is_known = true;
}

void linked_drop(struct linked *k)
{
	if (k)
		k->is_known = false;
}

unsigned long linked_repeats(const struct linked *k)
{
	return k->repeats;
}
