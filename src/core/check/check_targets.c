/*
 * See check_targets.h. Both lists, the groups and the targets of each, are sorted like those of the
 * model, so following a model is one walk over both. An upstream that is as it was decoded, and was
 * so at the last walk, has the same servers.
 */
#include <stdlib.h>
#include <string.h>

#include "check_targets.h"
#include "core/data/traits.h"
#include "core/decode/decode_cache.h"
#include "core/text/address.h"

struct checks {
	uint64_t seed;
	struct schedule schedule;
	struct check_group **groups;
	size_t count;
};

const char *check_state_name(enum check_state s)
{
	static const char *const names[] = {
#define X(name, text) [CHECK_##name] = text,
		CHECK_STATES(X)
#undef X
	};

	return names[s];
}

struct checks *checks_new(uint64_t seed)
{
	struct checks *c = xcalloc(1, sizeof(*c));

	c->seed = seed;
	return c;
}

/* --- lifetimes -------------------------------------------------------------------------------- */

static void target_free(struct checks *c, struct check_target *t)
{
	schedule_remove(&c->schedule, &t->next);
	free(t->address);
	free(t);
}

static void rule_fini(struct check_rule *r)
{
	free((char *)r->path);
	free((char *)r->host);
}

static void group_free(struct checks *c, struct check_group *g)
{
	for (size_t i = 0; i < g->count; i++)
		target_free(c, g->targets[i]);
	free(g->targets);
	rule_fini(&g->rule);
	decoded_unref(g->decoded);
	free(g->upstream);
	free(g);
}

void checks_free(struct checks *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		group_free(c, c->groups[i]);
	free(c->groups);
	schedule_fini(&c->schedule);
	free(c);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_rule(const struct check_rule *a, const struct check_rule *b)
{
	if (a->tcp != b->tcp || !same_text(a->path, b->path) || !same_text(a->host, b->host) ||
	    a->range_count != b->range_count || a->interval != b->interval ||
	    a->timeout != b->timeout || a->fall != b->fall || a->rise != b->rise ||
	    a->port != b->port || a->panic != b->panic)
		return false;
	for (size_t i = 0; i < a->range_count; i++) {
		if (a->ranges[i].least != b->ranges[i].least ||
		    a->ranges[i].most != b->ranges[i].most)
			return false;
	}
	return true;
}

static void set_rule(struct check_group *g, const struct check_rule *rule)
{
	rule_fini(&g->rule);
	g->rule = *rule;
	g->rule.path = rule->path ? xstrdup(rule->path) : NULL;
	g->rule.host = rule->host ? xstrdup(rule->host) : NULL;
}

/* --- following a model ------------------------------------------------------------------------ */

struct walk {
	struct checks *c;
	uint64_t now;
	void (*on_gone)(void *ctx, struct check_target *t);
	void *ctx;
	bool lost_failing;
};

/* FNV-1a. */
static uint64_t hash(uint64_t h, const char *s)
{
	while (*s)
		h = (h ^ (unsigned char)*s++) * UINT64_C(0x100000001b3);
	return h;
}

/* The first check is at the target's own moment within the interval that begins now. */
static void schedule_anew(const struct walk *w, struct check_target *t)
{
	uint64_t h = hash(hash(w->c->seed ^ UINT64_C(0xcbf29ce484222325), t->group->upstream),
			  t->address);

	t->in_flight = false;
	t->due = w->now + (h ^ h >> 32) % t->group->rule.interval;
	schedule_set(&w->c->schedule, &t->next, t->due);
}

static struct check_target *target_new(const struct walk *w, struct check_group *g,
				       const struct server *s)
{
	struct check_target *t = xcalloc(1, sizeof(*t));

	t->group = g;
	t->address = xstrdup(s->address);
	t->state = s->failing ? CHECK_FAILING : CHECK_UNKNOWN;
	g->failing += s->failing;
	t->since = w->now;
	schedule_anew(w, t);
	return t;
}

static void drop_target(struct walk *w, struct check_target *t)
{
	w->lost_failing |= t->state == CHECK_FAILING;
	t->group->failing -= t->state == CHECK_FAILING;
	w->on_gone(w->ctx, t);
	target_free(w->c, t);
}

/* What is under way was asked in the old way, and a connection is to the old port. */
static void change_rule(struct walk *w, struct check_group *g, const struct upstream *u)
{
	for (size_t i = 0; i < g->count; i++)
		w->on_gone(w->ctx, g->targets[i]);
	set_rule(g, u->check);
	g->tls = u->tls;
	for (size_t i = 0; i < g->count; i++) {
		g->targets[i]->streak = 0;
		schedule_anew(w, g->targets[i]);
	}
}

static void follow_servers(struct walk *w, struct check_group *g, const struct upstream *u)
{
	struct check_target **next = xcalloc(u->server_count + 1, sizeof(struct check_target *));
	size_t count = 0, k = 0;

	for (size_t i = 0; i < u->server_count; i++) {
		const struct server *s = &u->servers[i];

		if (s->params.down || !address_is_numeric(s->address))
			continue;
		while (k < g->count && strcmp(g->targets[k]->address, s->address) < 0)
			drop_target(w, g->targets[k++]);
		if (k < g->count && strcmp(g->targets[k]->address, s->address) == 0)
			next[count] = g->targets[k++];
		else
			next[count] = target_new(w, g, s);
		next[count++]->counts = !s->drained;
	}
	while (k < g->count)
		drop_target(w, g->targets[k++]);
	free(g->targets);
	g->targets = next;
	g->count = count;
}

static void follow_upstream(struct walk *w, struct check_group *g, const struct upstream *u)
{
	if (u->decoded && u->decoded == g->decoded)
		return;
	if (!same_rule(&g->rule, u->check) || g->tls != u->tls)
		change_rule(w, g, u);
	follow_servers(w, g, u);
	decoded_unref(g->decoded);
	g->decoded = u->decoded ? decoded_ref(u->decoded) : NULL;
}

static struct check_group *group_new(const struct upstream *u)
{
	struct check_group *g = xcalloc(1, sizeof(*g));

	g->upstream = xstrdup(u->name);
	set_rule(g, u->check);
	g->tls = u->tls;
	return g;
}

static void drop_group(struct walk *w, struct check_group *g)
{
	for (size_t i = 0; i < g->count; i++)
		drop_target(w, g->targets[i]);
	g->count = 0;
	group_free(w->c, g);
}

bool checks_follow(struct checks *c, const struct model *m, uint64_t now,
		   void (*on_gone)(void *ctx, struct check_target *t), void *ctx)
{
	struct walk w = { c, now, on_gone, ctx, false };
	struct check_group **next = xcalloc(m->upstream_count + 1, sizeof(struct check_group *));
	size_t count = 0, k = 0;

	for (size_t i = 0; i < m->upstream_count; i++) {
		const struct upstream *u = m->upstreams[i];

		if (!model_may_have(m, i, TRAIT_CHECK) || !u->check)
			continue;
		while (k < c->count && strcmp(c->groups[k]->upstream, u->name) < 0)
			drop_group(&w, c->groups[k++]);
		if (k < c->count && strcmp(c->groups[k]->upstream, u->name) == 0)
			next[count] = c->groups[k++];
		else
			next[count] = group_new(u);
		follow_upstream(&w, next[count++], u);
	}
	while (k < c->count)
		drop_group(&w, c->groups[k++]);
	free(c->groups);
	c->groups = next;
	c->count = count;
	return w.lost_failing;
}

/* --- time and results ------------------------------------------------------------------------- */

struct check_target *checks_first(const struct checks *c)
{
	return (struct check_target *)schedule_first(&c->schedule);
}

void checks_begin(struct checks *c, struct check_target *t, uint64_t now)
{
	t->in_flight = true;
	schedule_set(&c->schedule, &t->next, now + t->group->rule.timeout);
}

void checks_postpone(struct checks *c, struct check_target *t, uint64_t until)
{
	t->in_flight = false;
	schedule_set(&c->schedule, &t->next, until);
}

static void schedule_next(struct checks *c, struct check_target *t, uint64_t now)
{
	uint64_t interval = t->group->rule.interval;

	t->in_flight = false;
	t->due += interval;
	if (t->due <= now)
		t->due = now + interval - (now - t->due) % interval;
	schedule_set(&c->schedule, &t->next, t->due);
}

/* How many results of this kind, in a row, change the state; 0: none do. */
static long needed(const struct check_target *t, bool good)
{
	static const enum {
		NONE,
		ONE,
		FALL,
		RISE
	} table[CHECK_STATE_N][2] = {
		[CHECK_UNKNOWN] = { FALL, ONE },
		[CHECK_PASSING] = { FALL, NONE },
		[CHECK_FAILING] = { NONE, RISE },
	};
	const long counts[] = { 0, 1, t->group->rule.fall, t->group->rule.rise };

	return counts[table[t->state][good]];
}

bool checks_end(struct checks *c, struct check_target *t, const struct check_result *r,
		uint64_t now)
{
	long most = needed(t, r->good);

	t->last = *r;
	schedule_next(c, t, now);
	t->streak = most ? t->streak + 1 : 0;
	if (!most || t->streak < most)
		return false;
	t->group->failing -= t->state == CHECK_FAILING;
	t->state = r->good ? CHECK_PASSING : CHECK_FAILING;
	t->group->failing += t->state == CHECK_FAILING;
	t->since = now;
	t->streak = 0;
	return true;
}

/* --- what is known ---------------------------------------------------------------------------- */

struct check_failures checks_failures(const struct checks *c, struct arena *a)
{
	struct check_failure *items;
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++)
		count += c->groups[i]->failing;
	items = arena_array(a, struct check_failure, count);
	count = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct check_group *g = c->groups[i];

		for (size_t j = 0; g->failing && j < g->count; j++) {
			if (g->targets[j]->state == CHECK_FAILING)
				items[count++] = (struct check_failure){
					arena_strdup(a, g->upstream),
					arena_strdup(a, g->targets[j]->address),
				};
		}
	}
	return (struct check_failures){ items, count };
}

struct check_group *const *checks_groups(const struct checks *c, size_t *count)
{
	*count = c->count;
	return c->groups;
}

size_t check_group_failing(const struct check_group *g, size_t *servers)
{
	size_t failing = 0;

	*servers = 0;
	for (size_t i = 0; i < g->count; i++) {
		*servers += g->targets[i]->counts;
		failing += g->targets[i]->counts && g->targets[i]->state == CHECK_FAILING;
	}
	return failing;
}

bool check_group_panics(const struct check_group *g)
{
	size_t servers, failing = check_group_failing(g, &servers);

	return check_panics(failing, servers, g->rule.panic);
}
