/* Shared by the tests of compose and of its steps: a small model of a host. */
#ifndef TESTS_UNIT_COMPOSE_FIXTURE_H
#define TESTS_UNIT_COMPOSE_FIXTURE_H

#include "core/compose/compose.h"
#include "tree_fixture.h"

#define ROOT "/nginx/config"
#define SEC USEC_PER_SEC
#define START (1000 * SEC)

static UNUSED const struct policy policy = { .level = POLICY_SAFE,
					     .roots = (const char *const[]){ NULL } };

struct world {
	struct guard *guard; /* NULL: nothing is refused */
	struct guard_rules rules;
	const struct policy *policy; /* NULL: the one above */
	const struct names *names;
	struct tree *accepted; /* what nginx runs … */
	struct model *good;    /* … and its model */
	struct model *live;    /* what its workers were given since; NULL: nothing */
	struct model *next;    /* of the newest tree */
	struct problems problems;
	uint64_t due;
	uint64_t confirmed; /* when an operator confirmed the loss, or 0 */
	struct drains drains;
};

static UNUSED int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->accepted = parse("");
	w->good = model_new();
	problems_init(&w->problems);
	*state = w;
	return 0;
}

static UNUSED int setup_guarded(void **state)
{
	struct world *w;

	setup(state);
	w = *state;
	w->guard = guard_new();
	w->rules = (struct guard_rules){ .max_shrink = 50, .window = 10 * SEC, .hold = NEVER };
	return 0;
}

static UNUSED int teardown(void **state)
{
	struct world *w = *state;

	guard_free(w->guard);
	tree_unref(w->accepted);
	model_free(w->good);
	model_free(w->live);
	model_free(w->next);
	problems_fini(&w->problems);
	test_free(w);
	return 0;
}

static UNUSED uint64_t on_confirmed(void *ctx, const char *upstream UNUSED)
{
	return ((struct world *)ctx)->confirmed;
}

static UNUSED void see_at(struct world *w, const char *text, uint64_t now)
{
	CLEANUP(tree_unrefp) struct tree *t = parse(text);
	struct compose_input in = {
		.tree = t,
		.accepted = w->accepted,
		.good = w->good,
		.live = w->live,
		.root = ROOT,
		.policy = w->policy ? w->policy : &policy,
		.names = w->names,
		.guard = w->guard,
		.rules = &w->rules,
		.now = now,
		.confirmed = on_confirmed,
		.ctx = w,
		.drains = w->drains,
	};

	model_free(w->next);
	problems_fini(&w->problems);
	problems_init(&w->problems);
	w->next = compose(&in, &w->problems, &w->due);
}

static UNUSED void see(struct world *w, const char *text)
{
	see_at(w, text, START);
}

/* nginx accepted the newest tree. */
static UNUSED void apply(struct world *w)
{
	tree_unref(w->accepted);
	w->accepted = model_sources(w->next);
	model_free(w->good);
	w->good = TAKE(w->next);
	model_free(TAKE(w->live));
}

/* The workers of nginx have the servers of the newest tree, and its files do not. */
static UNUSED void give(struct world *w)
{
	model_free(w->live);
	w->live = TAKE(w->next);
}

static UNUSED void see_and_give(struct world *w, const char *text, uint64_t now)
{
	see_at(w, text, now);
	give(w);
}

static UNUSED void see_and_apply(struct world *w, const char *text, uint64_t now)
{
	see_at(w, text, now);
	apply(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TEST_GUARDED(f) cmocka_unit_test_setup_teardown(f, setup_guarded, teardown)

#endif
