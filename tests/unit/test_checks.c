/* checks: which servers are checked, when, and what follows from the results. */
#include <stdlib.h>

#include <zknginx/bundle.h>

#include "compose_fixture.h"
#include "core/check/check_targets.h"
#include "core/check/http_answer.h"
#include "core/render/render.h"

/* --- a world ---------------------------------------------------------------------------------- */

struct checked {
	struct world *w;
	struct checks *c;
	uint64_t now;
	size_t gone;
};

static int open_checked(void **state)
{
	struct checked *t;
	void *world;

	setup(&world);
	t = test_calloc(1, sizeof(*t));
	t->w = world;
	t->c = checks_new(7);
	t->now = START;
	*state = t;
	return 0;
}

static int close_checked(void **state)
{
	struct checked *t = *state;
	void *world = t->w;

	checks_free(t->c);
	teardown(&world);
	test_free(t);
	return 0;
}

static void on_gone(void *ctx, struct check_target *target UNUSED)
{
	struct checked *t = ctx;

	t->gone++;
}

/* nginx runs an upstream "u" with this check, and servers 10.0.0.1 to 10.0.0.N. */
static bool run(struct checked *t, const char *check, unsigned servers)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	buf_printf(&text, ROOT "/upstreams/u\n\t{\"check\":%s}\n", check);
	for (unsigned i = 1; i <= servers; i++)
		buf_printf(&text, ROOT "/upstreams/u/10.0.%u.%u:80\n", i >> 8, i & 255);
	see(t->w, buf_str(&text));
	assert_int_equal(t->w->problems.count, 0);
	apply(t->w);
	return checks_follow(t->c, t->w->good, t->now, on_gone, t);
}

static struct check_group *group(const struct checked *t)
{
	size_t count;
	struct check_group *const *groups = checks_groups(t->c, &count);

	assert_int_equal(count, 1);
	return groups[0];
}

static struct check_target *target(const struct checked *t, const char *address)
{
	struct check_group *g = group(t);

	for (size_t i = 0; i < g->count; i++) {
		if (strcmp(g->targets[i]->address, address) == 0)
			return g->targets[i];
	}
	fail_msg("%s is not checked", address);
	return NULL;
}

static const struct check_result good = { true, CHECK_STATUS, 200 };
static const struct check_result bad = { false, CHECK_STATUS, 500 };

/* One check of this server. */
static bool check(struct checked *t, const char *address, bool is_good)
{
	struct check_target *x = target(t, address);

	t->now = x->due > t->now ? x->due : t->now;
	checks_begin(t->c, x, t->now);
	return checks_end(t->c, x, is_good ? &good : &bad, t->now + 1000);
}

/* --- decode ----------------------------------------------------------------------------------- */

static const struct check_rule *rule_of(struct checked *t, const char *policy_text)
{
	CLEANUP(freep)
	char *text = xasprintf(ROOT "/upstreams/u\n\t%s\n" ROOT "/upstreams/u/10.0.0.1:80\n",
			       policy_text);

	see(t->w, text);
	return t->w->problems.count ? NULL : model_upstream(t->w->next, "u")->check;
}

static void a_check_has_defaults(void **state)
{
	struct checked *t = *state;
	const struct check_rule *r = rule_of(t, "{\"check\":{}}");

	assert_non_null(r);
	assert_false(r->tcp);
	assert_string_equal(r->path, "/");
	assert_null(r->host);
	assert_int_equal(r->range_count, 1);
	assert_int_equal(r->ranges[0].least, 200);
	assert_int_equal(r->ranges[0].most, 399);
	assert_int_equal(r->interval, 2 * SEC);
	assert_int_equal(r->timeout, SEC);
	assert_int_equal(r->fall, 3);
	assert_int_equal(r->rise, 2);
	assert_int_equal(r->port, UNSET);
	assert_int_equal(r->panic, 50);
	r = rule_of(t, "{\"protocol\":\"stream\",\"check\":{}}");
	assert_true(r && r->tcp);
	r = rule_of(t, "{\"check\":{\"interval\":\"500ms\"}}");
	assert_true(r && r->timeout == SEC / 2);
}

static void every_field_of_a_check_counts(void **state)
{
	const struct check_rule *r = rule_of(
		*state, "{\"check\":{\"type\":\"http\",\"path\":\"/health?x=1\",\"host\":"
			"\"shop.example.com\",\"status\":\"200-299,404\",\"interval\":\"1m\","
			"\"timeout\":\"250ms\",\"fall\":1,\"rise\":5,\"port\":8081,"
			"\"panic\":30},\"slow_start\":\"30s\"}");

	assert_non_null(r);
	assert_string_equal(r->path, "/health?x=1");
	assert_string_equal(r->host, "shop.example.com");
	assert_int_equal(r->range_count, 2);
	assert_int_equal(r->ranges[1].least, 404);
	assert_int_equal(r->ranges[1].most, 404);
	assert_int_equal(r->interval, 60 * SEC);
	assert_int_equal(r->timeout, SEC / 4);
	assert_true(r->fall == 1 && r->rise == 5 && r->port == 8081 && r->panic == 30);
}

static void what_a_check_cannot_be_is_a_problem(void **state)
{
	static const struct {
		const char *policy, *field;
	} cases[] = {
		{ "{\"check\":true}", "check" },
		{ "{\"check\":{\"type\":\"udp\"}}", "check.type" },
		{ "{\"check\":{\"path\":\"health\"}}", "check.path" },
		{ "{\"check\":{\"path\":\"/x HTTP/1.0\\\\r\\\\nX: y\"}}", "check.path" },
		{ "{\"check\":{\"host\":\"a b\"}}", "check.host" },
		{ "{\"check\":{\"host\":\"a\\\\r\\\\nX: y\"}}", "check.host" },
		{ "{\"check\":{\"status\":\"2xx\"}}", "check.status" },
		{ "{\"check\":{\"status\":\"399-200\"}}", "check.status" },
		{ "{\"check\":{\"status\":\"200,\"}}", "check.status" },
		{ "{\"check\":{\"status\":\"100-200\"}}", "check.status" },
		{ "{\"check\":{\"interval\":\"0s\"}}", "check.interval" },
		{ "{\"check\":{\"interval\":\"50ms\"}}", "check.interval" },
		{ "{\"check\":{\"interval\":\"2h\"}}", "check.interval" },
		{ "{\"check\":{\"timeout\":\"3s\"}}", "check.timeout" },
		{ "{\"check\":{\"fall\":0}}", "check.fall" },
		{ "{\"check\":{\"rise\":101}}", "check.rise" },
		{ "{\"check\":{\"port\":65536}}", "check.port" },
		{ "{\"check\":{\"panic\":101}}", "check.panic" },
		{ "{\"check\":{\"type\":\"tcp\",\"path\":\"/\"}}", "check.path" },
		{ "{\"protocol\":\"stream\",\"check\":{\"status\":\"200\"}}", "check.status" },
		{ "{\"check\":{\"every\":\"2s\"}}", "check.every" },
		{ "{\"slow_start\":\"soon\"}", "slow_start" },
	};
	struct checked *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_null(rule_of(t, cases[i].policy));
		if (strcmp(t->w->problems.items[0].field, cases[i].field) != 0)
			fail_msg("%s: %s", cases[i].policy, t->w->problems.items[0].field);
	}
}

/* --- states ----------------------------------------------------------------------------------- */

static void a_server_falls_and_rises(void **state)
{
	struct checked *t = *state;
	const struct check_target *x;

	run(t, "{\"fall\":3,\"rise\":2}", 4);
	x = target(t, "10.0.0.1:80");
	assert_int_equal(x->state, CHECK_UNKNOWN);
	assert_true(check(t, "10.0.0.1:80", true));
	assert_int_equal(x->state, CHECK_PASSING);
	assert_false(check(t, "10.0.0.1:80", false));
	assert_false(check(t, "10.0.0.1:80", false));
	assert_false(check(t, "10.0.0.1:80", true)); /* not in a row */
	assert_false(check(t, "10.0.0.1:80", false));
	assert_false(check(t, "10.0.0.1:80", false));
	assert_true(check(t, "10.0.0.1:80", false));
	assert_int_equal(x->state, CHECK_FAILING);
	assert_int_equal(x->since, t->now + 1000);
	assert_false(check(t, "10.0.0.1:80", true));
	assert_false(check(t, "10.0.0.1:80", false));
	assert_false(check(t, "10.0.0.1:80", true));
	assert_true(check(t, "10.0.0.1:80", true));
	assert_int_equal(x->state, CHECK_PASSING);
}

static void an_unknown_server_that_fails_falls_too(void **state)
{
	struct checked *t = *state;

	run(t, "{\"fall\":2}", 4);
	assert_false(check(t, "10.0.0.1:80", false));
	assert_true(check(t, "10.0.0.1:80", false));
}

/* What is rendered for nginx from these failures. */
static const char *lines(struct checked *t)
{
	static char out[512];
	const struct render_options options = { .log_directory = "/l", .cache_directory = "/c" };
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct check_failures f = checks_failures(t->c, a);
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	const char *at;

	failures_apply(t->w->good, &f);
	b = render(t->w->good, &options);
	*out = '\0';
	for (at = bundle_text(b, BUNDLE_HTTP)->data; (at = strstr(at, "server ")); at++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%.*s",
			 (int)strcspn(at, "\n"), at);
	return out;
}

static void fail_server(struct checked *t, const char *address)
{
	while (target(t, address)->state != CHECK_FAILING)
		check(t, address, false);
}

static void a_failing_server_is_rendered_down(void **state)
{
	struct checked *t = *state;

	run(t, "{}", 3);
	fail_server(t, "10.0.0.2:80");
	assert_string_equal(lines(t),
			    "server 10.0.0.1:80;server 10.0.0.2:80 down;server 10.0.0.3:80;");
	check(t, "10.0.0.2:80", true);
	check(t, "10.0.0.2:80", true);
	assert_string_equal(lines(t), "server 10.0.0.1:80;server 10.0.0.2:80;server 10.0.0.3:80;");
}

static void when_more_than_panic_fail_none_is_taken_out(void **state)
{
	struct checked *t = *state;

	run(t, "{\"panic\":50}", 4);
	fail_server(t, "10.0.0.1:80");
	fail_server(t, "10.0.0.2:80");
	assert_false(check_group_panics(group(t)));
	assert_non_null(strstr(lines(t), "10.0.0.1:80 down"));
	fail_server(t, "10.0.0.3:80");
	assert_true(check_group_panics(group(t)));
	assert_null(strstr(lines(t), "down"));
	check(t, "10.0.0.3:80", true);
	check(t, "10.0.0.3:80", true);
	assert_non_null(strstr(lines(t), "10.0.0.1:80 down"));
}

static void with_panic_100_all_may_be_taken_out(void **state)
{
	struct checked *t = *state;

	run(t, "{\"panic\":100}", 2);
	fail_server(t, "10.0.0.1:80");
	fail_server(t, "10.0.0.2:80");
	assert_false(check_group_panics(group(t)));
	assert_string_equal(lines(t), "server 10.0.0.1:80 down;server 10.0.0.2:80 down;");
}

/* The good servers were removed a moment ago, and those that are left fail. */
static void panic_counts_the_servers_that_are_rendered(void **state)
{
	struct checked *t = *state;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct check_failures f;

	run(t, "{}", 4);
	fail_server(t, "10.0.0.1:80");
	fail_server(t, "10.0.0.2:80");
	f = checks_failures(t->c, a);
	run(t, "{}", 2);
	failures_apply(t->w->good, &f);
	assert_false(t->w->good->upstreams[0]->servers[0].failing);
	assert_false(t->w->good->upstreams[0]->servers[1].failing);
}

/* --- following -------------------------------------------------------------------------------- */

static void servers_that_stay_keep_what_is_known(void **state)
{
	struct checked *t = *state;

	run(t, "{}", 3);
	fail_server(t, "10.0.0.1:80");
	assert_false(run(t, "{}", 2));
	assert_int_equal(t->gone, 1);
	assert_int_equal(group(t)->count, 2);
	assert_int_equal(target(t, "10.0.0.1:80")->state, CHECK_FAILING);
	run(t, "{}", 4);
	assert_int_equal(target(t, "10.0.0.4:80")->state, CHECK_UNKNOWN);
	assert_int_equal(target(t, "10.0.0.1:80")->state, CHECK_FAILING);
}

static void another_rule_ends_what_is_under_way(void **state)
{
	struct checked *t = *state;

	run(t, "{}", 2);
	checks_begin(t->c, target(t, "10.0.0.1:80"), t->now);
	run(t, "{\"path\":\"/other\"}", 2);
	assert_int_equal(t->gone, 2);
	assert_false(target(t, "10.0.0.1:80")->in_flight);
}

static void without_a_check_nothing_is_checked(void **state)
{
	struct checked *t = *state;

	run(t, "{}", 2);
	see(t->w, ROOT "/upstreams/u\n" ROOT "/upstreams/u/10.0.0.1:80\n");
	apply(t->w);
	checks_follow(t->c, t->w->good, t->now, on_gone, t);
	assert_int_equal(t->gone, 2);
	assert_null(checks_first(t->c));
}

static void a_server_that_an_operator_set_down_is_not_checked(void **state)
{
	struct checked *t = *state;

	see(t->w, ROOT "/upstreams/u\n\t{\"check\":{}}\n" ROOT
		       "/upstreams/u/10.0.0.1:80\n\tdown\n" ROOT "/upstreams/u/10.0.0.2:80\n");
	apply(t->w);
	checks_follow(t->c, t->w->good, t->now, on_gone, t);
	assert_int_equal(group(t)->count, 1);
}

/* A daemon before this one has found it failing: nginx does not use it now. */
static void what_was_found_survives_a_restart_of_the_daemon(void **state)
{
	static const char live[] = "upstream v {\n    server 10.0.0.1:80 down;\n}\n"
				   "upstream u {\n    server 10.0.0.1:80;\n"
				   "    server 10.0.0.2:80 weight=3 down;\n}\n"
				   "    server 10.0.0.3:80 down;\n";
	struct checked *t = *state;

	run(t, "{}", 3);
	failures_adopt(t->w->good, live, sizeof(live) - 1);
	checks_free(t->c);
	t->c = checks_new(1);
	checks_follow(t->c, t->w->good, t->now, on_gone, t);
	assert_int_equal(target(t, "10.0.0.1:80")->state, CHECK_UNKNOWN);
	assert_int_equal(target(t, "10.0.0.2:80")->state, CHECK_FAILING);
	assert_int_equal(target(t, "10.0.0.3:80")->state, CHECK_UNKNOWN);
}

/* --- time ------------------------------------------------------------------------------------- */

static void checks_are_spread_over_the_interval(void **state)
{
	struct checked *t = *state;
	unsigned buckets[20] = { 0 };

	run(t, "{\"interval\":\"2s\"}", 2000);
	for (size_t i = 0; i < 2000; i++) {
		uint64_t at = group(t)->targets[i]->next.at - t->now;

		assert_true(at < 2 * SEC);
		buckets[at / (SEC / 10)]++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++)
		assert_in_range(buckets[i], 50, 150);
}

/* Random results, delays, stalls of the loop, changes of the servers: each server is checked once
 * an interval and never twice at a time, and its state is what its last results say. */
static void random_worlds_keep_the_rules(void **state)
{
	struct checked *t = *state;
	long streak[64][2] = { 0 };
	unsigned done = 0;

	srandom(11);
	run(t, "{\"fall\":3,\"rise\":2,\"interval\":\"1s\",\"timeout\":\"500ms\"}", 40);
	for (unsigned i = 0; i < 200000; i++) {
		struct check_target *x = checks_first(t->c);
		bool ok = random() % 10 < 6;
		enum check_state before;
		long *s;

		assert_non_null(x);
		if (random() % 5000 == 0)
			t->now += (uint64_t)random() % (3 * SEC);
		t->now = x->next.at > t->now ? x->next.at : t->now;
		if (!x->in_flight) {
			assert_true(x->due <= t->now);
			checks_begin(t->c, x, t->now);
			if (random() % 4 == 0)
				continue; /* until its deadline */
		} else {
			ok = false;
		}
		s = streak[strtoul(x->address + strlen("10.0.0."), NULL, 10)];
		s[ok]++;
		s[!ok] = 0;
		done++;
		assert_true(x->next.at <= t->now || x->next.at == t->now + SEC / 2);
		before = x->state;
		checks_end(t->c, x, ok ? &good : &bad, t->now);
		assert_true(x->due > t->now && x->due <= t->now + SEC);
		assert_int_equal(x->state, s[0] >= 3 ? CHECK_FAILING
					   : s[1] >= (before == CHECK_FAILING ? 2 : 1)
						   ? CHECK_PASSING
						   : before);
	}
	assert_true(done > 100000);
}

static void a_schedule_gives_the_first_one(void **state UNUSED)
{
	struct scheduled items[300] = { 0 };
	struct schedule s = { 0 };

	srandom(3);
	for (unsigned round = 0; round < 20000; round++) {
		struct scheduled *x = &items[random() % 300], *first;

		if (random() % 4 == 0)
			schedule_remove(&s, x);
		else
			schedule_set(&s, x, (uint64_t)random() % 1000);
		first = schedule_first(&s);
		for (size_t i = 0; i < 300; i++)
			assert_true(!items[i].place || items[i].at >= first->at);
	}
	schedule_fini(&s);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void an_answer_is_read(void **state UNUSED)
{
	static const struct {
		const char *text;
		enum http_answer_state state;
		int status;
		bool keeps;
	} cases[] = {
		{ "", HTTP_ANSWER_PARTIAL, 0, false },
		{ "HTTP/1.1 2", HTTP_ANSWER_PARTIAL, 0, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", HTTP_ANSWER_PARTIAL, 0, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", HTTP_ANSWER_HEAD, 200, true },
		{ "HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok", HTTP_ANSWER_HEAD, 200, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!", HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		  HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		  HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
		  HTTP_ANSWER_HEAD, 200, true },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  HTTP_ANSWER_HEAD, 200, false },
		{ "HTTP/1.1 204 No Content\r\n\r\n", HTTP_ANSWER_HEAD, 204, true },
		{ "HTTP/1.1 503\r\n\r\n", HTTP_ANSWER_HEAD, 503, false },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		  HTTP_ANSWER_HEAD, 200, true },
		{ "HTTP/1.1 100 Continue\r\n\r\n", HTTP_ANSWER_PARTIAL, 0, false },
		{ "HTTP/2 200 OK\r\n\r\n", HTTP_ANSWER_WRONG, 0, false },
		{ "HTTP/1.1 20x OK\r\n\r\n", HTTP_ANSWER_WRONG, 0, false },
		{ "SSH-2.0-OpenSSH_9.2\r\n", HTTP_ANSWER_WRONG, 0, false },
		{ "SSH", HTTP_ANSWER_WRONG, 0, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct http_answer a = { 0 };

		if (http_answer_read(cases[i].text, strlen(cases[i].text), &a) != cases[i].state ||
		    a.status != cases[i].status || a.keeps != cases[i].keeps)
			fail_msg("%s", cases[i].text);
	}
}

#define CHECK_TEST(f) cmocka_unit_test_setup_teardown(f, open_checked, close_checked)

/* A copy of an upstream with other marks is not the decoded one; neither is what comes after it. */
static void an_upstream_that_stays_as_decoded_is_walked_once(void **state)
{
	struct checked *t = *state;
	struct server servers[3];
	struct upstream u;
	const struct upstream *list[] = { &u };
	struct model marked;

	run(t, "{}", 3);
	marked = *t->w->good;
	u = *marked.upstreams[0];
	assert_non_null(u.decoded);
	memcpy(servers, u.servers, sizeof(servers));
	servers[1].drained = true;
	u.servers = servers;
	u.decoded = NULL;
	marked.upstreams = list;
	checks_follow(t->c, t->w->good, t->now, on_gone, t);
	assert_true(target(t, "10.0.0.2:80")->counts);
	checks_follow(t->c, &marked, t->now, on_gone, t);
	assert_false(target(t, "10.0.0.2:80")->counts);
	checks_follow(t->c, t->w->good, t->now, on_gone, t);
	assert_true(target(t, "10.0.0.2:80")->counts);
	assert_int_equal(group(t)->count, 3);
	assert_int_equal(t->gone, 0);
	run(t, "{\"interval\":\"7s\"}", 2);
	assert_int_equal(group(t)->count, 2);
	assert_int_equal(group(t)->rule.interval, 7 * USEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(a_check_has_defaults),
		CHECK_TEST(every_field_of_a_check_counts),
		CHECK_TEST(what_a_check_cannot_be_is_a_problem),
		CHECK_TEST(a_server_falls_and_rises),
		CHECK_TEST(an_unknown_server_that_fails_falls_too),
		CHECK_TEST(a_failing_server_is_rendered_down),
		CHECK_TEST(when_more_than_panic_fail_none_is_taken_out),
		CHECK_TEST(with_panic_100_all_may_be_taken_out),
		CHECK_TEST(panic_counts_the_servers_that_are_rendered),
		CHECK_TEST(servers_that_stay_keep_what_is_known),
		CHECK_TEST(another_rule_ends_what_is_under_way),
		CHECK_TEST(an_upstream_that_stays_as_decoded_is_walked_once),
		CHECK_TEST(without_a_check_nothing_is_checked),
		CHECK_TEST(a_server_that_an_operator_set_down_is_not_checked),
		CHECK_TEST(what_was_found_survives_a_restart_of_the_daemon),
		CHECK_TEST(checks_are_spread_over_the_interval),
		CHECK_TEST(random_worlds_keep_the_rules),
		cmocka_unit_test(a_schedule_gives_the_first_one),
		cmocka_unit_test(an_answer_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
