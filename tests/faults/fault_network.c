/*
 * Faults of the network between the daemon and ZooKeeper, and of an ensemble's servers: N1 … N3, Z4
 * … Z8. The network is a proxy (rig_proxy.h); no rule of a firewall is needed.
 */
#include <stdlib.h>

#include <zknginx/err.h>

#include "ground.h"

#define MEMBER FAULT_CLUSTER "/members/web1"
#define SESSION (4 * USEC_PER_SEC) /* as rig_host.c sets it */

static bool is_lost(struct ground *g)
{
	return rig_host_is(&g->host, "disconnected") &&
	       rig_host_has_alert(&g->host, "zookeeper-lost");
}

static void nothing_was_reloaded(struct ground *g)
{
	eventually(NULL, rig_host_is(&g->host, "applied"));
	assert_int_equal(ground_reloads(g), 0);
}

static void a_black_hole(struct ground *g)
{
	int64_t owner = rig_zk_owner(g->host.zk, MEMBER);

	rig_proxy_freeze(g->proxy);
	fault(g);
	detects(g, is_lost(g));
	eventually(NULL, !rig_zk_exists(g->host.zk, MEMBER));
	lasts(g, SESSION);
	rig_proxy_thaw(g->proxy);
	heals(g);
	recovers(g, rig_zk_owner(g->host.zk, MEMBER) && rig_zk_owner(g->host.zk, MEMBER) != owner);
	nothing_was_reloaded(g);
	recovers_with_an_edit(g);
}

static void a_storm_of_resets(struct ground *g)
{
	unsigned long reconnects;

	fault(g);
	for (int i = 0; i < 30; i++) {
		rig_proxy_cut(g->proxy);
		lasts(g, 100 * USEC_PER_MSEC);
		rig_proxy_restore(g->proxy);
		lasts(g, 900 * USEC_PER_MSEC);
	}
	heals(g);
	recovers(g, rig_host_is(&g->host, "applied"));
	reconnects = (unsigned long)rig_host_status_number(&g->host, "zookeeper.reconnects");
	notes(g, "30 s in place of 5 min, %lu reconnects; ", reconnects);
	nothing_was_reloaded(g);
	recovers_with_an_edit(g);
}

static void a_slow_link(struct ground *g)
{
	struct rig_proxy *slow = rig_proxy_start_slow(rig_zookeeper_port(g->host.zookeeper), 64000);
	CLEANUP(freep) char *text = xcalloc(1, 600001);
	unsigned long reconnects;

	snprintf(g->hosts, sizeof(g->hosts), "127.0.0.1:%d", rig_proxy_port(slow));
	rig_host_settings(&g->host, FAULT_ALERTS);
	ground_restart_daemon(g, SIGTERM);
	eventually(NULL, rig_host_is(&g->host, "applied"));
	reconnects = (unsigned long)rig_host_status_number(&g->host, "zookeeper.reconnects");
	memset(text, ' ', 600000);
	memcpy(text, "map $uri $slow { default 1; }\n", 30);
	fault(g);
	rig_zk_set(g->host.zk, FAULT_CONFIG "/snippets/http/slow", text);
	ground_edit(g);
	detects(g, rig_host_has_alert(&g->host, "zookeeper-slow"));
	eventually(NULL, ground_serves(g));
	heals(g);
	assert_int_equal(rig_host_status_number(&g->host, "zookeeper.reconnects"), reconnects);
	recovers_with_an_edit(g);
	notes(g, "64 KB/s, a znode of 600 KB, no reconnect; ");
	g->grows = true;
	rig_host_stop_daemon(&g->host, SIGTERM);
	rig_proxy_stop(slow);
}

static void a_third_of_the_packets_is_lost(struct ground *g)
{
	fault(g);
	rig_proxy_lose(g->proxy, 30, 30);
	for (int i = 0; i < 10; i++) {
		ground_edit(g);
		eventually(NULL, ground_serves(g));
	}
	notes(g, "10 edits in %.0f s, leader changes %ld; ", (double)(rig_now() - g->begun) / 1e6,
	      rig_host_status_number(&g->host, "zookeeper.reconnects"));
	rig_proxy_lose(g->proxy, 0, 0);
	heals(g);
	recovers_with_an_edit(g);
}

static void replies_are_lost(struct ground *g)
{
	fault(g);
	rig_proxy_lose(g->proxy, 0, 100);
	ground_edit(g);
	detects(g, is_lost(g));
	lasts(g, SESSION);
	rig_proxy_lose(g->proxy, 0, 0);
	heals(g);
	recovers(g, ground_serves(g));
	eventually(NULL, rig_zk_exists(g->host.zk, MEMBER));
	assert_null(rig_zk_children(g->host.zk, FAULT_CLUSTER "/members")[1]);
	eventually(NULL, !rig_zk_children(g->host.zk, FAULT_CLUSTER "/election")[1]);
	recovers_with_an_edit(g);
}

/* --- an ensemble ------------------------------------------------------------------------------ */

#define SERVERS 3

static struct rig_zookeeper *ensemble[SERVERS];

static void start_ensemble(struct ground *g)
{
	static char settings[512], hosts[128];
	size_t used = (size_t)snprintf(settings, sizeof(settings), "initLimit=10\nsyncLimit=5\n");

	for (int i = 0; i < SERVERS; i++)
		used += (size_t)snprintf(settings + used, sizeof(settings) - used,
					 "server.%d=127.0.0.1:%d:%d\n", i + 1, rig_port(),
					 rig_port());
	used = 0;
	for (int i = 0; i < SERVERS; i++) {
		ensemble[i] = rig_zookeeper_start(
			&(struct rig_zookeeper_options){ .settings = settings, .id = i + 1 });
		used += (size_t)snprintf(hosts + used, sizeof(hosts) - used, "%s%s", i ? "," : "",
					 rig_zookeeper_hosts(ensemble[i]));
	}
	for (int i = 0; i < SERVERS; i++)
		rig_zookeeper_await(ensemble[i]);
	g->host.hosts = hosts;
	rig_host_settings(&g->host, FAULT_ALERTS);
	rig_zk_close(g->host.zk);
	g->host.zk = rig_zk_connect(hosts);
	rig_zk_create(g->host.zk, FAULT_CONFIG, NULL);
	ground_start(g);
}

static void end_ensemble(void)
{
	for (int i = 0; i < SERVERS; i++)
		rig_zookeeper_stop(ensemble[i]);
}

static int server_of(struct ground *g)
{
	const char *server = rig_host_status_text(&g->host, "zookeeper.server");

	for (int i = 0; i < SERVERS; i++) {
		if (strcmp(rig_zookeeper_hosts(ensemble[i]), server) == 0)
			return i;
	}
	return -1;
}

static void one_server_of_three_is_killed(struct ground *g)
{
	int64_t owner;
	int i;

	start_ensemble(g);
	owner = rig_zk_owner(g->host.zk, MEMBER);
	i = server_of(g);
	assert_true(i >= 0);
	rig_zookeeper_kill(ensemble[i]);
	fault(g);
	heals(g);
	recovers(g, server_of(g) >= 0 && server_of(g) != i);
	rig_zk_close(g->host.zk);
	g->host.zk = rig_zk_connect(g->host.hosts);
	nothing_was_reloaded(g);
	assert_int_equal(rig_zk_owner(g->host.zk, MEMBER), owner);
	recovers_with_an_edit(g);
	end_ensemble();
}

static void two_servers_of_three_pause(struct ground *g)
{
	start_ensemble(g);
	rig_zookeeper_pause(ensemble[0]);
	rig_zookeeper_pause(ensemble[1]);
	fault(g);
	detects(g, is_lost(g));
	assert_false(json_is_true(json_object_get(rig_host_status(&g->host), "leader")));
	lasts(g, SESSION);
	assert_true(ground_serves(g));
	rig_zookeeper_resume(ensemble[0]);
	rig_zookeeper_resume(ensemble[1]);
	heals(g);
	recovers(g, rig_host_is(&g->host, "applied"));
	assert_int_equal(ground_reloads(g), 0);
	rig_zk_close(g->host.zk);
	g->host.zk = rig_zk_connect(g->host.hosts);
	recovers_with_an_edit(g);
	end_ensemble();
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("Z4", "one of three servers is killed", one_server_of_three_is_killed,
			   .prepare_only = true),
		FAULT_CASE("Z5", "two of three servers pause", two_servers_of_three_pause,
			   .prepare_only = true),
		FAULT_CASE("Z6", "a black hole for longer than the session", a_black_hole),
		FAULT_CASE("Z7", "connections are broken each second", a_storm_of_resets),
		FAULT_CASE("Z8", "a slow link and a large znode", a_slow_link),
		FAULT_CASE("N1", "30 % of the packets are lost", a_third_of_the_packets_is_lost),
		FAULT_CASE("N3", "requests arrive, replies are lost", replies_are_lost),
	};

	return fault_run(cases, ARRAY_SIZE(cases));
}
