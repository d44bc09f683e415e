/* The fleet as its znodes say, and what of it can be relied on. */
#include "tree_fixture.h"

#include <zknginx/macros.h>

#include "core/status/fleet_view.h"

#define CLUSTER "/c"
#define CONFIG "/config"
#define R1 "1111111111111111111111111111111111111111111111111111111111111111"
#define R2 "2222222222222222222222222222222222222222222222222222222222222222"
#define MEMBER(host, rest) "/c/members/" host " owner=0x1\n\t{" rest "}\n"
#define JOINED "\"rollout\": \"joined\", \"state\": \"applied\", \"nginx\": \"up\""

struct fleet {
	struct arena *arena;
	struct tree *tree;
	struct fleet_view view;
};

static void read_fleet(struct fleet *f, const char *text)
{
	*f = (struct fleet){ .arena = arena_new(), .tree = parse(text) };
	fleet_view_read(&f->view, f->arena, f->tree, CLUSTER, CONFIG);
}

static void fleet_fini(struct fleet *f)
{
	tree_unref(f->tree);
	arena_free(f->arena);
}

static void an_empty_tree_is_a_fleet_without_hosts(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };

	read_fleet(&f, "");
	assert_int_equal(f.view.host_count, 0);
	assert_false(f.view.has_cluster);
	assert_false(f.view.has_plan);
	assert_null(f.view.plan_error);
	assert_string_equal(f.view.leader, "");
	assert_string_equal(f.view.newest, "");
	assert_null(fleet_view_host(&f.view, "web1"));
}

static void a_host_with_a_report_and_no_member_is_missing(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };
	const struct fleet_host *h;

	read_fleet(
		&f,
		"/c\n/c/members\n" MEMBER("web2", JOINED) MEMBER(
			"web9",
			JOINED) "/c/reports\n"
				"/c/reports/web1\n\t{\"state\": \"applied\", \"generation\": 7}\n"
				"/c/reports/web2\n\t{\"state\": \"degraded\"}\n");
	assert_int_equal(f.view.host_count, 3);
	assert_string_equal(f.view.hosts[0].name, "web1");
	assert_null(f.view.hosts[0].member);
	assert_int_equal(f.view.hosts[0].report->generation, 7);
	h = fleet_view_host(&f.view, "web2");
	assert_string_equal(h->member->state, "applied");
	assert_int_equal(h->report->state, STATUS_DEGRADED);
	h = fleet_view_host(&f.view, "web9");
	assert_non_null(h->member);
	assert_null(h->report);
}

static void a_znode_that_is_no_daemons_is_named_with_the_reason(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };

	read_fleet(&f, "/c\n/c/members\n/c/members/hand\n\t{\"state\": \"applied\"}\n"
		       "/c/members/text owner=0x1\n\tgarbage\n"
		       "/c/reports\n/c/reports/broken\n\tgarbage\n");
	assert_int_equal(f.view.host_count, 3);
	assert_int_equal(f.view.member_count, 0);
	assert_non_null(strstr(fleet_view_host(&f.view, "hand")->error, "not ephemeral"));
	assert_non_null(strstr(fleet_view_host(&f.view, "text")->error, "not a JSON object"));
	assert_non_null(strstr(fleet_view_host(&f.view, "broken")->error, "/c/reports/broken"));
}

static void the_lowest_candidate_leads_however_it_is_called(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };

	read_fleet(&f,
		   "/c\n/c/election\n"
		   "/c/election/0123456789abcdef0123456789abcdef-0000000002 owner=0x2\n\tweb2\\\n"
		   "/c/election/f123456789abcdef0123456789abcdef-0000000001 owner=0x1\n\tweb1\\\n"
		   "/c/election/planted owner=0x3\n\tevil\\\n");
	assert_string_equal(f.view.leader, "web1");
}

static void a_plan_that_cannot_be_read_is_none_and_says_why(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };

	read_fleet(&f, "/c\n/c/plan\n\t{\"phase\": \"sideways\"}\n/c/request\n\tjump\n");
	assert_false(f.view.has_plan);
	assert_non_null(strstr(f.view.plan_error, "phase"));
	assert_false(f.view.has_request);
	assert_non_null(f.view.request_error);
}

static void each_member_has_the_revision_that_the_plan_gives_it(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };
	const struct member *m;

	read_fleet(&f,
		   "/c\n/c/members\n" MEMBER("a", JOINED ", \"revision\": \"" R2 "\"")
			   MEMBER("b", JOINED ", \"revision\": \"" R2 "\"") MEMBER(
				   "exempt", "\"rollout\": \"exempt\", \"revision\": \"" R2 "\"")
				   MEMBER("frozen",
					  "\"rollout\": \"frozen\", \"revision\": \"" R1
					  "\"") "/c/plan\n\t{\"phase\": \"canary\", \"step\": 1, "
						"\"hosts\": [\"a\"],"
						" \"accepted\": {\"revision\": \"" R1 "\"},"
						" \"target\": {\"revision\": \"" R2 "\"}}\n"
						"/config\n/config/sites\n/config/sites/x\n\t{}\n");
	m = f.view.members;
	assert_string_equal(fleet_view_permitted(&f.view, &m[0]), R2);
	assert_true(fleet_view_is_current(&f.view, &m[0]));
	assert_string_equal(fleet_view_permitted(&f.view, &m[1]), R1);
	assert_false(fleet_view_is_current(&f.view, &m[1]));
	assert_string_equal(fleet_view_permitted(&f.view, &m[2]), f.view.newest);
	assert_string_equal(fleet_view_permitted(&f.view, &m[3]), "");
	assert_true(fleet_view_is_current(&f.view, &m[3]));
	assert_int_equal(strlen(f.view.newest), 64);
	assert_int_equal(fleet_view_followers(&f.view), 2);
	assert_int_equal(fleet_view_running(&f.view, R2), 2);
}

static void where_nobody_follows_the_plan_all_members_count(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };

	read_fleet(&f, "/c\n/c/members\n" MEMBER("a", "\"rollout\": \"exempt\", \"revision\": \"" R1
						      "\"")
			       MEMBER("b", "\"rollout\": \"frozen\", \"revision\": \"" R2 "\""));
	assert_int_equal(fleet_view_followers(&f.view), 0);
	assert_int_equal(fleet_view_counted(&f.view), 2);
	assert_int_equal(fleet_view_running(&f.view, R1), 1);
}

static void half_of_a_push_is_for_no_host(void **state UNUSED)
{
	CLEANUP(fleet_fini) struct fleet f = { 0 };

	read_fleet(&f, "/c\n/c/members\n" MEMBER(
			       "a",
			       "\"rollout\": \"exempt\"") "/config\n\t{\"push\": {\"by\": \"bob\", "
							  "\"id\": \"1\", \"left\": 3, "
							  "\"time\": \"2026-11-28T09:00:00Z\"}}\n"
							  "/config/sites\n/config/sites/x\n\t{}\n");
	assert_true(f.view.note.unfinished);
	assert_string_equal(fleet_view_permitted(&f.view, &f.view.members[0]), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_tree_is_a_fleet_without_hosts),
		cmocka_unit_test(a_host_with_a_report_and_no_member_is_missing),
		cmocka_unit_test(a_znode_that_is_no_daemons_is_named_with_the_reason),
		cmocka_unit_test(the_lowest_candidate_leads_however_it_is_called),
		cmocka_unit_test(a_plan_that_cannot_be_read_is_none_and_says_why),
		cmocka_unit_test(each_member_has_the_revision_that_the_plan_gives_it),
		cmocka_unit_test(where_nobody_follows_the_plan_all_members_count),
		cmocka_unit_test(half_of_a_push_is_for_no_host),
	};

	return cmocka_run_group_tests_name("fleet view", tests, NULL, NULL);
}
