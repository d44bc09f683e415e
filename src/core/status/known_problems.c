/* The problems of the last run, with the time at which each began. */
#include <string.h>

#include "known_problems.h"

void known_problems_init(struct known_problems *k)
{
	*k = (struct known_problems){ .arena = arena_new() };
}

void known_problems_fini(struct known_problems *k)
{
	arena_free(k->arena);
	*k = (struct known_problems){ 0 };
}

/*
 * A znode that goes from one problem to another had one all the time. Both lists are sorted by
 * znode; *at is kept from call to call.
 */
static uint64_t found_at(const struct known_problems *k, const char *znode, size_t *at,
			 uint64_t now)
{
	int order = 1;

	while (*at < k->count && (order = strcmp(k->items[*at].problem.znode, znode)) < 0)
		++*at;
	return *at < k->count && order == 0 ? k->items[*at].found : now;
}

/* The old problems that sort before `p` are over. True: `p` itself is an old one, at *at. */
static bool resolve_before(const struct known_problems *k, const struct problem *p, size_t *at,
			   const struct known_ops *ops)
{
	int order = 1;

	while (*at < k->count && (order = problem_compare(&k->items[*at].problem, p)) < 0)
		ops->on_resolved(&k->items[(*at)++].problem);
	return *at < k->count && order == 0;
}

static void take_over(struct known_problems *k, const struct problems *found,
		      const struct known_times *now, const struct known_ops *ops)
{
	struct arena *arena = arena_new();
	struct status_problem *list = arena_array(arena, struct status_problem, found->count);
	size_t old = 0, same = 0;

	for (size_t i = 0; i < found->count; i++) {
		struct problem p = problem_copy(arena, &found->items[i]);
		uint64_t since = now->wall;

		if (resolve_before(k, &p, &old, ops))
			since = k->items[old++].since;
		else
			ops->on_raised(&p);
		list[i] = (struct status_problem){ p, since,
						   found_at(k, p.znode, &same, now->monotonic) };
	}
	while (old < k->count)
		ops->on_resolved(&k->items[old++].problem);
	arena_free(k->arena);
	k->arena = arena;
	k->items = list;
	k->count = found->count;
}

void known_problems_update(struct known_problems *k, const struct problems *found,
			   const struct known_times *now, const struct known_ops *ops)
{
	k->last_run = now->monotonic;
	take_over(k, found, now, ops);
}

void known_problems_replace_unreadable(struct known_problems *k, const struct problems *unreadable,
				       const struct known_times *now, const struct known_ops *ops)
{
	struct problems all;

	problems_init(&all);
	for (size_t i = 0; i < unreadable->count; i++)
		problems_append(&all, &unreadable->items[i]);
	for (size_t i = 0; i < k->count; i++) {
		if (k->items[i].problem.kind != PROBLEM_ACCESS)
			problems_append(&all, &k->items[i].problem);
	}
	problems_sort(&all);
	take_over(k, &all, now, ops);
	problems_fini(&all);
}

/* --- what they mean --------------------------------------------------------------------------- */

static bool is_held(const struct problem *p)
{
	return p->kind == PROBLEM_GUARD && p->serving == SERVING_PREVIOUS;
}

bool known_problems_are_held(const struct known_problems *k)
{
	for (size_t i = 0; i < k->count; i++) {
		if (is_held(&k->items[i].problem))
			return true;
	}
	return false;
}

size_t known_problems_settled(const struct known_problems *k, const struct settling *s)
{
	size_t n = 0;

	for (size_t i = 0; i < k->count; i++)
		n += settling_is_over(s, k->items[i].found);
	return n;
}

uint64_t known_problems_settle_at(const struct known_problems *k, const struct settling *s)
{
	uint64_t due = NEVER;

	for (size_t i = 0; i < k->count; i++) {
		uint64_t at = settling_ends(s, k->items[i].found);

		if (at > s->now && at < due)
			due = at;
	}
	return due;
}

/* Those that are held, or those that are not: how many, and the first of them. */
struct tally {
	size_t count;
	const struct problem *first;
	uint64_t after; /* of the condition: NEVER while none has settled */
};

static struct tally count(const struct known_problems *k, const struct settling *s, bool held)
{
	struct tally t = { .after = NEVER };

	for (size_t i = 0; i < k->count; i++) {
		const struct problem *p = &k->items[i].problem;

		if (is_held(p) != held)
			continue;
		if (t.count++ == 0)
			t.first = p;
		if (settling_is_over(s, k->items[i].found))
			t.after = 0;
	}
	return t;
}

void known_problems_conditions(const struct known_problems *k, const struct settling *s,
			       struct conditions *out)
{
	struct tally held = count(k, s, true), wrong = count(k, s, false);

	if (held.count == 1)
		conditions_add(out, "config-held", "", ALERT_CRITICAL, held.after,
			       "the guard holds 1 loss or change, and nginx keeps serving what was "
			       "there: %s",
			       held.first->znode);
	else if (held.count)
		conditions_add(out, "config-held", "", ALERT_CRITICAL, held.after,
			       "the guard holds %zu losses or changes, and nginx keeps serving "
			       "what was there; the first: %s",
			       held.count, held.first->znode);
	if (wrong.count) {
		CLEANUP(buf_fini) struct buf first = BUF_INIT;

		problem_print(wrong.first, &first);
		conditions_add(out, "config-problems", "", ALERT_WARNING, wrong.after,
			       "%zu problem%s in znodes%s: %s: %s", wrong.count,
			       PLURAL(wrong.count), wrong.count == 1 ? "" : "; the first",
			       wrong.first->znode, buf_str(&first));
	}
}
