/*
 * The page of `zknginxctl ui` in a real Chromium, on a fleet of real daemons: what a person sees of
 * it, with the eyes, with the keyboard alone and with a screen reader, and what a hostile value or
 * another page can do to it. test_ctl_ui.c looks at the same server at the level of HTTP.
 *
 * Pictures of each state are left in $PAGE_PICTURES, for a person to look at.
 */
#include "../integration/rig_fleet.h"
#include "../integration/rig_ui.h"

#include <stdlib.h>

#include <zknginx/err.h>

#include "rig_browser.h"

#define SETTINGS(f) ((f)->hosts[0].host.settings)
#define ACTIONS "--allow-actions"
#define OVERRIDE CLUSTER "/overrides/app"
#define DARK "{\"colorScheme\": \"dark\"}"
#define PHONE                                                                                      \
	"{\"viewport\": {\"width\": 360, \"height\": 740}, \"deviceScaleFactor\": 2, "             \
	"\"isMobile\": "                                                                           \
	"true, \"hasTouch\": true}"

/* A page that is open. */
struct page {
	struct rig_ui ui;
	struct rig_browser *browser;
	char *url;
};

#define step(p, ...) rig_browser_step((p)->browser, __VA_ARGS__, NULL)

static void page_open(struct page *p, struct rig_fleet *f, const char *option)
{
	rig_ui_start(&p->ui, SETTINGS(f), option);
	p->url = rig_text("http://127.0.0.1:%d/%s%s", p->ui.port, *p->ui.token ? "#token=" : "",
			  p->ui.token);
	p->browser = rig_browser_start();
	step(p, "open", p->url);
}

static void page_close(struct page *p)
{
	rig_browser_stop(p->browser);
	rig_ui_stop(&p->ui);
}

/* In both colour schemes, and on a phone: a picture, and what a glance would find wrong. */
static void look(struct page *p, const char *state)
{
	static const struct {
		const char *name, *options;
	} views[] = { { "dark", DARK }, { "phone", PHONE }, { "light", "{}" } };

	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		step(p, "open", p->url, views[i].options);
		step(p, "sleepless");
		step(p, "sees", "Fleet", "web3");
		step(p, "sees", "Upstreams", "app");
		step(p, "picture", rig_text("%s-%s", state, views[i].name));
		step(p, "fits");
		step(p, "isReadable");
		step(p, "isNamed");
	}
}

/* --- the four states -------------------------------------------------------------------------- */

static void a_healthy_fleet_is_shown_and_followed(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	page_open(&p, f, NULL);
	step(&p, "health", "healthy");
	step(&p, "group", "applied", "web1", "web2", "web3");
	step(&p, "sees", "Rollout", "No rollout is in progress.");
	step(&p, "sees", "Alerts", "No alert is raised.");
	step(&p, "sees", "Problems", "No host reports a problem.");
	step(&p, "opensHost", "web2", "applied", "up, ", "generation");
	step(&p, "opensUpstream", "app", "in use", "znode");
	step(&p, "lacks", "Rollout", "Pause");
	look(&p, "healthy");
	step(&p, "marks");
	rig_zk_create(f->zk, CONFIG "/upstreams/new", "{}");
	rig_zk_create(f->zk, CONFIG "/upstreams/new/127.0.0.1:7", "");
	step(&p, "sees", "Upstreams", "new");
	step(&p, "finds", "ne", "new");
	step(&p, "finds", "", "app", "new");
	rig_zk_delete_all(f->zk, CONFIG "/upstreams/new");
	step(&p, "finds", "", "app");
	rig_fleet_signal(f, 2, SIGTERM);
	step(&p, "group", "missing", "web3");
	step(&p, "sees", "What needs attention", "web3");
	step(&p, "isMarked"); /* all of it came without loading the page again */
	page_close(&p);
}

static void a_rollout_moves_from_the_canary_to_all_and_is_steered(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	rig_fleet_put_on_canary(f, 0, FLEET_STAYS);
	page_open(&p, f, ACTIONS);
	step(&p, "health", "healthy, moving");
	step(&p, "stepIs", "Canaries", "now");
	step(&p, "sees", "Rollout", "It is on the canaries.");
	look(&p, "canary");
	step(&p, "marks");
	step(&p, "declines", "Rollout", "Pause");
	assert_false(rig_fleet_plan_says(f, "paused", "true"));
	step(&p, "confirms", "Rollout", "Pause");
	step(&p, "sees", "Rollout", "It is paused");
	assert_true(rig_fleet_plan_says(f, "paused", "true"));
	step(&p, "confirms", "Rollout", "Resume");
	step(&p, "loses", "Rollout", "It is paused");
	f->promoted = true;
	step(&p, "confirms", "Rollout", "Promote to all");
	rig_fleet_await_accepted(f, "2");
	step(&p, "sees", "Rollout", "No rollout is in progress.");
	step(&p, "says", "healthy");
	step(&p, "isMarked");
	page_close(&p);
}

static void a_rollout_that_halts_says_why(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	f->rollout = FLEET_CANARY;
	f->gated = true;
	rig_fleet_start(f, 0);
	page_open(&p, f, ACTIONS);
	step(&p, "health", "healthy");
	rig_fleet_push(f, "bad");
	step(&p, "sees", "Rollout", "why it stopped");
	fleet_eventually(f, rig_fleet_is(f, "halted", "bad"));
	step(&p, "sees", "Rollout", "the gate command failed: exit status 1: the site is bad");
	step(&p, "stepIs", "Canaries", "stopped");
	step(&p, "sees", "Rollout", "It was stopped by a failure");
	step(&p, "sees", "Alerts", "rollout");
	step(&p, "says", "Rollout: halted");
	look(&p, "halted");
	page_close(&p);
}

static void while_zookeeper_is_away_the_data_are_marked_as_old(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	rig_fleet_start(f, 0);
	page_open(&p, f, ACTIONS);
	step(&p, "health", "healthy");
	step(&p, "opensUpstream", "app", "Drain");
	step(&p, "marks");
	rig_zookeeper_kill(f->zookeeper);
	step(&p, "alarm", "ZooKeeper at ");
	step(&p, "health", "unknown");
	step(&p, "lacks", "Upstreams", "Drain"); /* nothing can be done now */
	step(&p, "isMarked");
	look(&p, "away");
	rig_zookeeper_restart(f->zookeeper);
	step(&p, "noAlarm");
	step(&p, "health", "healthy");
	page_close(&p);
}

static void a_page_that_loses_zknginxctl_says_so_and_finds_it_again(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	rig_fleet_start(f, 0);
	page_open(&p, f, NULL);
	step(&p, "health", "healthy");
	rig_ui_stop(&p.ui);
	step(&p, "alarm", "zknginxctl does not answer.");
	step(&p, "group", "applied", "web1", "web2", "web3");
	rig_ui_start_at(&p.ui, SETTINGS(f), NULL, p.ui.port);
	step(&p, "noAlarm");
	step(&p, "health", "healthy");
	page_close(&p);
}

/* --- its parts -------------------------------------------------------------------------------- */

static void a_problem_has_its_znode_and_its_line(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	rig_fleet_start(f, 0);
	page_open(&p, f, NULL);
	rig_zk_set(f->zk, CONFIG "/upstreams/broken", "{\n\"balance\": \"least_conn\",\n\"x\n}");
	step(&p, "sees", "Problems", CONFIG "/upstreams/broken");
	step(&p, "sees", "Problems", "line 3");
	step(&p, "sees", "Upstreams", "cannot be used");
	rig_zk_delete_all(f->zk, CONFIG "/upstreams/broken");
	step(&p, "loses", "Problems", CONFIG "/upstreams/broken");
	page_close(&p);
}

static void any_two_revisions_are_compared(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;
	const char *diff;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	rig_fleet_push(f, "2");
	rig_fleet_await_accepted(f, "2");
	rig_fleet_push(f, "3");
	rig_fleet_await_accepted(f, "3");
	page_open(&p, f, ACTIONS);
	step(&p, "sees", "History", "#3");
	diff = step(&p, "compares", "1", "3");
	assert_says(diff, FLEET_SNIPPET);
	assert_says(diff, "From #1 to #3");
	assert_says(diff, "\n+");
	assert_says(diff, "\n-");
	step(&p, "picture", "diff");
	step(&p, "fits");
	assert_says(step(&p, "compares", "2", "now"), FLEET_SNIPPET);
	assert_says(step(&p, "compares", "3", "now"), "no difference");
	page_close(&p);
}

static void servers_are_drained_after_a_question(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;
	const char *drain;

	rig_fleet_start(f, 0);
	page_open(&p, f, ACTIONS);
	step(&p, "opensUpstream", "app", "in use");
	drain = rig_text("127.0.0.1:%d", f->hosts[1].host.nginx.port);
	step(&p, "drains", drain);
	eventually(NULL, rig_zk_exists(f->zk, OVERRIDE));
	assert_says(rig_zk_get(f->zk, OVERRIDE), drain);
	step(&p, "sees", "Upstreams", "1 drained");
	step(&p, "undrains", drain);
	eventually(NULL, !rig_zk_exists(f->zk, OVERRIDE));
	step(&p, "loses", "Upstreams", "1 drained");
	page_close(&p);
}

static void the_keyboard_leads_past_the_bar_and_shows_where_it_is(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;

	rig_fleet_start(f, 0);
	page_open(&p, f, NULL);
	step(&p, "health", "healthy");
	step(&p, "tabs");
	page_close(&p);
}

/* --- hostile ---------------------------------------------------------------------------------- */

#define EVIL "<img src=x onerror=\"window.harmed=1\"><script>window.harmed=1"
#define QUOTED "<img src=x onerror=window.harmed=1><script>window.harmed=1</script>" /* in JSON */
#define BACKWARDS                                                                                  \
	"\xe2\x80\xae"                                                                             \
	"gnp.exe" /* U+202E: what follows runs from right to left */

static void a_hostile_value_is_text_and_nothing_else(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	char *huge = rig_text("\"%0*d\"", 200000, 0);
	struct page p;

	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	page_open(&p, f, NULL);
	rig_write(rig_path("note"), "map $host $note { default 0; }\n");
	r = rig_ctl(SETTINGS(f), "set", "snippets/http/note", rig_path("note"), "--by",
		    QUOTED BACKWARDS, NULL);
	rig_ctl_assert_code(&r, 0);
	step(&p, "sees", "History", "<script>");
	step(&p, "sees", "History", "U+202E");
	rig_zk_set(f->zk, CONFIG "/upstreams/" EVIL, "{}");
	rig_zk_set(f->zk, CONFIG "/upstreams/a" BACKWARDS, "{}");
	rig_zk_set(f->zk, CONFIG "/upstreams/odd", "{\"" QUOTED "\": 1, \"" BACKWARDS "\": 2}");
	rig_zk_set(f->zk, CONFIG "/upstreams/big", rig_text("{\"balance\": %s}", huge));
	rig_zk_set(f->zk, CLUSTER "/members/" EVIL, "{\"state\": \"" QUOTED "\"}");
	step(&p, "sees", "Problems", "<img src=x");
	step(&p, "sees", "Problems", "U+202E");
	step(&p, "isUnharmed");
	step(&p, "fits");
	step(&p, "open", p.url, PHONE);
	step(&p, "sees", "Problems", "U+202E");
	step(&p, "fits");
	step(&p, "picture", "hostile-phone");
	step(&p, "isUnharmed");
	page_close(&p);
}

static void another_page_can_neither_read_nor_act_nor_frame_it(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;
	char *url;

	rig_fleet_start(f, 0);
	page_open(&p, f, ACTIONS);
	step(&p, "health", "healthy");
	url = rig_text("http://127.0.0.1:%d/", p.ui.port);
	step(&p, "rebinds", rig_text("%d", p.ui.port));
	step(&p, "intrudes", url, p.ui.token);
	assert_false(rig_zk_exists(f->zk, CLUSTER "/request"));
	page_close(&p);
}

static void the_token_leaves_the_address_bar_and_stays_in_its_tab(void **state)
{
	struct rig_fleet *f = *state;
	struct page p;
	char *url;

	rig_fleet_start(f, 0);
	page_open(&p, f, ACTIONS);
	url = rig_text("http://127.0.0.1:%d/", p.ui.port);
	assert_string_equal(step(&p, "address"), url);
	step(&p, "opensUpstream", "app", "Drain");
	step(&p, "reloads");
	step(&p, "opensUpstream", "app", "Drain"); /* this tab still may */
	assert_string_equal(step(&p, "referrer", p.url), "none");
	step(&p, "open", url); /* another one, without it */
	step(&p, "opensUpstream", "app", "in use");
	step(&p, "lacks", "Upstreams", "Drain");
	step(&p, "open", rig_text("%s#token=0123", url));
	step(&p, "opensUpstream", "app", "Drain");
	step(&p, "drains", rig_text("127.0.0.1:%d", f->hosts[1].host.nginx.port));
	step(&p, "isRefused", "the token is missing or wrong");
	assert_false(rig_zk_exists(f->zk, OVERRIDE));
	page_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		calm_test(a_healthy_fleet_is_shown_and_followed),
		calm_test(a_rollout_moves_from_the_canary_to_all_and_is_steered),
		calm_test(a_rollout_that_halts_says_why),
		calm_test(while_zookeeper_is_away_the_data_are_marked_as_old),
		calm_test(a_page_that_loses_zknginxctl_says_so_and_finds_it_again),
		calm_test(a_problem_has_its_znode_and_its_line),
		calm_test(any_two_revisions_are_compared),
		calm_test(servers_are_drained_after_a_question),
		calm_test(the_keyboard_leads_past_the_bar_and_shows_where_it_is),
		calm_test(a_hostile_value_is_text_and_nothing_else),
		calm_test(another_page_can_neither_read_nor_act_nor_frame_it),
		calm_test(the_token_leaves_the_address_bar_and_stays_in_its_tab),
	};

	return cmocka_run_group_tests_name("page", tests, rig_fleet_setup, rig_fleet_teardown);
}
