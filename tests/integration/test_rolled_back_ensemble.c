/*
 * An ensemble of three servers. When it is restored from a copy it begins a new epoch, so its
 * transactions have higher numbers than everything that was seen. Its followers may be behind, and
 * its leader changes, without any return to older data.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_host.h"

#define CONFIG "/nginx/config"
#define ALERT "zookeeper-rolled-back"
#define SERVERS 3

static struct rig_host host;
static struct rig_zookeeper *servers[SERVERS];
static char hosts[128];
static int port;

static void start_servers(void)
{
	char settings[512];
	size_t used = (size_t)snprintf(settings, sizeof(settings), "initLimit=20\nsyncLimit=10\n");

	hosts[0] = '\0';
	for (int i = 0; i < SERVERS; i++)
		used += (size_t)snprintf(settings + used, sizeof(settings) - used,
					 "server.%d=127.0.0.1:%d:%d\n", i + 1, rig_port(),
					 rig_port());
	for (int i = 0; i < SERVERS; i++) {
		servers[i] = rig_zookeeper_start(&(struct rig_zookeeper_options){
			.heap = "-Xmx96m", .settings = settings, .id = i + 1 });
		snprintf(hosts + strlen(hosts), sizeof(hosts) - strlen(hosts), "%s%s", i ? "," : "",
			 rig_zookeeper_hosts(servers[i]));
	}
}

static void connect_again(void)
{
	rig_zk_close(host.zk);
	host.zk = rig_zk_connect(hosts);
}

static int setup(void **state UNUSED)
{
	start_servers();
	rig_host_init_at(&host, "web1", servers[0]);
	host.hosts = hosts;
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };\n");
	connect_again();
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host); /* with the first server */
	for (int i = 1; i < SERVERS; i++)
		rig_zookeeper_stop(servers[i]);
	rig_clean();
	return 0;
}

static void edit(const char *text)
{
	rig_host_set_site(&host, port, text);
	eventually(NULL, rig_nginx_says(port, text));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void start_with(const char *text)
{
	rig_host_set_site(&host, port, text);
	rig_host_start(&host);
	edit(text);
}

/* The last transaction of a server. */
static unsigned long long zxid(int server)
{
	const char *text = strstr(rig_zookeeper_ask(servers[server], "srvr"), "Zxid: ");

	return text ? strtoull(text + 6, NULL, 16) : 0;
}

static void an_ensemble_that_is_restored_is_held_though_its_numbers_are_higher(void **state UNUSED)
{
	unsigned long long before;
	struct rig_ctl_result r;

	start_with("one");
	for (int i = 0; i < SERVERS; i++)
		rig_zookeeper_copy(servers[i], "old");
	edit("two");
	before = zxid(0);
	for (int i = 0; i < SERVERS; i++)
		rig_zookeeper_restore(servers[i], "old");
	for (int i = 0; i < SERVERS; i++)
		rig_zookeeper_restart(servers[i]);
	connect_again();
	/* a service registers at once */
	rig_zk_create(host.zk, CONFIG "/upstreams/new/127.0.0.1:1", NULL);
	eventually(NULL, zxid(0) > before);
	eventually(NULL, rig_host_has_alert(&host, ALERT));
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_nginx_says(port, "two"));
	r = rig_ctl(host.settings, "confirm", "--history", NULL);
	rig_ctl_assert_code(&r, 0);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, !rig_host_has_alert(&host, ALERT));
}

/* Each server is away for a while, and behind when it is back; the daemon begins new sessions. */
static void servers_that_were_behind_raise_no_alert(void **state UNUSED)
{
	char text[16];

	start_with("one");
	for (int i = 0; i < SERVERS; i++) {
		rig_zookeeper_kill(servers[i]);
		connect_again();
		snprintf(text, sizeof(text), "text %d", i);
		edit(text);
		rig_host_stop_daemon(&host, SIGKILL);
		rig_zookeeper_restart(servers[i]);
		rig_host_start_daemon(&host);
		eventually(NULL, rig_host_is(&host, "applied"));
		assert_true(rig_nginx_says(port, text));
		eventually(NULL, strstr(rig_zookeeper_ask(servers[i], "srvr"), "Mode:"));
		assert_false(rig_host_has_alert(&host, ALERT));
	}
	assert_null(strstr(rig_read(host.log), "gone back"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_ensemble_that_is_restored_is_held_though_its_numbers_are_higher),
		TEST(servers_that_were_behind_raise_no_alert),
	};

	return cmocka_run_group_tests_name("rolled_back_ensemble", tests, NULL, NULL);
}
