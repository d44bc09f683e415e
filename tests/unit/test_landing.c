/* A revision on its way through a fleet: which events, and which end. */
#include "tree_fixture.h"

#include <zknginx/macros.h>

#include "core/data/layout.h"
#include "core/status/landing.h"

#define MEMBER(host, rest) "/c/members/" host " owner=0x1\n\t{" rest "}\n"
#define NOTHING "0000000000000000000000000000000000000000000000000000000000000000"

/* Each test looks at some views of one config, whose revision is R in the texts. */
struct flight {
	struct arena *arena;
	struct landing landing;
	char revision[DIGEST_HEX_SIZE];
	struct tree *tree;
};

static const char config[] = "/config\n/config/sites\n/config/sites/s\n\t{}\n";

/* '@' in the text is the revision. */
static struct tree *tree_of(struct flight *f, const char *text)
{
	CLEANUP(buf_fini) struct buf all = BUF_INIT;

	buf_puts(&all, "/c\n/c/members\n");
	for (; *text; text++) {
		if (*text == '@')
			buf_puts(&all, f->revision);
		else
			buf_putc(&all, *text);
	}
	buf_puts(&all, config);
	return parse(buf_str(&all));
}

static void view(struct flight *f, struct fleet_view *v, const char *text)
{
	tree_unref(f->tree);
	f->tree = tree_of(f, text);
	fleet_view_read(v, f->arena, f->tree, "/c", "/config");
}

static int begin(void **state)
{
	static struct flight f;
	struct fleet_view v;
	struct digest digest;
	struct tree *t;

	f = (struct flight){ .arena = arena_new() };
	t = parse(config);
	digest = tree_revision(t, "/config");
	digest_hex(&digest, f.revision);
	tree_unref(t);
	view(&f, &v,
	     "/c/reports\n/c/reports/a\n\t{\"state\": \"degraded\", \"problems\": [{\"znode\": "
	     "\"/config/old\", \"kind\": \"field\", \"message\": \"was there\"}]}\n");
	landing_begin(&f.landing, f.arena, &v);
	f.landing.revision = f.revision;
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct flight *f = *state;

	tree_unref(f->tree);
	arena_free(f->arena);
	return 0;
}

/* "host: text|" for each event. */
static const char *look(struct flight *f, const char *text)
{
	CLEANUP(buf_fini) struct buf events = BUF_INIT;
	struct fleet_view v;

	view(f, &v, text);
	landing_look(&f->landing, &v);
	for (size_t i = 0; i < f->landing.event_count; i++)
		buf_printf(&events, "%s: %s|", f->landing.events[i].host,
			   f->landing.events[i].text);
	return arena_strdup(f->arena, buf_str(&events));
}

#define EXEMPT "\"rollout\": \"exempt\""
#define OLD "\"revision\": \"" NOTHING "\""
#define NEW "\"revision\": \"@\""

static void without_a_plan_it_has_landed_when_all_run_it(void **state)
{
	struct flight *f = *state;

	assert_string_equal(look(f, MEMBER("a", EXEMPT ", " OLD) MEMBER("b", EXEMPT ", " OLD)), "");
	assert_int_equal(f->landing.outcome, LANDING_GOING);
	assert_string_equal(look(f, MEMBER("a", EXEMPT ", " NEW) MEMBER("b", EXEMPT ", " OLD)),
			    "a: applied|");
	assert_int_equal(f->landing.applied, 1);
	assert_int_equal(f->landing.outcome, LANDING_GOING);
	assert_string_equal(look(f, MEMBER("a", EXEMPT ", " NEW) MEMBER("b", EXEMPT ", " NEW)),
			    "b: applied|");
	assert_int_equal(f->landing.outcome, LANDING_DONE);
}

#define REPORT(state, problems)                                                                    \
	"/c/reports\n/c/reports/a\n\t{\"revision\": {\"applied\": \"@\", \"seen\": \"@\"}, "       \
	"\"state\": \"" state "\", \"problems\": [" problems "]}\n"
#define OLD_PROBLEM "{\"znode\": \"/config/old\", \"kind\": \"field\", \"message\": \"was there\"}"
#define NEW_PROBLEM "{\"znode\": \"/config/new\", \"kind\": \"field\", \"message\": \"is wrong\"}"

/* A report that is older than the change says nothing; one that is still moving neither. */
static void only_new_problems_count_and_only_in_a_report_of_the_revision(void **state)
{
	struct flight *f = *state;

	look(f, MEMBER("a", EXEMPT ", " NEW) REPORT("deploying", NEW_PROBLEM));
	assert_int_equal(f->landing.outcome, LANDING_GOING);
	look(f, MEMBER("a", EXEMPT ", " NEW) REPORT("degraded", OLD_PROBLEM));
	assert_int_equal(f->landing.outcome, LANDING_DONE);
}

static void new_problems_are_named(void **state)
{
	struct flight *f = *state;

	assert_string_equal(look(f, MEMBER("a", EXEMPT ", " NEW)
					    REPORT("degraded", OLD_PROBLEM ", " NEW_PROBLEM)),
			    "a: applied, with a problem: /config/new: is wrong|");
	assert_int_equal(f->landing.outcome, LANDING_PROBLEMS);
}

static void a_host_that_rejects_it_as_a_whole_ends_the_wait(void **state)
{
	struct flight *f = *state;

	look(f,
	     MEMBER("a", EXEMPT ", " OLD) "/c/reports\n/c/reports/a\n\t{\"revision\": {\"seen\": "
					  "\"@\"}, \"state\": \"rejected\"}\n");
	assert_int_equal(f->landing.outcome, LANDING_PROBLEMS);
	assert_int_equal(f->landing.hosts[0].state, LANDING_REFUSED);
}

#define JOINED "\"rollout\": \"joined\""
#define PLAN(text) "/c/plan\n\t{" text "}\n"
#define TARGET                                                                                     \
	"\"accepted\": {\"revision\": \"" NOTHING "\", \"history\": 1}, "                          \
	"\"target\": {\"revision\": \"@\", \"history\": 2}, \"attempt\": 3"

static void a_plan_has_to_accept_it(void **state)
{
	struct flight *f = *state;

	assert_string_equal(
		look(f, MEMBER("a", JOINED ", " NEW)
				PLAN(TARGET ", \"phase\": \"canary\", \"canaries\": [\"a\"], "
					    "\"hosts\": [\"a\"], \"step\": 1")),
		"a: applied|: on the canaries (a)|");
	assert_int_equal(f->landing.outcome, LANDING_GOING);
	assert_string_equal(look(f, MEMBER("a", JOINED ", " NEW) PLAN(
					    "\"accepted\": {\"revision\": \"@\", \"history\": 2}, "
					    "\"phase\": \"idle\"")),
			    ": accepted|");
	assert_int_equal(f->landing.outcome, LANDING_DONE);
}

static void a_halt_says_where_and_why(void **state)
{
	struct flight *f = *state;

	look(f, MEMBER("a", JOINED
		       ", " OLD ", \"gate\": {\"revision\": \"@\", \"attempt\": 3, "
		       "\"verdict\": \"bad\", \"znode\": \"/config/s\", \"message\": \"no\"}")
			PLAN(TARGET ", \"phase\": \"halted\", \"failure\": {\"host\": \"a\", "
				    "\"znode\": \"/config/s\", \"message\": \"no\"}"));
	assert_int_equal(f->landing.outcome, LANDING_HALTED);
	assert_non_null(strstr(f->landing.message, "a: /config/s: no"));
	assert_string_equal(f->landing.hosts[0].message, "/config/s: no");
}

/* A verdict of an earlier attempt is about that one. */
static void a_verdict_of_another_attempt_does_not_count(void **state)
{
	struct flight *f = *state;

	look(f, MEMBER("a", JOINED ", " OLD ", \"gate\": {\"revision\": \"@\", \"attempt\": 2, "
				   "\"verdict\": \"bad\"}") PLAN(TARGET ", \"phase\": \"canary\""));
	assert_int_equal(f->landing.hosts[0].state, LANDING_WAITING);
}

static void without_a_host_it_lands_nowhere(void **state)
{
	struct flight *f = *state;

	look(f, "");
	assert_int_equal(f->landing.outcome, LANDING_NOWHERE);
	look(f, MEMBER("a", "\"rollout\": \"frozen\""));
	assert_int_equal(f->landing.outcome, LANDING_NOWHERE);
}

static void a_host_that_leaves_is_named(void **state)
{
	struct flight *f = *state;

	look(f, MEMBER("a", EXEMPT ", " OLD) MEMBER("b", EXEMPT ", " OLD));
	assert_string_equal(look(f, MEMBER("b", EXEMPT ", " OLD)), "a: has left the fleet|");
	assert_string_equal(look(f, MEMBER("b", EXEMPT ", " NEW)), "b: applied|");
	assert_int_equal(f->landing.outcome, LANDING_DONE);
}

static void another_revision_replaces_it(void **state)
{
	struct flight *f = *state;

	f->landing.revision = NOTHING;
	look(f, MEMBER("a", EXEMPT ", " OLD));
	assert_int_equal(f->landing.outcome, LANDING_REPLACED);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_plan_it_has_landed_when_all_run_it),
		TEST(only_new_problems_count_and_only_in_a_report_of_the_revision),
		TEST(new_problems_are_named),
		TEST(a_host_that_rejects_it_as_a_whole_ends_the_wait),
		TEST(a_plan_has_to_accept_it),
		TEST(a_halt_says_where_and_why),
		TEST(a_verdict_of_another_attempt_does_not_count),
		TEST(without_a_host_it_lands_nowhere),
		TEST(a_host_that_leaves_is_named),
		TEST(another_revision_replaces_it),
	};

	return cmocka_run_group_tests_name("landing", tests, NULL, NULL);
}
