/* zknginxctl doctor and the modules of nginx: loaded, not loaded, for another nginx; and which
 * upstreams are reloaded nevertheless. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_ctl.h"
#include "rig_host.h"
#include "rig_module.h"

#define HTTP_MODULE "ngx_http_zknginx_module.so"

static struct rig_host host;
static struct rig_ctl_result last;

/* --- a host ---------------------------------------------------------------------------------- */

static char *copy(const char *from, const char *to)
{
	char *command = rig_text("mkdir -p \"$(dirname '%s')\" && cp '%s' '%s'", to, from, to);

	assert_int_equal(rig_run(NULL, (char *[]){ "sh", "-c", command, NULL }), 0);
	return rig_text("load_module \"%s\";", to);
}

/* The line that loads the module. */
static char *module_line(void)
{
	return copy(rig_module_file(HTTP_MODULE), rig_path(HTTP_MODULE));
}

/* The line of an installation for an nginx that this one is not. */
static char *loader_line(void)
{
	const char *loader = rig_text("%s", rig_module_file("../http.so"));

	return copy(loader, rig_path("zknginx/1.99.1-8,4,8,0/http.so"));
}

static void start(char *lines)
{
	rig_host_init(&host, "host");
	host.session_timeout = "20s"; /* it is a member all the time */
	setenv("ZKNGINX_MODULE_SOCKET", rig_path("host.run/nginx.sock"), 1);
	host.nginx.main_text = rig_text("worker_shutdown_timeout 10s;\n%s", lines);
	rig_nginx_configure(&host.nginx);
	rig_host_settings(&host, NULL);
	rig_zk_set(host.zk, "/nginx/config/upstreams/app/127.0.0.1:1", "");
	rig_zk_set(host.zk, "/nginx/config/upstreams/old", "{\"zone\":\"off\"}");
	rig_zk_set(host.zk, "/nginx/config/upstreams/old/127.0.0.1:1", "");
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, rig_zk_exists(host.zk, "/nginx/cluster/members/host"));
}

static int tear_down(void **state UNUSED)
{
	if (host.name)
		rig_host_fini(&host);
	host = (struct rig_host){ .name = NULL };
	rig_clean();
	return 0;
}

static void set_lines(const char *lines)
{
	host.nginx.main_text = rig_text("worker_shutdown_timeout 10s;\n%s", lines);
	rig_nginx_configure(&host.nginx);
}

static bool is_listed(void)
{
	return json_array_size(json_object_get(rig_host_status(&host), "upstreams")) == 2;
}

/* --- running it ------------------------------------------------------------------------------ */

static void run_to(int code)
{
	last = rig_ctl(host.settings, "--timeout", "60s", "doctor", NULL);
	rig_ctl_assert_code(&last, code);
}

static void run(void)
{
	run_to(0);
}

static void says(const char *start, const char *words)
{
	const char *line = strstr(last.out, start);

	if (!line || !memmem(line, strcspn(line, "\n"), words, strlen(words)))
		fail_msg("no line \"%s%s\" in:\n%s%s", start, words, last.out, last.err);
}

#define MODULE_OK "ok       module            "
#define MODULE_WARNING "warning  module            "
#define SERVERS_OK "ok       servers           "
#define SERVERS_SKIPPED "skipped  servers           "

/* --- what it finds --------------------------------------------------------------------------- */

static void an_nginx_that_runs_it_is_well_and_upstreams_with_a_reload_are_named(void **state UNUSED)
{
	start(module_line());
	eventually(NULL, is_listed());
	run();
	says(MODULE_OK, "the running nginx has it");
	says(SERVERS_OK, "servers of 1 of 2 upstreams are changed without a reload, and the others "
			 "with one:");
	says("  old: ", "it has no zone");
}

static void without_it_nothing_is_wrong(void **state UNUSED)
{
	rig_module_file(HTTP_MODULE);
	start("");
	run();
	says(MODULE_OK, "none is installed: each change of servers is a reload");
	says(SERVERS_SKIPPED, "needs an nginx that runs the module");
}

static void one_for_another_nginx_is_a_warning(void **state UNUSED)
{
	start(loader_line());
	run();
	says(MODULE_WARNING,
	     "it is installed for another nginx (1.99.1), and nginx starts without it");
	assert_non_null(strstr(last.out, "make install-module"));
	says(SERVERS_SKIPPED, "needs an nginx that runs the module");
}

/* nginx says both, the cause last. */
static void what_nginx_refuses_is_named_and_not_that_it_has_no_module(void **state UNUSED)
{
	char *line = loader_line();

	start(line);
	set_lines(rig_text("%s\noops;", line));
	run_to(1);
	says("error    nginx-conf        ", "unknown directive \"oops\"");
}

/* One for this nginx is beside it. */
static void one_for_each_nginx_is_no_warning(void **state UNUSED)
{
	char *line = loader_line(), *signature;
	char *argv[] = { "grep", "-aoE", "8,4,8,[01]{34}", "/usr/sbin/nginx", NULL };
	char *version[] = { "sh", "-c", "/usr/sbin/nginx -v 2>&1 | sed 's,.*nginx/,,; s, .*,,'",
			    NULL };
	char *number;

	assert_int_equal(rig_run(&signature, argv), 0);
	signature = rig_text("%.*s", (int)strcspn(signature, "\n"), signature);
	assert_int_equal(rig_run(&number, version), 0);
	copy(rig_module_file(HTTP_MODULE), rig_path("zknginx/%.*s-%s/" HTTP_MODULE,
						    (int)strcspn(number, "\n"), number, signature));
	start(line);
	eventually(NULL, is_listed());
	run();
	says(MODULE_OK, "the running nginx has it");
}

static void one_that_the_running_nginx_has_not_loaded_is_a_warning(void **state UNUSED)
{
	char *line = module_line();

	start("");
	set_lines(line);
	run();
	says(MODULE_WARNING, "but no worker of the running nginx has told the daemon its servers");
	rig_nginx_send_hup(&host.nginx);
	eventually(NULL, is_listed());
	run();
	says(MODULE_OK, "the running nginx has it");
}

static void one_that_nginx_conf_does_not_load_is_a_warning(void **state UNUSED)
{
	const char *real = "/usr/lib/nginx/modules";
	char *mounted = rig_path("mounted");
	char *command = rig_text("mkdir %s && cp %s/*.so %s", mounted, real, mounted);

	rig_module_file(HTTP_MODULE);
	if (!rig_is_alone())
		skip();
	assert_int_equal(rig_run(NULL, (char *[]){ "sh", "-c", command, NULL }), 0);
	copy(rig_module_file(HTTP_MODULE), rig_text("%s/" HTTP_MODULE, mounted));
	assert_int_equal(mount(mounted, real, NULL, MS_BIND, NULL), 0);
	start("");
	run();
	says(MODULE_WARNING, "/" HTTP_MODULE " is installed, and nginx.conf does not load it");
	umount2(real, MNT_DETACH);
}

static void the_setting_reload_is_named(void **state UNUSED)
{
	start(module_line());
	eventually(NULL, is_listed());
	host.nginx_settings = "servers = \"reload\";";
	rig_host_settings(&host, NULL);
	kill(host.daemon, SIGHUP);
	eventually(NULL, !is_listed());
	run();
	says(MODULE_OK, "nginx.servers is \"reload\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_nginx_that_runs_it_is_well_and_upstreams_with_a_reload_are_named),
		TEST(without_it_nothing_is_wrong),
		TEST(one_for_another_nginx_is_a_warning),
		TEST(what_nginx_refuses_is_named_and_not_that_it_has_no_module),
		TEST(one_for_each_nginx_is_no_warning),
		TEST(one_that_the_running_nginx_has_not_loaded_is_a_warning),
		TEST(one_that_nginx_conf_does_not_load_is_a_warning),
		TEST(the_setting_reload_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
