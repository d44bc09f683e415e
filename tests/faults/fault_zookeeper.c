/* Faults of ZooKeeper and of the session: Z1 … Z21. */
#include <stdlib.h>
#include <sys/stat.h>

#include <zknginx/buf.h>

#include "ground.h"

#define SESSION (4 * USEC_PER_SEC) /* as rig_host.c sets it */

static bool is(struct ground *g, const char *state)
{
	return rig_host_is(&g->host, state);
}

static bool has_alert(struct ground *g, const char *key)
{
	return rig_host_has_alert(&g->host, key);
}

static void no_zookeeper_at_the_first_boot(struct ground *g)
{
	rig_zookeeper_kill(g->host.zookeeper);
	rig_host_start_daemon(&g->host);
	eventually(NULL, rig_host_live(&g->host, "http.conf"));
	rig_nginx_start(&g->host.nginx);
	fault(g);
	g->load = load_start(g->host.nginx.port, "rig");
	g->invariants = invariants_start(&g->host.nginx, g->host.nginx.port);
	detects(g, is(g, "disconnected") && has_alert(g, "zookeeper-lost"));
	lasts(g, 2 * USEC_PER_SEC);
	assert_int_equal(ground_reloads(g), 0);
	rig_zookeeper_restart(g->host.zookeeper);
	heals(g);
	ground_connect(g);
	recovers_with_an_edit(g);
}

static void no_zookeeper_at_a_later_boot(struct ground *g)
{
	rig_zookeeper_kill(g->host.zookeeper);
	fault(g);
	ground_restart_daemon(g, SIGKILL);
	detects(g, is(g, "disconnected") && has_alert(g, "zookeeper-lost"));
	assert_int_equal(ground_reloads(g), 0);
	rig_zookeeper_restart(g->host.zookeeper);
	heals(g);
	ground_connect(g);
	recovers_with_an_edit(g);
	assert_int_equal(ground_reloads(g), 1);
}

static void the_ensemble_is_dead(struct ground *g)
{
	double cpu;
	size_t log;

	rig_zookeeper_kill(g->host.zookeeper);
	fault(g);
	detects(g, is(g, "disconnected") && has_alert(g, "zookeeper-lost"));
	cpu = usage_cpu(g->host.daemon);
	log = ground_log_size(g);
	lasts(g, 40 * USEC_PER_SEC);
	cpu = (usage_cpu(g->host.daemon) - cpu) / 40;
	log = ground_log_size(g) - log;
	notes(g, "40 s in place of 30 min; CPU %.2f %%, %zu bytes of log; ", 100 * cpu, log);
	assert_true(cpu < 0.01);
	assert_true(log < 4096);
	rig_zookeeper_restart(g->host.zookeeper);
	heals(g);
	recovers(g, is(g, "applied"));
	assert_true(g->recover < 2 * (double)SESSION / 1e6);
	assert_int_equal(ground_reloads(g), 0);
	ground_connect(g);
	recovers_with_an_edit(g);
}

static void the_servers_pause_is_shorter_than_the_session(struct ground *g)
{
	int64_t owner = rig_zk_owner(g->host.zk, FAULT_CLUSTER "/members/web1");

	rig_zookeeper_pause(g->host.zookeeper);
	fault(g);
	lasts(g, SESSION / 2);
	assert_false(ground_has_alerts(g));
	rig_zookeeper_resume(g->host.zookeeper);
	heals(g);
	recovers_with_an_edit(g);
	assert_int_equal(rig_zk_owner(g->host.zk, FAULT_CLUSTER "/members/web1"), owner);
	notes(g, "0.5 of the session; ");
}

static void the_daemons_pause_is_longer_than_the_session(struct ground *g)
{
	kill(g->host.daemon, SIGSTOP);
	fault(g);
	eventually(NULL, !rig_zk_exists(g->host.zk, FAULT_CLUSTER "/members/web1"));
	lasts(g, SESSION);
	kill(g->host.daemon, SIGCONT);
	heals(g);
	recovers(g, rig_zk_exists(g->host.zk, FAULT_CLUSTER "/members/web1"));
	recovers_with_an_edit(g);
	assert_int_equal(ground_reloads(g), 1);
}

static void everything_is_deleted(struct ground *g)
{
	fault(g);
	rig_zk_delete_all(g->host.zk, "/nginx");
	detects(g, is(g, "held") && has_alert(g, "config-held"));
	lasts(g, 2 * USEC_PER_SEC);
	assert_int_equal(ground_reloads(g), 0);
	assert_false(rig_zk_exists(g->host.zk, FAULT_CONFIG));
	assert_true(ground_serves(g));
	rig_zk_create(g->host.zk, FAULT_CONFIG, NULL);
	heals(g);
	recovers_with_an_edit(g);
}

static void reading_is_denied(struct ground *g)
{
	unsigned long requests;

	rig_zk_auth(g->host.zk, "digest", "operator:secret");
	fault(g);
	rig_zk_restrict(g->host.zk, FAULT_CONFIG "/sites/s", true);
	ground_edit(g);
	g->edit--; /* nobody may see it, and ZooKeeper tells nobody: a start reads it */
	ground_restart_daemon(g, SIGTERM);
	detects(g,
		rig_host_has_problem(&g->host, FAULT_CONFIG "/sites/s", "access", "previous", ""));
	requests = (unsigned long)rig_host_status_number(&g->host, "zookeeper.requests");
	lasts(g, 3 * USEC_PER_SEC);
	requests = (unsigned long)rig_host_status_number(&g->host, "zookeeper.requests") - requests;
	assert_true(requests < 300);
	assert_true(ground_serves(g));
	assert_int_equal(ground_reloads(g), 0);
	rig_zk_restrict(g->host.zk, FAULT_CONFIG "/sites/s", false);
	heals(g);
	g->edit++;
	recovers_with_an_edit(g);
	notes(g, "%lu requests in 3 s; ", requests);
}

/* The server knows no such scheme: it refuses the session for good. */
static void the_credentials_are_refused(struct ground *g)
{
	static char setting[512];
	char *file = rig_path("auth");
	double cpu;

	fault(g);
	rig_write(file, "nosuchscheme user:password\n");
	assert_int_equal(chmod(file, 0600), 0);
	snprintf(setting, sizeof(setting), "auth_file = \"%s\";", file);
	rig_host_stop_daemon(&g->host, SIGTERM);
	g->host.zookeeper_settings = setting;
	rig_host_settings(&g->host, FAULT_ALERTS);
	rig_host_start_daemon(&g->host);
	detects(g, has_alert(g, "zookeeper-lost") && strstr(rig_read(g->host.log), "credentials"));
	cpu = usage_cpu(g->host.daemon);
	lasts(g, 4 * USEC_PER_SEC);
	cpu = (usage_cpu(g->host.daemon) - cpu) / 4;
	notes(g, "CPU %.2f %%; ", 100 * cpu);
	assert_true(cpu < 0.05);
	rig_write(file, "digest operator:secret\n");
	heals(g);
	recovers_with_an_edit(g);
}

static void a_thousand_writes_a_second_between_read_and_watch(struct ground *g)
{
	uint64_t until = rig_now() + 10 * USEC_PER_SEC;
	unsigned writes = 0;

	rig_zk_create(g->host.zk, FAULT_CONFIG "/snippets/http/fast",
		      "map $uri $fast { default first; }\n");
	fault(g);
	while (rig_now() < until) {
		char data[64];

		snprintf(data, sizeof(data), "map $uri $fast { default %u; }\n", writes++);
		rig_zk_send_set(g->host.zk, FAULT_CONFIG "/snippets/http/fast", data);
		if (writes % 10 == 0)
			rig_wait(NULL, 5000);
	}
	rig_zk_drain(g->host.zk);
	heals(g);
	rig_zk_set(g->host.zk, FAULT_CONFIG "/snippets/http/fast",
		   "map $uri $fast { default last; }\n");
	recovers_with_an_edit(g);
	assert_non_null(strstr(rig_host_live(&g->host, "http.conf"), "default last"));
	notes(g, "%u writes in 10 s, %u reloads; ", writes, ground_reloads(g));
	assert_true(ground_reloads(g) < 110);
}

static void a_push_of_many_znodes_dies_halfway(struct ground *g)
{
	char path[128];

	fault(g);
	rig_zk_create(g->host.zk, FAULT_CONFIG "/sites/half",
		      "{\"listen\":[\"127.0.0.1:1\"],\"server_names\":[\"half\"],\"locations\":"
		      "[{\"path\":\"/\",\"proxy\":\"u9\"}]}");
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), FAULT_CONFIG "/upstreams/u%d/127.0.0.1:80", i);
		rig_zk_create(g->host.zk, path, "");
	}
	detects(g, rig_host_problem_count(&g->host) == 1);
	assert_null(strstr(rig_host_live(&g->host, "http.conf"), "half"));
	assert_true(ground_serves(g));
	rig_zk_delete_all(g->host.zk, FAULT_CONFIG "/upstreams");
	rig_zk_delete_all(g->host.zk, FAULT_CONFIG "/sites/half");
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "znodes without their upstream: named, left out; ");
}

static void a_znode_of_a_megabyte(struct ground *g)
{
	CLEANUP(buf_fini) struct buf big = BUF_INIT;

	fault(g);
	buf_puts(&big, "#");
	while (big.size <= 1100 * 1000)
		buf_puts(&big, " much too much");
	rig_zk_create(g->host.zk, FAULT_CONFIG "/snippets/http/big", big.data);
	detects(g, rig_host_has_problem(&g->host, FAULT_CONFIG "/snippets/http/big", "access",
					"absent", ""));
	ground_edit(g);
	eventually(NULL, ground_serves(g));
	rig_zk_delete(g->host.zk, FAULT_CONFIG "/snippets/http/big");
	heals(g);
	recovers_with_an_edit(g);
}

static void a_hundred_thousand_children(struct ground *g)
{
	char path[128];
	long rss;

	fault(g);
	rig_zk_create(g->host.zk, FAULT_CONFIG "/upstreams/many", "");
	for (int i = 0; i < 100000; i++) {
		snprintf(path, sizeof(path), FAULT_CONFIG "/upstreams/many/10.%d.%d.%d:80", i >> 16,
			 (i >> 8) & 255, i & 255);
		rig_zk_send_create(g->host.zk, path, "");
	}
	assert_int_equal(rig_zk_drain(g->host.zk), 0);
	eventually(NULL, rig_host_status_number(&g->host, "zookeeper.nodes") > 100000);
	eventually(NULL, rig_host_is_quiet(&g->host));
	rss = usage_now(g->host.daemon, USAGE_RSS);
	ground_edit(g);
	eventually(NULL, ground_serves(g));
	heals(g);
	rig_zk_delete_all(g->host.zk, FAULT_CONFIG "/upstreams/many");
	recovers_with_an_edit(g);
	notes(g, "%ld MB with 100,000 servers; ", rss >> 10);
	assert_true(rss < (600L << 10));
	g->grows = true; /* the allocator keeps what it had */
}

static void data_that_is_null(struct ground *g)
{
	fault(g);
	rig_zk_create(g->host.zk, FAULT_CONFIG "/sites/null", NULL);
	rig_zk_create(g->host.zk, FAULT_CONFIG "/upstreams/null/127.0.0.1:1", NULL);
	detects(g,
		rig_host_has_problem(&g->host, FAULT_CONFIG "/sites/null", "json", "absent", "") ||
			rig_host_problem_count(&g->host) > 0);
	assert_true(ground_serves(g));
	rig_zk_delete_all(g->host.zk, FAULT_CONFIG "/sites/null");
	rig_zk_delete_all(g->host.zk, FAULT_CONFIG "/upstreams");
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "NULL data; lengths and vectors that lie: see the hostile server's test; ");
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("Z1", "ZooKeeper is down at the first boot",
			   no_zookeeper_at_the_first_boot, .prepare_only = true),
		FAULT_CASE("Z2", "ZooKeeper is down at a later boot", no_zookeeper_at_a_later_boot),
		FAULT_CASE("Z3", "the whole ensemble is dead", the_ensemble_is_dead),
		FAULT_CASE("Z9", "the server pauses for less than a session",
			   the_servers_pause_is_shorter_than_the_session),
		FAULT_CASE("Z10", "the daemon pauses for more than a session",
			   the_daemons_pause_is_longer_than_the_session),
		FAULT_CASE("Z13", "the whole subtree is deleted", everything_is_deleted),
		FAULT_CASE("Z14", "reading a znode is denied", reading_is_denied),
		FAULT_CASE("Z15", "the credentials are refused", the_credentials_are_refused),
		FAULT_CASE("Z16", "1,000 writes a second of one znode",
			   a_thousand_writes_a_second_between_read_and_watch),
		FAULT_CASE("Z17", "a push of 20 znodes ends in the middle",
			   a_push_of_many_znodes_dies_halfway),
		FAULT_CASE("Z18", "a znode of 1.1 MB", a_znode_of_a_megabyte),
		FAULT_CASE("Z19", "100,000 children", a_hundred_thousand_children),
		FAULT_CASE("Z21", "NULL data", data_that_is_null),
	};

	return fault_run(cases, ARRAY_SIZE(cases));
}
