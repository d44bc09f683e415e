/* choice: which tree a permit selects. */

#include "core/data/layout.h"
#include "core/rollout/choice.h"
#include "tree_fixture.h"

#define ROOT "/nginx/config"
#define SITE(name) ROOT "/sites/s\n\t" name "\\\n"

struct world {
	struct tree *newest, *accepted, *config;
	struct permit permit;
	struct choice c;
	unsigned asked;
	struct tree *answer;
};

static struct tree *config_of(void *ctx, const struct plan_revision *wanted UNUSED)
{
	struct world *w = ctx;

	w->asked++;
	return w->answer;
}

static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->newest = parse(ROOT "\n" SITE("new"));
	w->accepted = parse(ROOT "\n" SITE("ran"));
	w->config = parse(ROOT "\n" SITE("old"));
	w->permit = (struct permit){ .revision = { .revision = "wanted" },
				     .accepted = { .revision = "" } };
	w->c = (struct choice){ .newest = w->newest,
				.newest_revision = "newest",
				.root = ROOT,
				.permit = &w->permit,
				.accepted = w->accepted,
				.applied = "applied",
				.published = "applied",
				.config = w->config,
				.stored = "applied",
				.config_of = config_of,
				.ctx = w };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	tree_unref(w->newest);
	tree_unref(w->accepted);
	tree_unref(w->config);
	tree_unref(w->answer);
	test_free(w);
	return 0;
}

static void expect(struct world *w, enum permit_kind kind, const char *site, const char *wanted)
{
	char revision[DIGEST_HEX_SIZE];
	struct tree *t;

	w->permit.kind = kind;
	t = choice_tree(&w->c, revision);
	assert_string_equal(tree_find(t, ROOT "/sites/s")->data, site);
	assert_string_equal(revision, wanted);
	tree_unref(t);
}

static void the_newest_is_the_tree_as_it_is(void **state)
{
	struct world *w = *state;

	expect(w, PERMIT_NEWEST, "new", "newest");
	w->permit.revision.revision = "newest";
	expect(w, PERMIT_NAMED, "new", "newest");
	w->c.applied = "newest";
	expect(w, PERMIT_STAY, "new", "newest");
	assert_int_equal(w->asked, 0);
}

static void a_host_that_stays_keeps_its_stored_or_running_config(void **state)
{
	struct world *w = *state;

	expect(w, PERMIT_STAY, "old", "applied");
	w->c.stored = "another";
	expect(w, PERMIT_STAY, "ran", "applied");
	w->c.config = NULL;
	expect(w, PERMIT_STAY, "ran", "applied");
	assert_int_equal(w->asked, 0);
}

static void who_stays_does_not_go_back_from_what_is_published(void **state)
{
	struct world *w = *state;

	w->c.published = "newest";
	expect(w, PERMIT_STAY, "new", "newest");
	w->c.published = "another";
	expect(w, PERMIT_STAY, "old", "applied");
}

/* The permit of such a host is STAY. */
static void an_unfinished_push_is_not_taken(void **state)
{
	struct world *w = *state;

	w->c.unfinished = true;
	w->permit.accepted.revision = "accepted";
	expect(w, PERMIT_STAY, "old", "applied");
	assert_int_equal(w->asked, 0);
	w->c.wiped = true; /* whatever is written so far */
	expect(w, PERMIT_STAY, "old", "applied");
}

static void a_config_that_is_not_trusted_is_not_taken(void **state)
{
	struct world *w = *state;

	w->c.untrusted = true;
	expect(w, PERMIT_STAY, "old", "applied");
	w->permit.revision.revision = "newest"; /* the plan names it all the same */
	expect(w, PERMIT_NAMED, "old", "applied");
	assert_int_equal(w->asked, 1); /* the history may have it with a signature */
	w->answer = parse(ROOT "\n" SITE("signed"));
	expect(w, PERMIT_NAMED, "signed", "newest");
	w->c.wiped = true;
	expect(w, PERMIT_STAY, "old", "applied");
}

/* Its signature was lost, or its key: no reason to serve anything else. */
static void what_nginx_runs_stays_in_force_without_trust(void **state)
{
	struct world *w = *state;

	w->c.untrusted = true;
	w->c.applied = "newest";
	w->permit.revision.revision = "newest";
	expect(w, PERMIT_STAY, "new", "newest");
	expect(w, PERMIT_NAMED, "new", "newest");
	assert_int_equal(w->asked, 0);
}

/* nginx may have been given more since: what was applied is the revision, not the znodes. */
static void a_replay_is_not_what_nginx_runs(void **state)
{
	struct world *w = *state;

	w->c.untrusted = w->c.replayed = true;
	w->c.applied = w->c.published = "newest";
	w->permit.revision.revision = "newest";
	expect(w, PERMIT_STAY, "ran", "newest");
	expect(w, PERMIT_NAMED, "ran", "newest");
}

static void a_host_that_runs_nothing_takes_what_is_accepted_during_a_push(void **state)
{
	struct world *w = *state;
	char revision[DIGEST_HEX_SIZE];
	struct tree *t;

	tree_unref(w->accepted);
	w->accepted = w->c.accepted = parse("");
	w->c.config = NULL;
	w->c.applied = w->c.published = w->c.stored = "";
	w->c.unfinished = true;
	w->permit.kind = PERMIT_STAY;
	w->permit.accepted.revision = "accepted";
	t = choice_tree(&w->c, revision); /* not at hand yet */
	assert_null(tree_find(t, ROOT "/sites/s"));
	assert_string_equal(revision, "");
	tree_unref(t);
	assert_int_equal(w->asked, 1);
	w->answer = parse(ROOT "\n" SITE("agreed"));
	expect(w, PERMIT_STAY, "agreed", "accepted");
	w->permit.accepted.revision = ""; /* nothing was accepted: it waits */
	t = choice_tree(&w->c, revision);
	assert_null(tree_find(t, ROOT "/sites/s"));
	tree_unref(t);
}

static void a_named_revision_is_waited_for(void **state)
{
	struct world *w = *state;

	expect(w, PERMIT_NAMED, "old", "applied");
	assert_int_equal(w->asked, 1);
	w->answer = parse(ROOT "\n" SITE("wanted"));
	expect(w, PERMIT_NAMED, "wanted", "wanted");
}

static void a_config_that_is_gone_is_left_to_the_guard(void **state)
{
	struct world *w = *state;

	w->c.wiped = true;
	w->answer = parse(ROOT "\n" SITE("wanted"));
	expect(w, PERMIT_NAMED, "new", "applied");
	tree_unref(w->accepted);
	w->c.accepted = w->accepted = parse("");
	expect(w, PERMIT_NAMED, "wanted", "wanted");
	expect(w, PERMIT_STAY, "new", "applied");
}

static void an_object_is_what_stands_in_its_place(void **state UNUSED)
{
	static const struct {
		const char *text;
		bool has;
	} cases[] = {
		{ "", false },
		{ ROOT "\n", false },
		{ ROOT "/upstreams\n" ROOT "/sites\n" ROOT "/snippets/http\n", false },
		{ "/nginx/config2/sites/s\n", false },
		{ ROOT "/sites/s\n", true },
		{ ROOT "/upstreams/u/10.0.0.1:80\n", true },
		{ ROOT "/snippets/stream/s\n", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(tree_unrefp) struct tree *t = parse(cases[i].text);

		assert_int_equal(config_has_objects(t, ROOT), cases[i].has);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_newest_is_the_tree_as_it_is),
		TEST(a_host_that_stays_keeps_its_stored_or_running_config),
		TEST(who_stays_does_not_go_back_from_what_is_published),
		TEST(an_unfinished_push_is_not_taken),
		TEST(a_config_that_is_not_trusted_is_not_taken),
		TEST(what_nginx_runs_stays_in_force_without_trust),
		TEST(a_replay_is_not_what_nginx_runs),
		TEST(a_host_that_runs_nothing_takes_what_is_accepted_during_a_push),
		TEST(a_named_revision_is_waited_for),
		TEST(a_config_that_is_gone_is_left_to_the_guard),
		TEST(an_object_is_what_stands_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
