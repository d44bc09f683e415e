/* A status with usual values, and one in which every field has a value of its own. */
#ifndef STATUS_FIXTURE_H
#define STATUS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <zknginx/err.h>
#include <zknginx/status.h>

#define AT (UINT64_C(1795359845123456)) /* 2026-11-22T15:04:05.123456Z */

static const struct status_problem PROBLEMS[] = {
	{ .problem = { .znode = "/nginx/config/sites/shop",
		       .kind = PROBLEM_FIELD,
		       .message = "says \"no\"\n",
		       .field = "server_names",
		       .line = 7,
		       .serving = SERVING_PREVIOUS },
	  .since = AT },
	{ .problem = { .znode = "/nginx/config/snippets/http/x",
		       .kind = PROBLEM_POLICY,
		       .message = "bytes \xff\xc3\xa4\xe2\x82",
		       .field = "",
		       .serving = SERVING_ABSENT } },
	{ .problem = { .znode = "/nginx/config/sites/two",
		       .kind = PROBLEM_FIELD,
		       .message = "no",
		       .field = "",
		       .serving = SERVING_ABSENT },
	  .since = AT },
};

static inline struct status full(void)
{
	struct status s = {
		.host = "web1",
		.version = "0.1.0",
		.updated = AT,
		.state = STATUS_DEGRADED,
		.revision_seen = "0123456789abcdef",
		.revision_applied = "0123456789abcdef",
		.generation = 42,
		.problems = PROBLEMS,
		.problem_count = ARRAY_SIZE(PROBLEMS),
		.problem_total = ARRAY_SIZE(PROBLEMS),
	};

	s.zookeeper.state = "connected";
	s.zookeeper.server = "127.0.0.1:2181";
	s.zookeeper.session = (int64_t)0xf00000000000001a;
	s.zookeeper.since = AT;
	s.zookeeper.nodes = 10401;
	s.zookeeper.watches = 20802;
	s.zookeeper.reconnects = 3;
	s.zookeeper.requests = 99;
	s.zookeeper.open = "/nginx/config (cdrwa) and 1 other znode";
	s.zookeeper.open_znodes = 2;
	s.nginx.state = NGINX_STATE_RUNNING;
	s.nginx.pid = 812;
	s.nginx.workers = 2;
	s.nginx.old_workers = 1;
	s.nginx.reloads = 17;
	s.nginx.tests = 23;
	s.nginx.test_error = "unknown directive \"oops\"";
	s.nginx.included = STATUS_YES;
	s.nginx.sandbox = "namespace";
	s.deployments.applied = 17;
	s.deployments.rejected = 1;
	s.deployments.last.on = true;
	s.deployments.last.generation = 42;
	s.deployments.last.at = AT;
	s.deployments.last.total_ms = 61.2;
	s.deployments.last.steps_ms[STEP_DECODE] = 0.4;
	return s;
}

static const struct status_slow_start fixture_slow_starts[] = { { "shop", "30s", "on" } };
static const struct status_ramp fixture_ramp = { "shop", "10.0.0.3:80", AT + 8000000,
						 AT + 9000000 };

/* Every field has a value of its own, so that none can be taken for another. */
static inline struct status everything(void)
{
	static const struct status_discovery discovery[] = {
		{ "shop", "/services/shop", "curator", 3 }, { "new", "/services/new", "", 0 }
	};
	static const struct status_update updates[] = {
		{ "shop", "live", NULL },
		{ "api", "reload", "it has no zone" },
	};
	static const struct status_drain drains[] = {
		{ "shop", "10.0.0.1:80", AT + 60000000, 1 },
		{ "shop", "app-1:80", 0, 2 },
	};
	static const struct status_check checks[] = {
		{ "shop", "10.0.0.1:80", "failing", AT + 7000000, true, "answers with status 500" },
		{ "shop", "10.0.0.2:80", "unknown", AT, false, "was not checked yet" },
	};
	static const struct status_alert alerts[] = {
		{ "nginx-down", "", "critical", "nginx does not run: \"why\"", AT + 4000000, 2 },
		{ "fleet-problems", "web2", "warning", "web2 has 3 problems", 0, 0 },
	};
	struct status s = full();

	s.revision_seen = "fedcba9876543210";
	s.discovery = discovery;
	s.discovery_count = ARRAY_SIZE(discovery);
	s.updates = updates;
	s.update_count = ARRAY_SIZE(updates);
	s.nginx.updates = 19;
	s.drains = drains;
	s.drain_count = ARRAY_SIZE(drains);
	s.drain_total = 7;
	s.overrides = 0x1a2b;
	s.checks = checks;
	s.check_count = ARRAY_SIZE(checks);
	s.check_total = 9;
	s.checker.on = true;
	s.checker.passing = 201;
	s.checker.failing = 202;
	s.checker.unknown = 203;
	s.checker.panics = 204;
	s.checker.good = 205;
	s.checker.bad = 206;
	s.checker.late = 207;
	s.checker.sockets = 208;
	s.slow_starts = fixture_slow_starts;
	s.slow_start_count = ARRAY_SIZE(fixture_slow_starts);
	s.ramps = &fixture_ramp;
	s.ramp_count = 1;
	s.ramp_total = 3;
	s.alerts = alerts;
	s.alert_count = ARRAY_SIZE(alerts);
	s.nginx.responding = true;
	s.nginx.deaths = 5;
	s.nginx.drifted = "http.conf";
	s.probe.on = s.probe.answers = true;
	s.probe.requests = 101;
	s.probe.errors = 102;
	s.probe.upstream_errors = 103;
	s.probe.connections = 104;
	s.fleet.member = "member";
	s.fleet.why = "because";
	s.fleet.role = "leading";
	s.fleet.leader = "web1";
	s.rollout.mode = "canary";
	s.rollout.part = "joined";
	s.rollout.phase = "batch";
	s.rollout.paused = true;
	s.rollout.step = 6;
	s.rollout.permitted = "0123456789abcdef";
	s.rollout.why = "the accepted revision";
	s.rollout.verdict = "good";
	s.push.on = true;
	s.push.by = "alice";
	s.push.id = "p-1";
	s.push.time = AT + 5000000;
	s.push.left = 12;
	s.change = (struct status_change){ .on = true,
					   .zxid = 0x2a,
					   .newest = 0x2c,
					   .znode = "/nginx/config/sites/shop",
					   .znodes = 3,
					   .generation = 42,
					   .committed = AT - 61000,
					   .total_ms = 61.5,
					   .waited_ms = 4.25,
					   .clocks_differ = true,
					   .text = "this edit took 61 ms: …" };
	s.trust.on = true;
	s.trust.require = "all";
	s.trust.state = "unknown-key";
	s.trust.key = "0123456789abcdef";
	s.trust.why = "it is signed with another key";
	s.trust.serial = 42;
	s.trust.last = 41;
	s.deployments.rolled_back = 8;
	for (int i = 0; i < STEP_N; i++)
		s.deployments.last.steps_ms[i] = i + 0.5 + 0.001 * i;
	return s;
}

#endif
