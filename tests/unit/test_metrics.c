/*
 * The metrics: what the numbers become, in both formats, and that the documents which name metrics
 * (the man page, the alerting rules, the dashboard) name those that exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <zknginx/err.h>
#include <zknginx/status.h>

#include "core/decode/decode_cache.h"
#include "core/status/accept.h"
#include "core/status/census.h"
#include "core/status/edit.h"
#include "core/status/openmetrics.h"
#include "core/status/state.h"
#include "file_fixture.h"

#define MANUAL "conf/man/zknginxd.8"
#define RULES "conf/prometheus/alerts.yml"
#define RULES_TEST "conf/prometheus/alerts_test.yml"
#define DASHBOARD "conf/grafana/zknginx.json"

static const char *result_name(unsigned result)
{
	static const char *const names[] = { "unchanged", "applied", "refused" };

	return names[result];
}

/* A host that has everything that can be shown. */
static struct status everything(void)
{
	static struct deployment_numbers deployments[DEPLOYMENT_KIND_N];
	static struct histogram seconds;
	static struct config_numbers config;
	static const struct server_numbers server = { "shop", "10.0.0.1:80", 3, 1, 1 };
	struct status s = { .host = "web1", .version = "1", .revision_seen = "0123456789abcdef" };

	memset(&seconds, 0, sizeof(seconds));
	histogram_add(&seconds, 0.004);
	deployments[DEPLOYMENT_RELOAD].results[1] = 17;
	deployments[DEPLOYMENT_RELOAD].total = seconds;
	deployments[DEPLOYMENT_SERVERS].results[1] = 18;
	config.sites = 2;
	config.upstreams = 3;
	config.total.servers = 9;
	config.count = 1;
	config.upstream[0] = (struct upstream_numbers){ "sh\"op", 4, 3, 0, 1, 2, 8, 5, 6 };
	s.nginx.included = STATUS_YES;
	s.rollout.phase = "canary";
	s.zookeeper.state = "connected";
	s.probe.on = s.push.on = s.trust.on = s.deployments.last.on = s.change.on = true;
	s.checker.on = true;
	s.numbers.deployments = deployments;
	s.numbers.result_name = result_name;
	s.numbers.result_count = 3;
	s.numbers.changes = s.numbers.tests_passed = s.numbers.tests_refused = &seconds;
	s.numbers.zookeeper.beats = &seconds;
	s.numbers.zookeeper.zxid = 0x100000007;
	s.numbers.zookeeper.received = 4096;
	s.numbers.config = &config;
	s.numbers.http_servers = (struct server_numbers_list){ &server, 1 };
	s.numbers.memory.old_workers = 8192;
	s.numbers.leader.leads = true;
	s.numbers.leader.hosts_done = 7;
	s.numbers.process.cpu = 1.5;
	return s;
}

static char *metrics_of(const struct status *s)
{
	struct buf out = BUF_INIT;

	status_write_metrics(s, &out);
	return buf_take(&out);
}

static char *older_of(const char *metrics)
{
	struct buf out = BUF_INIT;

	openmetrics_as_text(metrics, &out);
	return buf_take(&out);
}

static void assert_line(const char *text, const char *line)
{
	CLEANUP(freep) char *whole = xasprintf("\n%s\n", line);

	if (!strstr(text, whole))
		fail_msg("no line \"%s\" in\n%s", line, text);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void numbers_become_samples(void **state UNUSED)
{
	struct status s = everything();
	CLEANUP(freep) char *text = metrics_of(&s);

	assert_line(text,
		    "zknginx_deployment_results_total{kind=\"reload\",result=\"applied\"} 17");
	assert_line(text,
		    "zknginx_deployment_results_total{kind=\"servers\",result=\"applied\"} 18");
	assert_line(text, "zknginx_deployment_duration_seconds_count{kind=\"reload\"} 1");
	assert_line(text, "zknginx_nginx_test_duration_seconds_sum{result=\"passed\"} 0.004");
	assert_line(text, "zknginx_nginx_resident_memory_bytes{process=\"old_workers\"} 8192");
	assert_line(text, "zknginx_upstream_servers{upstream=\"sh\\\"op\"} 4");
	assert_line(text, "zknginx_upstream_usable{upstream=\"sh\\\"op\"} 3");
	assert_line(text, "zknginx_upstream_held{upstream=\"sh\\\"op\"} 1");
	assert_line(text, "zknginx_upstream_drained{upstream=\"sh\\\"op\"} 2");
	assert_line(text, "zknginx_upstream_failing{upstream=\"sh\\\"op\"} 8");
	assert_line(text, "zknginx_upstream_found{upstream=\"sh\\\"op\"} 5");
	assert_line(text, "zknginx_upstream_left_out{upstream=\"sh\\\"op\"} 6");
	assert_line(text, "zknginx_upstream_server_connections{protocol=\"http\",upstream="
			  "\"shop\",server=\"10.0.0.1:80\"} 3");
	assert_line(text, "zknginx_upstream_server_failures{protocol=\"http\",upstream=\"shop\","
			  "server=\"10.0.0.1:80\"} 1");
	assert_line(text, "zknginx_upstream_server_available{protocol=\"http\",upstream=\"shop\","
			  "server=\"10.0.0.1:80\"} 1");
	assert_line(text, "zknginx_servers 9");
	assert_line(text, "zknginx_upstreams_unlisted 2");
	assert_line(text, "zknginx_zookeeper_zxid 4294967303");
	assert_line(text, "zknginx_zookeeper_received_bytes_total 4096");
	assert_line(text, "# UNIT zknginx_zookeeper_received_bytes bytes");
	assert_line(text, "zknginx_zookeeper_session_state{state=\"connected\"} 1");
	assert_line(text, "zknginx_rollout_phase{phase=\"canary\"} 1");
	assert_line(text, "zknginx_rollout_phase{phase=\"idle\"} 0");
	assert_line(text, "zknginx_rollout_hosts_done 7");
	assert_line(text, "zknginx_process_cpu_seconds_total 1.5");
}

static void a_host_that_does_not_lead_knows_nothing_of_the_fleet(void **state UNUSED)
{
	struct status s = everything();
	CLEANUP(freep) char *text = NULL;

	s.numbers.leader.leads = false;
	text = metrics_of(&s);
	assert_null(strstr(text, "zknginx_rollout_hosts"));
	assert_null(strstr(text, "zknginx_fleet_members"));
}

/* As of a report that was read from JSON. */
static void a_status_without_numbers_can_be_written(void **state UNUSED)
{
	struct status s = { .state = STATUS_WAITING };
	CLEANUP(freep) char *text = metrics_of(&s);

	assert_line(text, "zknginx_servers 0");
	assert_null(strstr(text, "_bucket"));
}

static void buckets_of_a_histogram_add_up(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	struct histogram h = { .sum = 0 };

	histogram_add(&h, 0.001);
	histogram_add(&h, 0.0011);
	histogram_add(&h, 3);
	histogram_add(&h, 61);
	openmetrics_histogram(&out, "x_seconds", NULL, 0, &h);
	assert_memory_equal(buf_str(&out), "zknginx_x_seconds_bucket{le=\"0.001\"} 1\n", 39);
	assert_line(buf_str(&out), "zknginx_x_seconds_bucket{le=\"0.0025\"} 2");
	assert_line(buf_str(&out), "zknginx_x_seconds_bucket{le=\"1.0\"} 2");
	assert_line(buf_str(&out), "zknginx_x_seconds_bucket{le=\"5.0\"} 3");
	assert_line(buf_str(&out), "zknginx_x_seconds_bucket{le=\"60.0\"} 3");
	assert_line(buf_str(&out), "zknginx_x_seconds_bucket{le=\"+Inf\"} 4");
	assert_line(buf_str(&out), "zknginx_x_seconds_count 4");
	assert_line(buf_str(&out), "zknginx_x_seconds_sum 64.0021");
}

static void alerts_are_listed_up_to_a_limit_and_all_counted(void **state UNUSED)
{
	static struct status_alert alerts[NUMBERS_ALERTS_MOST + 5];
	struct status s = everything();
	CLEANUP(freep) char *text = NULL;
	size_t samples = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alerts); i++)
		alerts[i] = (struct status_alert){ .key = "fleet-problems",
						   .subject = "web",
						   .severity = i ? "warning" : "critical" };
	s.alerts = alerts;
	s.alert_count = ARRAY_SIZE(alerts);
	text = metrics_of(&s);
	for (const char *at = text; (at = strstr(at, "\nzknginx_alert{")); at++)
		samples++;
	assert_int_equal(samples, NUMBERS_ALERTS_MOST);
	assert_line(text, "zknginx_alerts{severity=\"critical\"} 1");
	assert_line(text, "zknginx_alerts{severity=\"warning\"} 204");
}

/* --- the census ------------------------------------------------------------------------------- */

static void a_server_is_usable_unless_it_is_down_drained_failing_or_backup(void **state UNUSED)
{
	const struct discover found = { .left_out = 3 };
	struct server servers[] = {
		{ .address = "a" },
		{ .address = "b", .params.down = true },
		{ .address = "c", .drained = true },
		{ .address = "d", .params.backup = true },
		{ .address = "e", .held = true, .discover = &found },
		{ .address = "f", .failing = true },
	};
	struct discover discovers[] = { found };
	const struct upstream empty = { .name = "empty" };
	const struct upstream shop = { .name = "shop",
				       .servers = servers,
				       .server_count = ARRAY_SIZE(servers),
				       .discovers = discovers,
				       .discover_count = 1 };
	const struct upstream *upstreams[] = { &empty, &shop };
	const struct model m = { .upstreams = upstreams, .upstream_count = 2, .site_count = 4 };
	static struct config_numbers n;

	census_take(&m, &n);
	assert_int_equal(n.sites, 4);
	assert_int_equal(n.upstreams, 2);
	assert_int_equal(n.empty, 1);
	assert_int_equal(n.count, 2);
	assert_string_equal(n.upstream[1].name, "shop");
	assert_int_equal(n.upstream[1].servers, 6);
	assert_int_equal(n.upstream[1].usable, 2);
	assert_int_equal(n.upstream[1].backup, 1);
	assert_int_equal(n.total.held, 1);
	assert_int_equal(n.total.drained, 1);
	assert_int_equal(n.total.failing, 1);
	assert_int_equal(n.total.found, 1);
	assert_int_equal(n.total.left_out, 3);
}

/* It is counted once, and what was made of it since is counted anew. */
static void the_census_of_a_decoded_upstream_is_kept(void **state UNUSED)
{
	struct server servers[] = { { .address = "a" }, { .address = "b" } };
	struct upstream u = { .name = "shop", .servers = servers, .server_count = 2 };
	const struct upstream *list[] = { &u };
	const struct model m = { .upstreams = list, .upstream_count = 1 };
	struct decoded *d = decoded_new();
	static struct config_numbers n;

	d->upstream = u;
	u.decoded = d;
	census_take(&m, &n);
	assert_int_equal(n.total.usable, 2);
	servers[1].drained = true;
	census_take(&m, &n);
	assert_int_equal(n.total.usable, 2);
	assert_string_equal(n.upstream[0].name, "shop");
	u.decoded = NULL;
	census_take(&m, &n);
	assert_int_equal(n.total.usable, 1);
	assert_int_equal(n.total.drained, 1);
	decoded_unref(d);
}

static void more_upstreams_than_the_limit_are_counted_but_not_listed(void **state UNUSED)
{
	static const struct upstream *upstreams[NUMBERS_UPSTREAMS_MOST + 10];
	struct server one = { .address = "a" };
	const struct upstream u = { .name = "u", .servers = &one, .server_count = 1 };
	const struct model m = { .upstreams = upstreams, .upstream_count = ARRAY_SIZE(upstreams) };
	static struct config_numbers n;

	for (size_t i = 0; i < ARRAY_SIZE(upstreams); i++)
		upstreams[i] = &u;
	census_take(&m, &n);
	assert_int_equal(n.count, NUMBERS_UPSTREAMS_MOST);
	assert_int_equal(n.total.servers, NUMBERS_UPSTREAMS_MOST + 10);
}

/* --- the trace of an edit --------------------------------------------------------------------- */

static struct tree *tree_of(const struct znode *znodes, size_t count)
{
	struct tree_builder b;

	tree_builder_init(&b);
	for (size_t i = 0; i < count; i++)
		tree_builder_add(&b, &znodes[i]);
	return tree_builder_finish(&b);
}

static const struct znode znodes[] = {
	{ .path = "/c", .data = "", .mzxid = 1, .pzxid = 12, .mtime = 1000 },
	{ .path = "/c/a", .data = "", .mzxid = 11, .czxid = 3, .pzxid = 3, .mtime = 5000 },
	{ .path = "/c/b", .data = "", .mzxid = 12, .czxid = 12, .pzxid = 12, .mtime = 6000 },
	{ .path = "/c/d", .data = "", .mzxid = 9, .czxid = 9, .pzxid = 9, .mtime = 4000 },
};

static void the_first_transaction_that_is_not_deployed_is_the_cause(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = tree_of(znodes, ARRAY_SIZE(znodes));
	struct edit e = edit_find(t, 10);

	assert_int_equal(edit_newest(t), 12);
	assert_int_equal(e.first, 11);
	assert_int_equal(e.newest, 12);
	assert_string_equal(e.znode, "/c/a");
	assert_int_equal(e.znodes, 2);
	assert_true(e.committed == 5 * USEC_PER_SEC);
	assert_int_equal(edit_find(t, 12).first, 0);
	assert_int_equal(edit_find(t, 0).first, 0); /* the first deployment since the start */
}

static void a_created_znode_says_more_than_its_parent(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = tree_of(znodes, ARRAY_SIZE(znodes));
	struct edit e = edit_find(t, 11);

	assert_int_equal(e.first, 12);
	assert_string_equal(e.znode, "/c/b");
	assert_true(e.committed == 6 * USEC_PER_SEC);
}

static void a_deletion_has_a_transaction_but_no_time(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = tree_of(znodes, 2);
	struct edit e = edit_find(t, 11);

	assert_int_equal(e.first, 12);
	assert_string_equal(e.znode, "/c");
	assert_int_equal(e.znodes, 1);
	assert_true(e.committed == 0);
}

static const double steps[STEP_N] = { [STEP_DECODE] = 1, [STEP_CHECK] = 40, [STEP_VERIFY] = 12.5 };

static void the_time_of_an_edit_counts_from_its_commit(void **state UNUSED)
{
	const struct edit e = { 11, 12, "/c/a", 5 * USEC_PER_SEC, 2 };
	const struct edit_times t = { 5 * USEC_PER_SEC + 7000, steps, 54 };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct status_change s;

	edit_measure(&e, &t, 9, &text, &s);
	assert_true(s.total_ms == 61 && s.waited_ms == 7 && !s.clocks_differ);
	assert_string_equal(s.text, "this edit took 61 ms: 7 ms until it was read and its turn "
				    "came, decode 1.0 ms, check 40.0 ms, verify 12.5 ms");
	edit_print(&s, &t, "reload", "applied", &line);
	assert_string_equal(buf_str(&line),
			    "change: zxid=0xb newest=0xc znode=/c/a znodes=2 generation=9 "
			    "kind=reload result=applied total_ms=61.0 waited_ms=7.0 decode_ms=1.0 "
			    "render_ms=0.0 stage_ms=0.0 check_ms=40.0 publish_ms=0.0 "
			    "signal_ms=0.0 verify_ms=12.5");
}

static void a_commit_in_the_future_shows_that_clocks_differ(void **state UNUSED)
{
	const struct edit e = { 11, 12, "/c/a", 9 * USEC_PER_SEC, 2 };
	const struct edit_times t = { 5 * USEC_PER_SEC, steps, 54 };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct status_change s;

	edit_measure(&e, &t, 9, &text, &s);
	assert_true(s.total_ms == 54 && s.clocks_differ);
	assert_non_null(strstr(s.text, "ZooKeeper's clock is ahead of this host's"));
	edit_print(&s, &t, "reload", "applied", &line);
	assert_non_null(strstr(buf_str(&line), " waited_ms=unknown(clocks-differ) "));
}

static void a_deletion_counts_from_the_beginning_of_its_run(void **state UNUSED)
{
	const struct edit e = { 11, 12, "/c", 0, 1 };
	const struct edit_times t = { 5 * USEC_PER_SEC, steps, 54 };
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct status_change s;

	edit_measure(&e, &t, 9, &text, &s);
	assert_true(s.total_ms == 54 && !s.clocks_differ);
	assert_string_equal(s.text,
			    "this edit took 54 ms from the beginning of its run (a deletion "
			    "has no time in ZooKeeper): decode 1.0 ms, check 40.0 ms, "
			    "verify 12.5 ms");
}

/* --- ready ------------------------------------------------------------------------------------ */

static void a_host_is_ready_while_nginx_serves_whatever_zookeeper_does(void **state UNUSED)
{
	struct status s = { .state = STATUS_DISCONNECTED, .revision_applied = "01" };

	s.nginx.state = NGINX_STATE_RUNNING;
	s.nginx.responding = true;
	s.nginx.workers = 2;
	assert_null(status_not_ready(&s));
	s.state = STATUS_REJECTED;
	assert_null(status_not_ready(&s));
	s.nginx.included = STATUS_NO;
	assert_non_null(strstr(status_not_ready(&s), "does not include"));
	s.nginx.included = STATUS_YES;
	s.revision_applied = "";
	assert_non_null(strstr(status_not_ready(&s), "any revision"));
	s.nginx.workers = 0;
	assert_non_null(strstr(status_not_ready(&s), "no workers"));
	s.nginx.state = NGINX_STATE_DOWN;
	assert_string_equal(status_not_ready(&s), "nginx does not run");
}

/* --- formats ---------------------------------------------------------------------------------- */

static void the_older_format_names_samples_in_its_heads(void **state UNUSED)
{
	struct status s = everything();
	CLEANUP(freep) char *text = metrics_of(&s);
	CLEANUP(freep) char *older = older_of(text);

	assert_memory_equal(older, "# TYPE zknginx_build_info gauge\n", 32);
	assert_line(older, "# HELP zknginx_build_info The daemon's version.");
	assert_line(older, "zknginx_build_info{version=\"1\"} 1");
	assert_line(older, "# TYPE zknginx_nginx_reloads_total counter");
	assert_line(older, "# HELP zknginx_nginx_reloads_total Reloads requested from the master "
			   "process.");
	assert_line(older, "# TYPE zknginx_zookeeper_sent_bytes_total counter");
	assert_line(older, "# UNIT zknginx_zookeeper_sent_bytes_total bytes");
	assert_line(older, "# TYPE zknginx_change_duration_seconds histogram");
	assert_line(older, "# TYPE zknginx_generation gauge");
	assert_string_equal(older + strlen(older) - 6, "# EOF\n");
}

static void openmetrics_is_written_for_clients_that_prefer_it(void **state UNUSED)
{
	assert_true(accepts_openmetrics(
		"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		"version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
	assert_true(accepts_openmetrics("Application/OpenMetrics-Text ; Version=\"1.0.0\""));
	assert_true(accepts_openmetrics(
		"text/plain;q=0.3, application/openmetrics-text;version=1.0.0;q=0.6"));
	assert_false(accepts_openmetrics(
		"application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5"));
	assert_false(accepts_openmetrics("application/openmetrics-text;q=0.2,text/plain;q=0.5"));
	assert_false(accepts_openmetrics("application/openmetrics-text;q=0"));
	assert_false(accepts_openmetrics("application/openmetrics-textual"));
	assert_false(accepts_openmetrics("text/html, */*"));
	assert_false(accepts_openmetrics(",;q=,;"));
	assert_false(accepts_openmetrics(""));
	assert_false(accepts_openmetrics(NULL));
}

/* Each family has a TYPE and a HELP that ends in a full stop, and a UNIT where its name has one;
 * its name is that of no other. */
static void each_family_has_its_whole_head_once(void **state UNUSED)
{
	static const char *const units[] = { "seconds", "bytes" };
	struct status s = everything();
	CLEANUP(freep) char *text = metrics_of(&s);

	for (char *at = text; (at = strstr(at, "# TYPE ")); at++) {
		CLEANUP(freep) char *name = strndup(at + 7, strcspn(at + 7, " "));
		CLEANUP(freep) char *type = xasprintf("# TYPE %s ", name);
		CLEANUP(freep) char *help = xasprintf("\n# HELP %s ", name);
		const char *said = strstr(at, help);

		assert_null(strstr(at + 1, type));
		assert_non_null(said);
		assert_int_equal(said[1 + strcspn(said + 1, "\n") - 1], '.');
		for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
			CLEANUP(freep) char *unit = xasprintf("\n# UNIT %s %s\n", name, units[i]);
			size_t size = strlen(name), end = strlen(units[i]);
			bool has = size > end && strcmp(name + size - end, units[i]) == 0;

			assert_int_equal(strstr(at, unit) != NULL, has);
		}
	}
}

/* --- documents -------------------------------------------------------------------------------- */

static bool is_family(const char *older, const char *name)
{
	CLEANUP(freep) char *head = xasprintf("# TYPE %s ", name);

	return strstr(older, head);
}

/* A name as a query has it: a family, or one of a histogram's series. */
static bool exists(const char *older, char *name)
{
	static const char *const suffixes[] = { "_bucket", "_count", "_sum" };

	if (is_family(older, name))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t size = strlen(name), end = strlen(suffixes[i]);
		CLEANUP(freep) char *type = NULL;

		if (size <= end || strcmp(name + size - end, suffixes[i]) != 0)
			continue;
		type = xasprintf("# TYPE %.*s histogram\n", (int)(size - end), name);
		return strstr(older, type);
	}
	return false;
}

static size_t look_at_names(const char *path, const char *older)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	CLEANUP(freep) char *text = read_file(path);
	size_t found = 0;

	for (const char *at = text; (at = strstr(at, "zknginx_")); at++) {
		CLEANUP(freep) char *name = strndup(at, strspn(at, letters));

		if (!exists(older, name))
			fail_msg("%s: there is no metric %s", path, name);
		found++;
	}
	return found;
}

static void rules_and_dashboard_name_metrics_that_exist(void **state UNUSED)
{
	struct status s = everything();
	CLEANUP(freep) char *text = metrics_of(&s);
	CLEANUP(freep) char *older = NULL;

	s.alerts = &(struct status_alert){ .key = "a", .subject = "b", .severity = "warning" };
	s.alert_count = 1;
	older = older_of(text);
	assert_true(look_at_names(RULES, older) > 20);
	assert_true(look_at_names(RULES_TEST, older) > 20);
	assert_true(look_at_names(DASHBOARD, older) > 30);
}

/* ".It Ic zknginx_generation Pq gauge" */
static void the_manual_lists_each_metric_with_its_type(void **state UNUSED)
{
	struct status s = everything();
	CLEANUP(freep) char *text = metrics_of(&s);
	CLEANUP(freep) char *older = older_of(text);
	CLEANUP(freep) char *manual = read_file(MANUAL);
	size_t there = 0, listed = 0;

	for (const char *at = older; (at = strstr(at, "# TYPE ")); at++, there++) {
		char name[128], type[16];
		CLEANUP(freep) char *item = NULL;

		assert_int_equal(sscanf(at, "# TYPE %127s %15s", name, type), 2);
		item = xasprintf("\n.It Ic %s Pq %s\n", name, type);
		if (!strstr(manual, item))
			fail_msg("%s: no line%s", MANUAL, item);
	}
	for (const char *at = manual; (at = strstr(at, "\n.It Ic zknginx_")); at++)
		listed++;
	assert_int_equal(listed, there);
}

/* --- the dashboard ---------------------------------------------------------------------------- */

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("%s: no string \"%s\"", DASHBOARD, key);
	return text;
}

static long number_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s: no integer \"%s\"", DASHBOARD, key);
	return (long)json_integer_value(value);
}

struct rectangle {
	long x, y, w, h;
};

static struct rectangle place_of(json_t *panel)
{
	json_t *grid = json_object_get(panel, "gridPos");
	struct rectangle r = { number_of(grid, "x"), number_of(grid, "y"), number_of(grid, "w"),
			       number_of(grid, "h") };

	assert_true(r.x >= 0 && r.y >= 0 && r.w > 0 && r.h > 0 && r.x + r.w <= 24);
	return r;
}

static bool overlap(const struct rectangle *a, const struct rectangle *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static void look_at_queries(json_t *panel)
{
	json_t *targets = json_object_get(panel, "targets"), *t, *u;
	size_t i, j;

	assert_true(json_array_size(targets) > 0);
	json_array_foreach(targets, i, t)
	{
		assert_non_null(strstr(text_of(t, "expr"), "{"));
		json_array_foreach(targets, j, u)
		{
			if (i != j)
				assert_string_not_equal(text_of(t, "refId"), text_of(u, "refId"));
		}
	}
	assert_string_equal(text_of(json_object_get(panel, "datasource"), "uid"), "${datasource}");
	assert_true(strlen(text_of(panel, "description")) > 5);
}

/* "$instance": each variable of a query is one of the dashboard's, or one of Grafana's own. */
static void look_at_variables(json_t *dashboard)
{
	json_t *list = json_object_get(json_object_get(dashboard, "templating"), "list"), *v;
	CLEANUP(freep) char *text = json_dumps(dashboard, JSON_COMPACT);
	size_t i, length;

	for (const char *at = text; (at = strchr(at, '$')); at++) {
		const char *name = at + 1 + (at[1] == '{');
		bool known = strncmp(name, "__rate_interval", 15) == 0 ||
			     strncmp(name, "__interval", 10) == 0 || strncmp(name, "__all", 5) == 0;

		json_array_foreach(list, i, v)
		{
			length = strlen(text_of(v, "name"));
			known = known || strncmp(name, text_of(v, "name"), length) == 0;
		}
		if (!known)
			fail_msg("%s: no variable \"%.20s\"", DASHBOARD, name);
	}
}

static void the_dashboard_has_what_grafana_needs(void **state UNUSED)
{
	json_t *d = json_load_file(DASHBOARD, JSON_REJECT_DUPLICATES, NULL), *panels, *p, *q;
	size_t i, j;

	assert_non_null(d);
	assert_string_equal(text_of(d, "uid"), "zknginx");
	assert_true(*text_of(d, "title"));
	assert_true(number_of(d, "schemaVersion") >= 36);
	assert_null(json_object_get(d, "id")); /* Grafana gives it one */
	panels = json_object_get(d, "panels");
	json_array_foreach(panels, i, p)
	{
		struct rectangle a = place_of(p);

		assert_true(*text_of(p, "title"));
		if (strcmp(text_of(p, "type"), "row") != 0)
			look_at_queries(p);
		json_array_foreach(panels, j, q)
		{
			struct rectangle b = place_of(q);

			assert_true(i == j ||
				    (number_of(p, "id") != number_of(q, "id") && !overlap(&a, &b)));
		}
	}
	look_at_variables(d);
	json_decref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_become_samples),
		cmocka_unit_test(a_host_that_does_not_lead_knows_nothing_of_the_fleet),
		cmocka_unit_test(a_status_without_numbers_can_be_written),
		cmocka_unit_test(buckets_of_a_histogram_add_up),
		cmocka_unit_test(alerts_are_listed_up_to_a_limit_and_all_counted),
		cmocka_unit_test(a_server_is_usable_unless_it_is_down_drained_failing_or_backup),
		cmocka_unit_test(the_census_of_a_decoded_upstream_is_kept),
		cmocka_unit_test(more_upstreams_than_the_limit_are_counted_but_not_listed),
		cmocka_unit_test(the_first_transaction_that_is_not_deployed_is_the_cause),
		cmocka_unit_test(a_created_znode_says_more_than_its_parent),
		cmocka_unit_test(a_deletion_has_a_transaction_but_no_time),
		cmocka_unit_test(the_time_of_an_edit_counts_from_its_commit),
		cmocka_unit_test(a_commit_in_the_future_shows_that_clocks_differ),
		cmocka_unit_test(a_deletion_counts_from_the_beginning_of_its_run),
		cmocka_unit_test(a_host_is_ready_while_nginx_serves_whatever_zookeeper_does),
		cmocka_unit_test(the_older_format_names_samples_in_its_heads),
		cmocka_unit_test(openmetrics_is_written_for_clients_that_prefer_it),
		cmocka_unit_test(each_family_has_its_whole_head_once),
		cmocka_unit_test(rules_and_dashboard_name_metrics_that_exist),
		cmocka_unit_test(the_manual_lists_each_metric_with_its_type),
		cmocka_unit_test(the_dashboard_has_what_grafana_needs),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
