/* ramp: which servers start slowly, and which weights nginx is given for them. */
#include <stdlib.h>

#include <zknginx/buf.h>

#include "compose_fixture.h"
#include "core/deploy/apply.h"
#include "core/deploy/ramp.h"

/* --- a world ---------------------------------------------------------------------------------- */

struct slow {
	struct world *w;
	struct ramps ramps;
	uint64_t now;
};

static int open_slow(void **state)
{
	struct slow *t;
	void *world;

	setup(&world);
	t = test_calloc(1, sizeof(*t));
	t->w = world;
	t->now = START;
	*state = t;
	return 0;
}

static int close_slow(void **state)
{
	struct slow *t = *state;
	void *world = t->w;

	ramps_fini(&t->ramps);
	teardown(&world);
	test_free(t);
	return 0;
}

static void take(struct slow *t, const struct model *after, bool begin)
{
	struct ramps next = ramps_next(&t->ramps, t->w->good, after, t->now, begin);

	ramps_fini(&t->ramps);
	t->ramps = next;
}

/* nginx gets an upstream "u" of this policy, and these servers: "1 2:weight=3 3:down". */
static void run(struct slow *t, const char *fields, const char *servers)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", servers);
	buf_printf(&text, ROOT "/upstreams/u\n\t%s\n", fields);
	for (char *s = strtok(copy, " "); s; s = strtok(NULL, " ")) {
		char *data = strchr(s, ':');

		if (data)
			*data++ = '\0';
		buf_printf(&text, ROOT "/upstreams/u/10.0.0.%s:80\n", s);
		if (data)
			buf_printf(&text, "\t%s\n", data);
	}
	see(t->w, buf_str(&text));
	assert_int_equal(t->w->problems.count, 0);
	take(t, t->w->next, true);
	apply(t->w);
}

#define SLOW "{\"slow_start\":\"20s\"}"

static void pass(struct slow *t, unsigned seconds)
{
	t->now += seconds * SEC;
	take(t, t->w->good, false);
}

/* The weights of all servers: "1=21 2=1", the primary ones first. */
static void expect(const struct slow *t, const char *wanted)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	struct weights w = ramps_weights(&t->ramps, t->w->good, t->now, a);
	struct apply_list l = { model_upstream(t->w->good, "u"), weights_find(&w, "u") };
	size_t count;
	const struct module_server *list = apply_servers(&l, a, &count);

	for (size_t i = 0; i < count; i++)
		buf_printf(&out, "%s%.*s=%u", i ? " " : "", (int)list[i].name.size - 10,
			   list[i].name.data + 7, list[i].weight);
	assert_string_equal(buf_str(&out), wanted);
}

/* --- which servers ---------------------------------------------------------------------------- */

static void a_new_server_starts_slowly_and_ends_with_its_weight(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2");
	expect(t, "1=1 2=1");
	run(t, SLOW, "1 2 3");
	expect(t, "1=21 2=21 3=1");
	pass(t, 1);
	expect(t, "1=21 2=21 3=2");
	pass(t, 9);
	expect(t, "1=21 2=21 3=11");
	pass(t, 9);
	expect(t, "1=21 2=21 3=20");
	pass(t, 1);
	expect(t, "1=1 2=1 3=1");
	assert_int_equal(t->ramps.count, 0);
}

static void without_slow_start_no_server_starts_slowly(void **state)
{
	struct slow *t = *state;

	run(t, "{}", "1");
	run(t, "{}", "1 2");
	expect(t, "1=1 2=1");
}

static void the_servers_of_a_new_upstream_have_their_weights_at_once(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2:weight=7");
	expect(t, "1=1 2=7");
}

static void servers_that_replace_all_others_have_their_weights_at_once(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2");
	run(t, SLOW, "3 4");
	expect(t, "3=1 4=1");
	run(t, SLOW, "3 4 5");
	run(t, SLOW, "5");
	expect(t, "5=1");
}

static void when_none_with_its_full_weight_is_left_all_ramps_end(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2");
	run(t, SLOW, "1 2 3");
	pass(t, 5);
	run(t, SLOW, "1:down 2:down 3");
	expect(t, "1=1 2=1 3=1");
	run(t, SLOW, "1 2:down 3");
	expect(t, "1=1 2=21 3=21");
}

static void the_servers_of_an_upstream_without_a_used_one_do_not_ramp(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1:down 2:down");
	run(t, SLOW, "1 2:down");
	expect(t, "1=1 2=1");
}

static void a_server_that_comes_back_starts_slowly(void **state)
{
	struct slow *t = *state;
	struct drain drain = { .upstream = "u", .server = "10.0.0.2:80" };

	run(t, SLOW, "1 2:down");
	run(t, SLOW, "1 2");
	expect(t, "1=21 2=1");
	pass(t, 30);
	t->w->drains = (struct drains){ &drain, 1, 0 };
	run(t, SLOW, "1 2");
	expect(t, "1=1 2=1");
	t->w->drains = (struct drains){ 0 };
	run(t, SLOW, "1 2");
	expect(t, "1=21 2=1");
}

static void a_server_that_passes_its_checks_again_starts_slowly(void **state)
{
	struct slow *t = *state;
	struct check_failure failure = { "u", "10.0.0.2:80" };
	const char *policy_text = "{\"slow_start\":\"20s\",\"check\":{}}";

	run(t, policy_text, "1 2");
	failures_apply(t->w->good, &(struct check_failures){ &failure, 1 });
	expect(t, "1=1 2=1");
	run(t, policy_text, "1 2");
	expect(t, "1=21 2=1");
	failures_apply(t->w->good, &(struct check_failures){ &failure, 1 });
	pass(t, 1);
	expect(t, "1=1 2=1");
	assert_int_equal(t->ramps.count, 0);
}

static void backup_servers_neither_ramp_nor_carry_one(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2:backup");
	run(t, SLOW, "1 2:backup 3:backup");
	expect(t, "1=1 2=1 3=1");
	run(t, SLOW, "1 2:backup 3:backup 4");
	expect(t, "1=21 4=1 2=1 3=1");
	run(t, SLOW, "1:down 2:backup 3:backup 4");
	expect(t, "1=1 4=1 2=1 3=1");
	run(t, SLOW, "1 2 3:backup 4");
	expect(t, "1=1 2=1 4=21 3=1");
}

/* --- what happens in a ramp ------------------------------------------------------------------- */

static void a_server_that_goes_ends_its_ramp_and_begins_another(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2");
	run(t, SLOW, "1 2 3");
	pass(t, 10);
	run(t, SLOW, "1 2");
	expect(t, "1=1 2=1");
	run(t, SLOW, "1 2 3");
	expect(t, "1=21 2=21 3=1");
}

static void a_ramp_goes_on_to_a_weight_that_is_changed(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2");
	run(t, SLOW, "1 2 3");
	pass(t, 10);
	run(t, SLOW, "1 2 3:weight=42");
	expect(t, "1=1 2=1 3=22");
	run(t, SLOW, "1:weight=2 2 3:weight=7");
	expect(t, "1=6 2=3 3=11");
}

static void a_ramp_goes_on_with_another_slow_start_and_ends_without(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1 2");
	run(t, SLOW, "1 2 3");
	pass(t, 5);
	expect(t, "1=21 2=21 3=6");
	run(t, "{\"slow_start\":\"10s\"}", "1 2 3");
	expect(t, "1=11 2=11 3=6");
	run(t, "{}", "1 2 3");
	expect(t, "1=1 2=1 3=1");
	run(t, SLOW, "1 2 3");
	expect(t, "1=1 2=1 3=1");
}

static void ramps_have_times_of_their_own(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1");
	run(t, SLOW, "1 2");
	pass(t, 10);
	run(t, SLOW, "1 2 3");
	expect(t, "1=21 2=11 3=1");
	pass(t, 10);
	expect(t, "1=21 2=21 3=11");
}

/* --- weights ---------------------------------------------------------------------------------- */

static void weights_are_scaled_no_more_than_the_steps_need(void **state)
{
	struct slow *t = *state;

	run(t, SLOW, "1:weight=100 2:weight=100");
	run(t, SLOW, "1:weight=100 2:weight=100 3:weight=100");
	expect(t, "1=100 2=100 3=4");
	pass(t, 10);
	expect(t, "1=100 2=100 3=52");
	run(t, SLOW, "1:weight=100 2:weight=100 3:weight=100 4:weight=4");
	expect(t, "1=600 2=600 3=314 4=1");
}

/* … and not at all where that were too many changes. */
static void weights_of_many_servers_are_not_scaled(void **state)
{
	static struct server servers[RAMP_SERVERS_MOST + 1];
	struct upstream u = { .name = "u", .slow_start_time = 20 * SEC, .zone_size = 1 << 20 };
	struct model m = { .upstreams = (const struct upstream *[]){ &u }, .upstream_count = 1 };
	struct ramp ramp = { "u", "0007", START };
	struct ramps ramps = { .items = &ramp, .count = 1 };
	struct slow *t = *state;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct weights w;

	for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
		servers[i] = (struct server){ .address = arena_printf(a, "%04zu", i),
					      .params.weight = 1 };
	u.servers = servers;
	u.server_count = RAMP_SERVERS_MOST;
	assert_null(ramp_why_not(&u));
	w = ramps_weights(&ramps, &m, t->now, a);
	assert_int_equal(w.items[0].scale, 21);
	u.server_count++;
	assert_non_null(strstr(ramp_why_not(&u), "more than 1,000 servers"));
	servers[7].params.weight = 10;
	assert_null(ramp_why_not(&u));
	w = ramps_weights(&ramps, &m, t->now + 10 * SEC, a);
	assert_int_equal(w.items[0].scale, 1);
	assert_int_equal(w.items[0].servers[0].weight, 5);
}

static void short_and_long_ramps_have_few_steps(void **state)
{
	struct slow *t = *state;

	run(t, "{\"slow_start\":\"2s\"}", "1");
	run(t, "{\"slow_start\":\"2s\"}", "1 2");
	expect(t, "1=3 2=1");
	assert_true(ramps_due(&t->ramps, t->w->good, t->now) == t->now + 1 * SEC);
	pass(t, 1);
	expect(t, "1=3 2=2");
	pass(t, 1);
	expect(t, "1=1 2=1");
	run(t, "{\"slow_start\":\"1h\"}", "1 2 3");
	expect(t, "1=21 2=21 3=1");
	assert_true(ramps_due(&t->ramps, t->w->good, t->now) == t->now + 180 * SEC);
	assert_int_equal(ramp_percent(3600 * SEC, 0), 4);
	assert_int_equal(ramp_percent(3600 * SEC, 1800 * SEC), 52);
	assert_int_equal(ramp_percent(3600 * SEC, 3600 * SEC), 100);
	assert_int_equal(ramp_percent(0, 0), 100);
}

static void each_step_is_due_when_the_weight_changes(void **state)
{
	struct slow *t = *state;
	unsigned steps = 0;

	run(t, "{\"slow_start\":\"50s\"}", "1");
	run(t, "{\"slow_start\":\"50s\"}", "1 2");
	while (t->ramps.count) {
		uint64_t due = ramps_due(&t->ramps, t->w->good, t->now);

		assert_true(due >= t->now + SEC);
		t->now = due;
		take(t, t->w->good, false);
		steps++;
	}
	assert_int_equal(steps, RAMP_STEPS_MOST);
	assert_true(t->now == START + 50 * SEC);
	assert_true(ramps_due(&t->ramps, t->w->good, t->now) == NEVER);
}

static void what_carries_no_ramp_says_why(void **state)
{
	static const struct {
		const char *policy, *why;
	} cases[] = {
		{ "{\"slow_start\":\"20s\",\"balance\":\"ip_hash\"}", "balancing methods" },
		{ "{\"slow_start\":\"20s\",\"balance\":\"hash $uri consistent\"}", "balancing" },
		{ "{\"slow_start\":\"20s\",\"balance\":\"random two least_conn\"}", "balancing" },
		{ "{\"slow_start\":\"20s\",\"sticky\":\"address\"}", "balancing methods" },
		{ "{\"slow_start\":\"20s\",\"zone\":\"off\"}", "it has no zone" },
		{ "{\"slow_start\":\"20s\",\"balance\":\"least_conn\"}", NULL },
		{ SLOW, NULL },
	};
	struct slow *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why;

		run(t, cases[i].policy, "1");
		run(t, cases[i].policy, "1 2");
		why = ramp_why_not(model_upstream(t->w->good, "u"));
		assert_int_equal(t->ramps.count, cases[i].why ? 0 : 1);
		if (cases[i].why)
			assert_non_null(strstr(why, cases[i].why));
		else
			assert_null(why);
	}
}

/* What the workers are given is the difference of the lists, with the weights of each side. */
static void a_step_is_a_change_of_the_servers_whose_weights_it_changes(void **state)
{
	struct slow *t = *state;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct weights none = { 0 }, first, second;
	struct apply change;

	run(t, SLOW, "1 2");
	run(t, SLOW, "1 2 3");
	first = ramps_weights(&t->ramps, t->w->good, t->now, a);
	second = ramps_weights(&t->ramps, t->w->good, t->now + 1 * SEC, a);
	apply_weights(t->w->good, &none, &first, a, &change);
	assert_int_equal(change.way, APPLY_SERVERS);
	assert_int_equal(change.upstreams[0].count, 2);
	apply_weights(t->w->good, &first, &second, a, &change);
	assert_int_equal(change.upstreams[0].count, 1);
	assert_int_equal(change.upstreams[0].ops[0].verb, MODULE_SET);
	assert_int_equal(change.upstreams[0].ops[0].server.weight, 2);
	apply_weights(t->w->good, &second, &second, a, &change);
	assert_int_equal(change.way, APPLY_NOTHING);
}

#define SLOW_TEST(f) cmocka_unit_test_setup_teardown(f, open_slow, close_slow)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLOW_TEST(a_new_server_starts_slowly_and_ends_with_its_weight),
		SLOW_TEST(without_slow_start_no_server_starts_slowly),
		SLOW_TEST(the_servers_of_a_new_upstream_have_their_weights_at_once),
		SLOW_TEST(servers_that_replace_all_others_have_their_weights_at_once),
		SLOW_TEST(when_none_with_its_full_weight_is_left_all_ramps_end),
		SLOW_TEST(the_servers_of_an_upstream_without_a_used_one_do_not_ramp),
		SLOW_TEST(a_server_that_comes_back_starts_slowly),
		SLOW_TEST(a_server_that_passes_its_checks_again_starts_slowly),
		SLOW_TEST(backup_servers_neither_ramp_nor_carry_one),
		SLOW_TEST(a_server_that_goes_ends_its_ramp_and_begins_another),
		SLOW_TEST(a_ramp_goes_on_to_a_weight_that_is_changed),
		SLOW_TEST(a_ramp_goes_on_with_another_slow_start_and_ends_without),
		SLOW_TEST(ramps_have_times_of_their_own),
		SLOW_TEST(weights_are_scaled_no_more_than_the_steps_need),
		SLOW_TEST(weights_of_many_servers_are_not_scaled),
		SLOW_TEST(short_and_long_ramps_have_few_steps),
		SLOW_TEST(each_step_is_due_when_the_weight_changes),
		SLOW_TEST(what_carries_no_ramp_says_why),
		SLOW_TEST(a_step_is_a_change_of_the_servers_whose_weights_it_changes),
	};

	return cmocka_run_group_tests_name("ramp", tests, NULL, NULL);
}
