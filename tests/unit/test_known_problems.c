/* The problems of the last run: what is logged, since when each is one, and what they make of the
 * host's state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/err.h>

#include "core/status/known_problems.h"
#include "core/status/state.h"

static struct buf events;

static void on_raised(const struct problem *p)
{
	buf_printf(&events, "+%s ", p->message);
}

static void on_resolved(const struct problem *p)
{
	buf_printf(&events, "-%s ", p->message);
}

static const struct known_ops ops = { on_raised, on_resolved };

struct run {
	struct known_problems known;
	struct problems found;
	uint64_t now;
};

static int set_up(void **state)
{
	struct run *r = xcalloc(1, sizeof(*r));

	known_problems_init(&r->known);
	problems_init(&r->found);
	r->now = USEC_PER_SEC;
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct run *r = *state;

	known_problems_fini(&r->known);
	problems_fini(&r->found);
	buf_fini(&events);
	events = (struct buf)BUF_INIT;
	free(r);
	return 0;
}

static struct problem *add(struct run *r, const char *znode, const char *message)
{
	return problems_add(&r->found, znode, PROBLEM_FIELD, NULL, "%s", message);
}

static struct known_times times_of(struct run *r)
{
	r->now += USEC_PER_SEC;
	return (struct known_times){ .wall = 1000 * USEC_PER_SEC + r->now, .monotonic = r->now };
}

/* A run that found what was added; the events of it. */
static void assert_run(struct run *r, const char *expected)
{
	struct known_times now = times_of(r);

	buf_fini(&events);
	events = (struct buf)BUF_INIT;
	problems_sort(&r->found);
	known_problems_update(&r->known, &r->found, &now, &ops);
	assert_string_equal(buf_str(&events), expected);
	problems_fini(&r->found);
	problems_init(&r->found);
}

static void a_run_that_finds_the_same_says_nothing_and_keeps_the_time(void **state)
{
	struct run *r = *state;
	uint64_t since, found;

	add(r, "/a", "one");
	add(r, "/b", "two");
	assert_run(r, "+one +two ");
	since = r->known.items[1].since;
	found = r->known.items[1].found;
	for (int i = 0; i < 5; i++) {
		add(r, "/b", "two");
		add(r, "/a", "one")->line = 7; /* it moved, and is the same problem */
		assert_run(r, "");
		assert_int_equal(r->known.items[1].since, since);
		assert_int_equal(r->known.items[1].found, found);
		assert_int_equal(r->known.last_run, r->now);
	}
	assert_int_equal(r->known.items[0].problem.line, 7);
}

static void each_change_is_said_once(void **state)
{
	struct run *r = *state;

	add(r, "/a", "one");
	add(r, "/c", "three");
	assert_run(r, "+one +three ");
	add(r, "/b", "two");
	add(r, "/c", "three");
	assert_run(r, "-one +two ");
	assert_run(r, "-two -three ");
	assert_int_equal(r->known.count, 0);
}

static void another_problem_of_a_znode_has_its_own_time_and_the_znodes_age(void **state)
{
	struct run *r = *state;
	uint64_t since, found;

	add(r, "/a", "one");
	assert_run(r, "+one ");
	since = r->known.items[0].since;
	found = r->known.items[0].found;
	add(r, "/a", "other");
	assert_run(r, "-one +other ");
	assert_true(r->known.items[0].since > since);
	assert_int_equal(r->known.items[0].found, found);
}

static void unreadable_paths_replace_each_other_and_nothing_else(void **state)
{
	struct run *r = *state;
	struct known_times now;
	uint64_t last_run;

	problems_add(&r->found, "/x", PROBLEM_ACCESS, NULL, "no access to x");
	add(r, "/a", "one")->serving = SERVING_PREVIOUS;
	r->found.items[1].line = 3;
	assert_run(r, "+one +no access to x ");
	last_run = r->known.last_run;
	now = times_of(r);
	problems_add(&r->found, "/y", PROBLEM_ACCESS, NULL, "no access to y");
	events.size = 0;
	known_problems_replace_unreadable(&r->known, &r->found, &now, &ops);
	assert_string_equal(buf_str(&events), "-no access to x +no access to y ");
	assert_int_equal(r->known.count, 2);
	assert_int_equal(r->known.items[0].problem.line, 3);
	assert_int_equal(r->known.items[0].problem.serving, SERVING_PREVIOUS);
	assert_int_equal(r->known.last_run, last_run); /* the config was not looked at */
}

static struct settling settling_at(const struct run *r, uint64_t now)
{
	return (struct settling){ .gap = USEC_PER_SEC,
				  .patience = 30 * USEC_PER_SEC,
				  .last_run = r->known.last_run,
				  .now = now };
}

static void a_problem_settles_after_the_gap(void **state)
{
	struct run *r = *state;
	struct settling s;

	add(r, "/a", "one");
	assert_run(r, "+one ");
	s = settling_at(r, r->now);
	assert_int_equal(known_problems_settled(&r->known, &s), 0);
	assert_int_equal(known_problems_settle_at(&r->known, &s), r->now + USEC_PER_SEC);
	s = settling_at(r, r->now + USEC_PER_SEC);
	assert_int_equal(known_problems_settled(&r->known, &s), 1);
	assert_true(known_problems_settle_at(&r->known, &s) == NEVER);
}

static void assert_condition(const struct conditions *c, size_t i, const char *key,
			     enum alert_severity severity, uint64_t after, const char *message)
{
	assert_true(i < c->count);
	assert_string_equal(c->items[i].key, key);
	assert_int_equal(c->items[i].severity, severity);
	assert_true(c->items[i].after == after);
	assert_string_equal(c->items[i].message, message);
}

static void problems_make_conditions(void **state)
{
	struct run *r = *state;
	struct conditions c = { 0 };
	struct problem *held;
	struct settling s;

	held = problems_add(&r->found, "/h", PROBLEM_GUARD, NULL, "lost");
	held->serving = SERVING_PREVIOUS;
	add(r, "/a", "one");
	add(r, "/b", "two");
	assert_run(r, "+one +two +lost ");
	assert_true(known_problems_are_held(&r->known));
	s = settling_at(r, r->now);
	known_problems_conditions(&r->known, &s, &c);
	assert_int_equal(c.count, 2);
	assert_condition(
		&c, 0, "config-held", ALERT_CRITICAL, NEVER,
		"the guard holds 1 loss or change, and nginx keeps serving what was there: /h");
	s = settling_at(r, r->now + USEC_PER_SEC);
	conditions_clear(&c);
	known_problems_conditions(&r->known, &s, &c);
	assert_condition(&c, 1, "config-problems", ALERT_WARNING, 0,
			 "2 problems in znodes; the first: /a: one");
	conditions_clear(&c);
	assert_run(r, "-one -two -lost ");
	assert_false(known_problems_are_held(&r->known));
	known_problems_conditions(&r->known, &s, &c);
	assert_int_equal(c.count, 0);
}

/* --- a problem for a person ------------------------------------------------------------------ */

static void a_problem_says_its_place_once(void **state UNUSED)
{
	struct problem p = { .znode = "/a", .message = "is wrong", .field = "" };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	problem_print(&p, &text);
	assert_string_equal(buf_str(&text), "is wrong");
	text.size = 0;
	p.line = 3;
	problem_print(&p, &text);
	assert_string_equal(buf_str(&text), "line 3: is wrong");
	text.size = 0;
	p.field = "listen";
	problem_print(&p, &text);
	assert_string_equal(buf_str(&text), "line 3: listen: is wrong");
}

/* --- the state ------------------------------------------------------------------------------- */

static void the_state_is_the_first_that_applies(void **state UNUSED)
{
	struct status_facts f = { .problems = 1 };

	assert_int_equal(status_choose(&f), STATUS_DISCONNECTED);
	f.connected = true;
	assert_int_equal(status_choose(&f), STATUS_WAITING);
	f.has_tree = f.busy = f.rejected = f.held = f.pending = true;
	assert_int_equal(status_choose(&f), STATUS_DEPLOYING);
	f.busy = false;
	assert_int_equal(status_choose(&f), STATUS_REJECTED);
	f.rejected = false;
	assert_int_equal(status_choose(&f), STATUS_WAITING);
	f.running = f.excluded = true;
	assert_int_equal(status_choose(&f), STATUS_WAITING);
	f.excluded = false;
	assert_int_equal(status_choose(&f), STATUS_HELD);
	f.held = false;
	assert_int_equal(status_choose(&f), STATUS_DEPLOYING);
	f.pending = false;
	assert_int_equal(status_choose(&f), STATUS_DEGRADED);
	f.problems = 0;
	f.partial = true;
	assert_int_equal(status_choose(&f), STATUS_DEGRADED);
	f.partial = false;
	assert_int_equal(status_choose(&f), STATUS_APPLIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_that_finds_the_same_says_nothing_and_keeps_the_time),
		TEST(each_change_is_said_once),
		TEST(another_problem_of_a_znode_has_its_own_time_and_the_znodes_age),
		TEST(unreadable_paths_replace_each_other_and_nothing_else),
		TEST(a_problem_settles_after_the_gap),
		TEST(problems_make_conditions),
		cmocka_unit_test(a_problem_says_its_place_once),
		cmocka_unit_test(the_state_is_the_first_that_applies),
	};

	return cmocka_run_group_tests_name("known_problems", tests, NULL, NULL);
}
