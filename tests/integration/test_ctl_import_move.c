/*
 * A running nginx moves to ZooKeeper in the steps that `zknginxctl import` names: the daemon is
 * stopped, the new nginx.conf takes the place of the old one without a reload, the directory is
 * pushed, the daemon is started. Visitors notice nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/arena.h>

#include "rig_ctl.h"
#include "rig_host.h"
#include "rig_visitor.h"

static struct rig_host host;
static int typed_port, snippet_port, kept_port;
static struct arena *arena;

static int set_up(void **state UNUSED)
{
	arena = arena_new();
	typed_port = rig_port();
	snippet_port = rig_port();
	kept_port = rig_port();
	rig_host_init(&host, "web1");
	rig_zk_create(host.zk, "/nginx/config", NULL);
	host.nginx.include_http = host.nginx.include_stream = false;
	host.nginx.http_tail = arena_printf(
		arena,
		"upstream app { server 127.0.0.1:%d; }\n"
		"server { listen 127.0.0.1:%d; location / { default_type text/plain; return 200 "
		"typed; } }\n"
		"server { listen 127.0.0.1:%d; set $x snippet; location / { return 200 $x; } }\n"
		"server { listen 127.0.0.1:%d; error_log /dev/null; location / { proxy_pass "
		"http://app; } }\n",
		typed_port, typed_port, snippet_port, kept_port);
	rig_nginx_configure(&host.nginx);
	rig_host_settings(&host, NULL);
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_live(&host, "http.conf"));
	rig_nginx_start(&host.nginx);
	eventually(NULL, rig_host_is(&host, "waiting"));
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_host_fini(&host);
	arena_free(arena);
	rig_clean();
	return 0;
}

static bool is_moved(void)
{
	return rig_host_is(&host, "applied") &&
	       strcmp(rig_host_status_text(&host, "revision.applied"),
		      rig_host_status_text(&host, "revision.seen")) == 0;
}

static void a_move_to_zookeeper_interrupts_nobody(void **state UNUSED)
{
	struct rig_visitor *visitors[3];
	struct rig_ctl_result r;
	const char *http;
	char *main = rig_path("new.conf"), *directory = rig_path("config");

	r = rig_ctl(host.settings, "import", host.nginx.config, "-o", directory, "--main", main,
		    NULL);
	rig_ctl_assert_code(&r, 0);
	visitors[0] = rig_visitor_start(typed_port, false, "x", "typed");
	visitors[1] = rig_visitor_start(snippet_port, false, "x", "snippet");
	visitors[2] = rig_visitor_start(kept_port, false, "x", "typed");
	/* a daemon that runs would compare the znodes with the nginx.conf that it knows */
	rig_host_stop_daemon(&host, SIGTERM);
	assert_int_equal(rename(main, host.nginx.config), 0);
	r = rig_ctl(host.settings, "push", "--yes", "--no-wait", directory, NULL);
	rig_ctl_assert_code(&r, 0);
	rig_host_start_daemon(&host);
	eventually(NULL, is_moved());
	rig_host_assert_no_problems(&host);
	for (size_t i = 0; i < ARRAY_SIZE(visitors); i++) {
		unsigned long seen = rig_visitor_count(visitors[i]);

		eventually(NULL, rig_visitor_count(visitors[i]) > seen + 20);
		rig_visitor_stop(visitors[i]);
	}
	http = rig_host_live(&host, "http.conf");
	assert_non_null(strstr(http, "return 200 typed;"));
	assert_non_null(strstr(http, "return 200 $x;"));
	assert_non_null(strstr(http, "upstream app"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_move_to_zookeeper_interrupts_nobody, set_up,
						tear_down),
	};

	return cmocka_run_group_tests_name("ctl_import_move", tests, NULL, NULL);
}
