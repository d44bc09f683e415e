/*
 * The daemon when something is missing: ZooKeeper at the start, for seconds, for longer than the
 * session, with its data lost; nginx; the right to read; the disk. In every case nginx keeps
 * serving the last good generation, and the daemon recovers without help.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "rig_host.h"
#include "rig_impostor.h"

#define CONFIG "/nginx/config"
#define MEMBER "/nginx/cluster/members/web1"

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	static const char *const jvm[] = { "-Djute.maxbuffer=4000000", NULL };

	rig_host_init_at(&host, "web1",
			 rig_zookeeper_start(&(struct rig_zookeeper_options){ .jvm = jvm }));
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	umount2(host.nginx.state, MNT_DETACH);
	rig_clean();
	return 0;
}

/* A client from before the outage may have lost its session. */
static void connect_again(void)
{
	rig_zk_close(host.zk);
	host.zk = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
}

static void start_with(const char *text)
{
	rig_host_set_site(&host, port, text);
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, text));
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, rig_zk_exists(host.zk, MEMBER));
}

static void nginx_keeps_serving_while_zookeeper_is_down_at_the_start(void **state UNUSED)
{
	start_with("one");
	rig_host_stop_daemon(&host, SIGKILL);
	rig_host_set_site(&host, port, "two");
	rig_zookeeper_kill(host.zookeeper);
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_is(&host, "disconnected"));
	assert_true(rig_nginx_says(port, "one"));
	rig_zookeeper_restart(host.zookeeper);
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void the_daemon_waits_for_a_zookeeper_that_never_existed(void **state UNUSED)
{
	rig_zookeeper_kill(host.zookeeper);
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_live(&host, "http.conf"));
	rig_nginx_start(&host.nginx); /* the files that nginx includes exist */
	eventually(NULL, rig_host_is(&host, "disconnected"));
	rig_zookeeper_restart(host.zookeeper);
	connect_again();
	rig_host_set_site(&host, port, "first");
	eventually(NULL, rig_nginx_says(port, "first"));
}

#define HTTP_503                                                                                   \
	"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n" \
	"<html><body>No server is available to handle this request.</body></html>\r\n"

/* A proxy without servers answers in their place, in another protocol. */
static void another_program_on_zookeepers_port_is_survived(void **state UNUSED)
{
	struct rig_impostor *impostor;
	unsigned before;

	start_with("one");
	for (unsigned round = 0; round < 2; round++) {
		rig_zookeeper_kill(host.zookeeper);
		impostor = rig_impostor_start(rig_zookeeper_port(host.zookeeper), HTTP_503,
					      sizeof(HTTP_503) - 1, true);
		if (round == 1) { /* it has never read anything else */
			rig_host_stop_daemon(&host, SIGKILL);
			rig_host_start_daemon(&host);
		}
		before = rig_impostor_count(impostor);
		eventually(NULL, rig_impostor_count(impostor) >= before + 6);
		eventually(NULL, rig_host_is(&host, "disconnected"));
		assert_true(rig_nginx_says(port, round ? "two" : "one"));
		assert_non_null(strstr(rig_read(host.log), "not a healthy ZooKeeper server"));
		rig_impostor_stop(impostor);
		rig_zookeeper_restart(host.zookeeper);
		connect_again();
		rig_host_set_site(&host, port, round ? "three" : "two");
		eventually(NULL, rig_nginx_says(port, round ? "three" : "two"));
		eventually(NULL, rig_host_is(&host, "applied"));
	}
}

static void a_host_that_the_fleet_does_not_see_applies_changes(void **state UNUSED)
{
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };\n");
	rig_zk_create(host.zk, MEMBER, "in its place");
	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
	eventually(NULL, rig_host_has_alert(&host, "host-not-in-fleet"));
	rig_zk_delete(host.zk, MEMBER);
	eventually(NULL, !rig_host_has_alert(&host, "host-not-in-fleet"));
}

/* The session that holds the member znode: its number can be read by everybody. */
static void a_session_that_another_client_closes_is_told(void **state UNUSED)
{
	start_with("same");
	eventually(NULL, rig_zk_owner(host.zk, MEMBER));
	rig_zk_steal(rig_zookeeper_hosts(host.zookeeper), (uint64_t)rig_zk_owner(host.zk, MEMBER));
	eventually(NULL, rig_host_has_alert(&host, "zookeeper-session-ended"));
	assert_non_null(strstr(rig_read(host.log), "was ended before its timeout"));
	connect_again();
	rig_host_set_site(&host, port, "next");
	eventually(NULL, rig_nginx_says(port, "next"));
}

static void zookeeper_restarts_and_nothing_is_reloaded(void **state UNUSED)
{
	unsigned reloads;

	start_with("same");
	reloads = rig_nginx_reloads(&host.nginx);
	rig_zookeeper_kill(host.zookeeper);
	eventually(NULL, rig_host_is(&host, "disconnected"));
	assert_true(rig_nginx_says(port, "same"));
	rig_zookeeper_restart(host.zookeeper);
	eventually(NULL, rig_host_is(&host, "applied"));
	connect_again();
	rig_host_set_site(&host, port, "changed");
	eventually(NULL, rig_nginx_says(port, "changed"));
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads + 1);
}

static void an_expired_session_changes_nothing(void **state UNUSED)
{
	unsigned reloads;
	int64_t owner;

	start_with("one");
	reloads = rig_nginx_reloads(&host.nginx);
	owner = rig_zk_owner(host.zk, MEMBER);
	kill(host.daemon, SIGSTOP);
	eventually(NULL, !rig_zk_exists(host.zk, MEMBER)); /* the server has ended its session */
	rig_host_set_site(&host, port, "written meanwhile");
	kill(host.daemon, SIGCONT);
	eventually(NULL, rig_nginx_says(port, "written meanwhile"));
	eventually(NULL, rig_zk_exists(host.zk, MEMBER));
	assert_true(rig_zk_owner(host.zk, MEMBER) != owner);
	eventually(NULL, rig_host_is(&host, "applied"));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads + 1);
}

static void an_empty_zookeeper_does_not_empty_nginx(void **state UNUSED)
{
	start_with("kept");
	rig_zookeeper_kill(host.zookeeper);
	rig_zookeeper_wipe(host.zookeeper);
	rig_zookeeper_restart(host.zookeeper);
	eventually(NULL, rig_host_has_problem(&host, CONFIG, "guard", "previous", "is missing"));
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_nginx_says(port, "kept"));
}

/* ZooKeeper announces no change of an unreadable znode, so the daemon must read it again to
 * notice. */
static void an_unreadable_path_keeps_its_last_good_form(void **state UNUSED)
{
	start_with("one");
	rig_zk_auth(host.zk, "digest", "operator:secret");
	rig_zk_restrict(host.zk, CONFIG "/sites/s", true);
	rig_host_set_site(&host, port, "nobody may see");
	rig_host_stop_daemon(&host, SIGKILL);
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/s", "access", "previous", ""));
	/* the others are updated */
	rig_zk_set(host.zk, CONFIG "/snippets/http/m", "map $uri $seen { default 1; }\n");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "$seen"));
	eventually(NULL, rig_host_is(&host, "degraded"));
	assert_true(rig_nginx_says(port, "one"));
	rig_zk_restrict(host.zk, CONFIG "/sites/s", false);
	rig_host_set_site(&host, port, "all may see");
	eventually(NULL, rig_nginx_says(port, "all may see"));
	eventually(NULL, rig_host_is(&host, "applied"));
}

/* A znode that is too large affects no other. */
static void a_znode_that_is_too_large_affects_no_other(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf big = BUF_INIT;

	start_with("one");
	buf_puts(&big, "#");
	while (big.size <= 1024 * 1024)
		buf_puts(&big, " much too much");
	rig_zk_create(host.zk, CONFIG "/snippets/http/big", big.data);
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/snippets/http/big", "access",
					      "absent", "1 MB"));
	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_nginx_says(port, "two"));
	rig_zk_delete(host.zk, CONFIG "/snippets/http/big");
	eventually(NULL, rig_host_is(&host, "applied"));
}

static void nginx_may_die_and_return(void **state UNUSED)
{
	start_with("one");
	rig_nginx_kill9(&host.nginx);
	rig_nginx_stop(&host.nginx);
	eventually(NULL, rig_host_is(&host, "waiting"));
	assert_string_equal(rig_host_status_text(&host, "nginx.state"), "down");
	rig_host_set_site(&host, port, "two");
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "two"));
	rig_nginx_start(&host.nginx);
	assert_true(rig_nginx_says(port, "two"));
	eventually(NULL, rig_host_is(&host, "applied"));
	/* it read the files at its start; so soon after they were written this is not certain */
	assert_true(rig_nginx_reloads(&host.nginx) <= 1);
}

static void live_files_edited_by_hand_are_repaired(void **state UNUSED)
{
	start_with("ours");
	rig_write(rig_path("web1.edit"), "server { listen 127.0.0.1:%d; return 200 theirs; }\n",
		  port);
	assert_int_equal(rig_run(NULL, (char *[]){ "cp", rig_path("web1.edit"),
						   rig_path("web1/state/live/http.conf"), NULL }),
			 0);
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "ours"));
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_nginx_send_hup(&host.nginx);
	eventually(NULL, rig_nginx_reloads(&host.nginx) >= 1);
	eventually(NULL, rig_nginx_says(port, "ours"));
}

static void a_full_disk_changes_nothing_and_is_survived(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf big = BUF_INIT;

	assert_true(mkdir(host.nginx.state, 0755) == 0 || access(host.nginx.state, F_OK) == 0);
	assert_int_equal(mount("tmpfs", host.nginx.state, "tmpfs", 0, "size=256k,mode=755"), 0);
	start_with("one");
	buf_puts(&big, "map $uri $big {\n");
	for (int i = 0; i < 25000; i++)
		buf_printf(&big, "/page/%d 1;\n", i);
	buf_puts(&big, "}\n");
	rig_zk_set(host.zk, CONFIG "/snippets/http/big", big.data);
	eventually(NULL, rig_host_is(&host, "rejected") ||
				 strstr(rig_read(host.log), "No space left on device"));
	assert_true(rig_nginx_says(port, "one"));
	rig_zk_delete(host.zk, CONFIG "/snippets/http/big");
	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, rig_host_is(&host, "applied"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nginx_keeps_serving_while_zookeeper_is_down_at_the_start),
		TEST(the_daemon_waits_for_a_zookeeper_that_never_existed),
		TEST(another_program_on_zookeepers_port_is_survived),
		TEST(a_host_that_the_fleet_does_not_see_applies_changes),
		TEST(a_session_that_another_client_closes_is_told),
		TEST(zookeeper_restarts_and_nothing_is_reloaded),
		TEST(an_expired_session_changes_nothing),
		TEST(an_empty_zookeeper_does_not_empty_nginx),
		TEST(an_unreadable_path_keeps_its_last_good_form),
		TEST(a_znode_that_is_too_large_affects_no_other),
		TEST(nginx_may_die_and_return),
		TEST(live_files_edited_by_hand_are_repaired),
		TEST(a_full_disk_changes_nothing_and_is_survived),
	};

	return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
