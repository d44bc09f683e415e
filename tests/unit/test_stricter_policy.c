/* The settings become stricter while nginx runs: live objects may have no valid form any more. */
#include "clash_fixture.h"

#define USER "{\"listen\":[\"80\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"u\"}]}\n"
#define UPSTREAM_WITH_LINES                                                                        \
	ROOT "/upstreams/u\n\t{\"directives\":[\"keepalive_requests 77;\"]}\n" ROOT                \
	     "/upstreams/u/10.0.0.1:80\n"

static const struct policy off = { .level = POLICY_OFF };

/* What is in ZooKeeper now, while nginx runs `live`, which a laxer policy has admitted. */
static struct outcome restrict_policy(const char *live, const char *now)
{
	CLEANUP(tree_unrefp) struct tree *accepted = parse(live);
	CLEANUP(tree_unrefp) struct tree *tree = parse(now);
	struct outcome o = { .live = compose_accepted(accepted, ROOT, &clash_policy, NULL) };
	struct compose_input in = {
		.tree = tree, .accepted = accepted, .good = o.live, .root = ROOT, .policy = &off
	};

	problems_init(&o.problems);
	o.next = compose(&in, &o.problems, NULL);
	return o;
}

static void assert_problem(const struct outcome *o, const char *znode, const char *words)
{
	const struct problem *p = problem_of(o, znode);

	assert_non_null(p);
	if (!strstr(p->message, words) || p->serving != SERVING_ABSENT)
		fail_msg("%s (%s)", p->message, serving_name(p->serving));
}

static void an_upstream_without_a_valid_form_is_left_out_with_its_site(void **state UNUSED)
{
	static const char config[] = UPSTREAM_WITH_LINES ROOT "/sites/s\n\t" USER;
	struct outcome o = restrict_policy(config, config);

	assert_false(is_served(&o, "upstreams/u") || is_served(&o, "sites/s"));
	assert_problem(&o, ROOT "/upstreams/u", "snippets.policy is \"off\"");
	assert_problem(&o, ROOT "/sites/s", "is not served: see the problem of " ROOT);
	outcome_fini(&o);
}

static void a_deleted_one_does_not_come_back(void **state UNUSED)
{
	struct outcome o = restrict_policy(UPSTREAM_WITH_LINES ROOT "/sites/s\n\t" USER,
					   ROOT "/sites/s\n\t" USER);

	assert_false(is_served(&o, "upstreams/u") || is_served(&o, "sites/s"));
	assert_problem(&o, ROOT "/sites/s", "\"u\" does not exist");
	outcome_fini(&o);
}

static void a_snippet_that_is_used_does_not_come_back(void **state UNUSED)
{
	static const char site[] = ROOT "/sites/s\n\t{\"listen\":[\"80\"],\"locations\":[{\"path\":"
					"\"/\",\"return\":{\"status\":200,\"text\":\"$v\"}}]}\n";
	CLEANUP(buf_fini) struct buf live = BUF_INIT;
	struct outcome o;

	buf_printf(&live, "%s%s", site, SNIPPET("v", "map $uri $v { default 1; }"));
	o = restrict_policy(buf_str(&live), site);
	assert_false(is_served(&o, "snippets/http/v"));
	outcome_fini(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_upstream_without_a_valid_form_is_left_out_with_its_site),
		cmocka_unit_test(a_deleted_one_does_not_come_back),
		cmocka_unit_test(a_snippet_that_is_used_does_not_come_back),
	};

	return cmocka_run_group_tests_name("stricter policy", tests, NULL, NULL);
}
