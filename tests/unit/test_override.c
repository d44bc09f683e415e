/* override: operators' overrides of the guards, parsed strictly. */
#include <stdio.h>

#include "core/fleet/override.h"
#include "core/fleet/override_content.h"
#include "core/text/utc.h"
#include "tree_fixture.h"

#define CLUSTER "/nginx/cluster"
#define CONFIG "/nginx/config"
#define S USEC_PER_SEC
#define NOON (UINT64_C(1795867200) * S) /* 2026-11-28T12:00:00Z */
#define UP (UINT64_C(5000) * S)         /* CLOCK_MONOTONIC at noon */

/* A tree with one override of upstream "shop", and that upstream. */
static struct tree *with(const char *data)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 CLUSTER "\n" CLUSTER "/overrides\n" CLUSTER
			 "/overrides/shop mzxid=7\n\t%s\\\n" CONFIG "\n" CONFIG "/upstreams/shop\n",
		 data);
	return parse(text);
}

static void problems_of(struct overrides *o, const struct tree *t, struct problems *ps)
{
	CLEANUP(model_freep) struct model *m = model_new();

	problems_init(ps);
	overrides_problems(o, t, CONFIG, m, ps);
}

/* The only problem of this override at noon, its field and message; "" = none. */
static const char *fault(const char *data)
{
	static char text[1024];
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	CLEANUP(tree_unrefp) struct tree *t = with(data);
	struct problems ps;

	overrides_read(o, t, CLUSTER, UP, NOON);
	problems_of(o, t, &ps);
	text[0] = '\0';
	if (ps.count) {
		assert_string_equal(ps.items[0].znode, CLUSTER "/overrides/shop");
		assert_int_equal(ps.items[0].kind, PROBLEM_OVERRIDE);
		assert_int_equal(overrides_confirmed(o, "shop"), 0);
		snprintf(text, sizeof(text), "%s: %s", ps.items[0].field, ps.items[0].message);
	}
	problems_fini(&ps);
	return text;
}

#define refused(data, words)                                                                       \
	do {                                                                                       \
		const char *fault_ = fault(data);                                                  \
		if (!*fault_ || !strstr(fault_, words))                                            \
			fail_msg("%s: \"%s\" does not say \"%s\"", data, fault_, words);           \
	} while (0)

static void a_time_is_one_of_rfc_3339_in_utc(void **state UNUSED)
{
	static const struct {
		const char *text;
		uint64_t time;
	} cases[] = {
		{ "1970-01-01T00:00:01Z", S },
		{ "2026-11-28T12:00:00Z", NOON },
		{ "2026-11-28t12:00:00z", NOON },
		{ "2026-11-28T12:00:00+00:00", NOON },
		{ "2026-11-28T12:00:00-00:00", NOON },
		{ "2026-11-28T12:00:00.25Z", NOON + S / 4 },
		{ "2026-11-28T12:00:00.1234567890123456789012Z", NOON + 123456 },
		{ "2026-12-31T23:59:60Z", NOON + UINT64_C(2894400) * S },
		{ "2024-02-29T00:00:00Z", UINT64_C(1709164800) * S },
		/* and these are no times */
		{ "", 0 },
		{ "now", 0 },
		{ "2026-11-28", 0 },
		{ "2026-11-28T12:00:00", 0 },
		{ "2026-11-28 12:00:00", 0 },
		{ "2026-11-28 12:00:00Z", 0 },
		{ "2026-11-28T12:00Z", 0 },
		{ "2026-11-28T12:00:00+01:00", 0 },
		{ "2026-11-28T12:00:00 Z", 0 },
		{ "2026-11-28T12:00:00Z ", 0 },
		{ " 2026-11-28T12:00:00Z", 0 },
		{ "2026-11-28T12:00:00.Z", 0 },
		{ "2026-11-28T12:00:00,5Z", 0 },
		{ "2026-11-28T24:00:00Z", 0 },
		{ "2026-11-28T12:60:00Z", 0 },
		{ "2026-11-28T12:00:60Z", 0 },
		{ "2026-13-28T12:00:00Z", 0 },
		{ "2026-00-28T12:00:00Z", 0 },
		{ "2026-11-31T12:00:00Z", 0 },
		{ "2026-02-29T12:00:00Z", 0 },
		{ "2026-11-00T12:00:00Z", 0 },
		{ "1969-12-31T23:59:59Z", 0 },
		{ "+2026-11-28T12:00:00Z", 0 },
		{ "2026-1-28T12:00:00Z", 0 },
		{ "20261128T120000Z", 0 },
		{ "1795867200", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (utc_parse(cases[i].text) != cases[i].time)
			fail_msg("%s: %llu, not %llu", cases[i].text,
				 (unsigned long long)utc_parse(cases[i].text),
				 (unsigned long long)cases[i].time);
	}
}

static void what_cannot_be_read_is_a_problem_with_a_reason(void **state UNUSED)
{
	assert_string_equal(fault("{\"confirm\":\"2026-11-28T11:59:00Z\"}"), "");
	assert_string_equal(fault("{\"confirm\":\"2001-01-01T00:00:00Z\"}"), "");
	refused("{\"confirm\":\"yes\"}", "found \"yes\"");
	refused("{\"confirm\":\"2026-11-27 22:00:00\"}", "confirm: expected a time in UTC");
	refused("{\"confirm\":\"2026-11-28T11:00:00+02:00\"}", "confirm: expected a time in UTC");
	refused("{\"confirm\":true}", "confirm: expected a string, found true");
	refused("{\"confirm\":1795867200}", "expected a string, found a number");
	refused("{\"confirm\":null}", "found null");
	refused("{\"confrm\":\"2026-11-28T11:59:00Z\"}", "confrm: is not a known field");
	refused("{\"confirm\":\"2026-11-28T11:59:00Z\",\"by\":\"alice\"}",
		"by: is not a known field");
	refused("{}", "has neither \"confirm\" nor \"drain\"");
	refused("", "");
	refused("2026-11-28T11:59:00Z", "");
	refused("\"2026-11-28 11:59:00\"", "expected a JSON object");
	refused("[]", "expected a JSON object");
	refused("{\"confirm\":\"2026-11-28T11:59:00Z\"", "");
	refused("{\"confirm\":\"2026-11-28T11:59:00Z\"} x", "");
	refused("{\"confirm\":\"2026-11-28T11:59:00Z\",\"confirm\":\"2026-11-28T11:59:00Z\"}",
		"duplicate");
}

static void a_time_far_ahead_releases_nothing(void **state UNUSED)
{
	refused("{\"confirm\":\"2099-01-01T00:00:00Z\"}", "ahead of this host's clock");
	refused("{\"confirm\":\"2026-11-28T12:01:01Z\"}", "ahead of this host's clock");
	refused("{\"confirm\":\"2026-11-28T13:00:00Z\"}", "ahead of this host's clock");
	assert_string_equal(fault("{\"confirm\":\"2026-11-28T12:01:00Z\"}"), "");
}

static void a_time_is_converted_to_the_monotonic_clock(void **state UNUSED)
{
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	CLEANUP(tree_unrefp) struct tree *t = with("{\"confirm\":\"2026-11-28T11:59:00Z\"}");
	CLEANUP(tree_unrefp) struct tree *ahead = with("{\"confirm\":\"2026-11-28T12:00:30Z\"}");
	CLEANUP(tree_unrefp) struct tree *old = with("{\"confirm\":\"2001-01-01T00:00:00Z\"}");
	CLEANUP(tree_unrefp) struct tree *none = parse(CONFIG "\n");

	assert_int_equal(overrides_confirmed(o, "shop"), 0);
	assert_true(overrides_read(o, t, CLUSTER, UP, NOON) == NEVER);
	assert_int_equal(overrides_confirmed(o, "shop"), UP - 60 * S);
	assert_int_equal(overrides_confirmed(o, "shops"), 0);
	overrides_read(o, ahead, CLUSTER, UP, NOON);
	assert_int_equal(overrides_confirmed(o, "shop"), UP + 30 * S);
	overrides_read(o, old, CLUSTER, UP, NOON);
	assert_int_equal(overrides_confirmed(o, "shop"), 0); /* before the host booted */
	overrides_read(o, t, CLUSTER, UP, NOON);
	overrides_read(o, none, CLUSTER, UP, NOON);
	assert_int_equal(overrides_confirmed(o, "shop"), 0);
}

/* An operator wrote local time, an hour ahead: an hour later it is no problem any more, but it must
 * not confirm what happened meanwhile. */
static void an_override_says_nothing_about_what_comes_after_it(void **state UNUSED)
{
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	CLEANUP(tree_unrefp) struct tree *t = with("{\"confirm\":\"2026-11-28T13:00:00Z\"}");
	uint64_t due = overrides_read(o, t, CLUSTER, UP, NOON);
	struct problems ps;

	assert_int_equal(overrides_confirmed(o, "shop"), 0);
	assert_int_equal(due, UP + 3540 * S);
	assert_true(overrides_read(o, t, CLUSTER, due, NOON + 3540 * S) == NEVER);
	problems_of(o, t, &ps);
	assert_int_equal(ps.count, 0);
	problems_fini(&ps);
	assert_int_equal(overrides_confirmed(o, "shop"), UP + OVERRIDE_AHEAD);
}

static void an_override_of_no_upstream_is_a_problem(void **state UNUSED)
{
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	CLEANUP(tree_unrefp)
	struct tree *t =
		parse(CLUSTER "/overrides/shop\n\t{\"confirm\":\"2026-11-28T11:59:00Z\"}\n" CONFIG
			      "\n" CONFIG "/upstreams/other\n");
	CLEANUP(model_freep) struct model *m = model_new();
	const struct upstream shop = { .name = "shop" }, *kept = &shop;
	struct problems ps;

	overrides_read(o, t, CLUSTER, UP, NOON);
	problems_of(o, t, &ps);
	assert_int_equal(ps.count, 1);
	assert_non_null(strstr(ps.items[0].message, "there is no upstream \"shop\""));
	problems_fini(&ps);
	/* an upstream that is deleted and kept by a guard is just what an override confirms */
	m->upstreams = &kept;
	m->upstream_count = 1;
	problems_init(&ps);
	overrides_problems(o, t, CONFIG, m, &ps);
	assert_int_equal(ps.count, 0);
	problems_fini(&ps);
}

static void an_override_reads_back_as_it_was_printed(void **state UNUSED)
{
	static const uint64_t times[] = { NOON, NOON - 1, NOON - 400 * 24 * 3600 * S + 7 };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		CLEANUP(overrides_freep) struct overrides *o = overrides_new();
		CLEANUP(tree_unrefp) struct tree *t = NULL;
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		uint64_t up = 500 * 24 * 3600 * S; /* booted long before each of the times */

		override_print(&(struct override_content){ .confirm = times[i] }, &b);
		b.data[b.size - 1] = '\0'; /* the line feed */
		t = with(buf_str(&b));
		overrides_read(o, t, CLUSTER, up, NOON);
		assert_int_equal(overrides_confirmed(o, "shop"), up - (NOON - times[i]));
	}
}

/* --- drains --------------------------------------------------------------------------------- */

/* What is drained by this override at noon: "shop 10.0.0.1:80 …". */
static const char *drained(const char *data, uint64_t wall, uint64_t *due)
{
	static char text[1024];
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	CLEANUP(tree_unrefp) struct tree *t = with(data);
	struct drains d;

	*due = overrides_read(o, t, CLUSTER, UP, wall);
	d = overrides_drains(o);
	text[0] = '\0';
	for (size_t i = 0; i < d.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s %s", i ? "; " : "",
			 d.items[i].upstream, d.items[i].server);
	return text;
}

static void servers_are_drained_until_the_operator_undoes_it_or_until_a_time(void **state UNUSED)
{
	uint64_t due;

	assert_string_equal(drained("{\"drain\":[\"10.0.0.2:80\",\"app-1:80\"]}", NOON, &due),
			    "shop 10.0.0.2:80; shop app-1:80");
	assert_true(due == NEVER);
	assert_string_equal(drained("{\"drain\":{\"10.0.0.2:80\":null,"
				    "\"10.0.0.1:80\":\"2026-11-28T12:30:00Z\"}}",
				    NOON, &due),
			    "shop 10.0.0.1:80; shop 10.0.0.2:80");
	assert_true(due == UP + 1800 * S);
	assert_string_equal(drained("{\"drain\":{\"10.0.0.2:80\":null,"
				    "\"10.0.0.1:80\":\"2026-11-28T12:30:00Z\"}}",
				    NOON + 1800 * S, &due),
			    "shop 10.0.0.2:80");
	assert_true(due == NEVER);
	assert_string_equal(drained("{\"drain\":[]}", NOON, &due), "");
}

static void a_server_is_drained_in_whatever_spelling(void **state UNUSED)
{
	uint64_t due;

	assert_string_equal(
		drained("{\"drain\":[\"[2001:DB8:0::1]:80\",\"APP-1:80\"]}", NOON, &due),
		"shop [2001:db8::1]:80; shop app-1:80");
}

static void a_drain_that_cannot_be_read_drains_nothing(void **state UNUSED)
{
	uint64_t due;

	refused("{\"drain\":true}", "drain: expected an array of servers, or an object");
	refused("{\"drain\":[\"10.0.0.1:80\",7]}", "drain[1]: expected a string");
	refused("{\"drain\":[\"10.0.0.1\"]}", "drain[0]: the server \"10.0.0.1\" has no port");
	refused("{\"drain\":{\"10.0.0.1:80\":\"soon\"}}", "drain.10.0.0.1:80: expected a time");
	refused("{\"drain\":{\"10.0.0.1:80\":false}}", "expected a string, found false");
	refused("{\"drain\":[\"[::1]:80\",\"[0::1]:80\"]}", "\"[::1]:80\" is listed twice");
	refused("{\"confirm\":\"now\",\"drain\":[\"10.0.0.1:80\"]}", "confirm: expected a time");
	assert_string_equal(drained("{\"drain\":[\"10.0.0.1:80\",7]}", NOON, &due), "");
	assert_string_equal(drained("{\"confirm\":\"2026-11-28T12:01:01Z\","
				    "\"drain\":[\"10.0.0.1:80\"]}",
				    NOON, &due),
			    "");
	assert_true(due == UP + S); /* when that time is no longer too far ahead */
}

static void an_override_that_is_changed_keeps_the_rest(void **state UNUSED)
{
	static const char *const texts[] = {
		"{\"confirm\":\"2026-11-28T11:59:00Z\"}\n",
		"{\"confirm\":\"2026-11-28T11:59:00Z\",\"drain\":[\"10.0.0.1:80\",\"app-1:80\"]}\n",
		"{\"drain\":{\"10.0.0.1:80\":\"2026-11-28T12:30:00.500000Z\",\"app-1:80\":null}}\n",
		"{\"drain\":[]}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		struct override_content c;
		struct err e;

		assert_int_equal(override_parse(a, texts[i], strlen(texts[i]), &c, &e), 0);
		override_print(&c, &b);
		assert_string_equal(buf_str(&b), texts[i]);
	}
}

static void a_content_that_is_no_override_is_an_error(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct override_content c;
	struct err e;

	assert_int_equal(override_parse(a, "{\"drain\":7}", 11, &c, &e), -1);
	assert_non_null(strstr(e.text, "drain: expected an array of servers"));
	assert_int_equal(override_parse(a, "", 0, &c, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_override_reads_back_as_it_was_printed),
		cmocka_unit_test(a_time_is_one_of_rfc_3339_in_utc),
		cmocka_unit_test(what_cannot_be_read_is_a_problem_with_a_reason),
		cmocka_unit_test(a_time_far_ahead_releases_nothing),
		cmocka_unit_test(a_time_is_converted_to_the_monotonic_clock),
		cmocka_unit_test(an_override_says_nothing_about_what_comes_after_it),
		cmocka_unit_test(an_override_of_no_upstream_is_a_problem),
		cmocka_unit_test(servers_are_drained_until_the_operator_undoes_it_or_until_a_time),
		cmocka_unit_test(a_server_is_drained_in_whatever_spelling),
		cmocka_unit_test(a_drain_that_cannot_be_read_drains_nothing),
		cmocka_unit_test(an_override_that_is_changed_keeps_the_rest),
		cmocka_unit_test(a_content_that_is_no_override_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
