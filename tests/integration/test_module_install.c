/*
 * make install-module, and what nginx makes of it: it starts whatever becomes of it, of its modules
 * and of the files that were installed. Run from the top of the source tree.
 */
#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_module.h"
#include "rig_nginx.h"

#define NGINX_DEV "/usr/share/nginx/src"
#define HTTP_MODULE "ngx_http_zknginx_module.so"
#define NOTHING_FOR_IT "[notice] zknginx: servers of upstreams are changed by reloads: "

static char *last; /* output */

/* --- make ------------------------------------------------------------------------------------ */

/* The directory of what `make check` has built. */
static char *built(void)
{
	char *modules = rig_text("%s", rig_module_file(HTTP_MODULE));

	*strstr(modules, "/module/test/") = '\0';
	return modules;
}

/* Where the lines are, and what `nginx -t` reads, are this test's. */
static int make_in(const char *directory, const char *goal, const char *another)
{
	char *argv[] = { "env",
			 "-u",
			 "MAKEFLAGS",
			 "-u",
			 "MFLAGS",
			 "-u",
			 "MAKELEVEL",
			 "-u",
			 "SUDO_UID",
			 "make",
			 rig_text("B=%s", directory),
			 rig_text("MODULESDIR=%s", rig_path("modules")),
			 rig_text("MODULESENABLEDDIR=%s", rig_path("enabled")),
			 rig_text("NGINX=%s", rig_path("nginx")),
			 (char *)goal,
			 (char *)another,
			 NULL };

	return rig_run(&last, argv);
}

static void install(void)
{
	if (make_in(built(), "install-module", NULL) != 0)
		fail_msg("make install-module: %s", last);
}

/* With the headers of an nginx that was not released, and what `configure` has made of them. */
static void install_for_another_nginx(void)
{
	char *headers = rig_path("headers"), *other = rig_path("other");
	char *prepare =
		rig_text("mkdir -p %s %s/module && cp -an %s/module/nginx %s/module && "
			 "sed 's/define nginx_version .*/define nginx_version 1099001/;"
			 "s/define NGINX_VERSION .*/define NGINX_VERSION \"1.99.1\"/' " NGINX_DEV
			 "/src/core/nginx.h >%s/nginx.h",
			 headers, other, built(), other, headers);

	assert_int_equal(rig_run(&last, (char *[]){ "sh", "-c", prepare, NULL }), 0);
	if (make_in(other, "install-module", rig_text("CFLAGS=-I%s", headers)) != 0)
		fail_msg("make install-module: %s", last);
}

/* The directory of the modules for the installed nginx, or for the other one. */
static char *find_modules(bool other)
{
	char *argv[] = { "find",
			 rig_path("modules/zknginx"),
			 "-mindepth",
			 "1",
			 "-type",
			 "d",
			 other ? "-name" : "-not",
			 other ? "1.99.1-*" : "-name",
			 other ? NULL : "1.99.1-*",
			 NULL };

	assert_int_equal(rig_run(&last, argv), 0);
	last[strcspn(last, "\n")] = '\0';
	assert_true(*last);
	return rig_text("%s", last);
}

/* --- nginx ----------------------------------------------------------------------------------- */

static struct rig_nginx nginx;

static const char *const enabled_lines = "enabled/80-zknginx-module.conf";

static void configure(const char *text)
{
	nginx.main_text = (char *)text;
	rig_nginx_configure(&nginx);
}

static int set_up(void **state UNUSED)
{
	rig_nginx_init(&nginx, "host");
	mkdir(rig_path("modules"), 0755);
	mkdir(rig_path("enabled"), 0755);
	nginx.include_http = nginx.include_stream = false;
	configure(rig_text("include %s/*.conf;", rig_path("enabled")));
	rig_write(rig_path("nginx"),
		  "#!/bin/sh\nexec /usr/sbin/nginx -p %s -c %s -e stderr \"$@\"\n", nginx.root,
		  nginx.config);
	assert_int_equal(chmod(rig_path("nginx"), 0755), 0);
	return 0;
}

/* What was built stays. */
static int tear_down(void **state UNUSED)
{
	char *argv[] = { "rm", "-rf", rig_path("modules"), rig_path("enabled"), rig_path("host"),
			 NULL };

	if (nginx.pid)
		rig_nginx_stop(&nginx);
	nginx = (struct rig_nginx){ .pid = 0 };
	return rig_run(NULL, argv);
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

/* nginx -t, and its words. */
static bool is_accepted(void)
{
	return rig_run(&last, (char *[]){ rig_path("nginx"), "-t", NULL }) == 0;
}

static void assert_said(const char *words)
{
	if (!strstr(last, words))
		fail_msg("nginx did not say \"%s\": %s", words, last);
}

static bool has_module(const char *name)
{
	return strstr(rig_read(rig_text("/proc/%d/maps", nginx.pid)), name) != NULL;
}

static bool has_both_modules(void)
{
	return has_module(HTTP_MODULE) && has_module("ngx_stream_zknginx_module.so");
}

/* --- for another nginx ----------------------------------------------------------------------- */

static void nginx_starts_with_modules_for_another_nginx(void **state UNUSED)
{
	install_for_another_nginx();
	assert_true(is_accepted());
	assert_said(NOTHING_FOR_IT "there is no module for this nginx, which would be ");
	rig_nginx_start(&nginx);
	assert_true(rig_nginx_says(nginx.port, "rig"));
	assert_false(has_module(HTTP_MODULE));
	assert_non_null(strstr(rig_read(nginx.error_log), NOTHING_FOR_IT));

	/* what becomes of nginx without the loader */
	configure(rig_text("load_module %s/" HTTP_MODULE ";", find_modules(true)));
	assert_false(is_accepted());
	assert_said("version 1099001 instead of");
}

static void modules_for_this_nginx_are_loaded_by_a_reload(void **state UNUSED)
{
	install_for_another_nginx();
	rig_nginx_start(&nginx);
	assert_false(has_module(HTTP_MODULE));
	install();
	rig_nginx_send_hup(&nginx);
	/* nginx says that it reloads before it has read its configuration */
	eventually(NULL, has_both_modules());
	assert_int_equal(rig_nginx_reloads(&nginx), 1);
}

/* An nginx that was replaced on disk still runs, and is reloaded. */
static void an_older_nginx_keeps_its_modules(void **state UNUSED)
{
	install();
	install_for_another_nginx();
	assert_non_null(strstr(rig_read(rig_path("%s", enabled_lines)), "/1.99.1-"));
	rig_nginx_start(&nginx);
	assert_true(has_both_modules());
}

/* --- files that are not as they were --------------------------------------------------------- */

static void nginx_starts_without_the_modules_and_with_damaged_ones(void **state UNUSED)
{
	char *module;

	install();
	assert_true(is_accepted());
	assert_null(strstr(last, "[notice] zknginx"));
	module = rig_text("%s/" HTTP_MODULE, find_modules(false));
	rig_write(module, "no module");
	assert_true(is_accepted());
	assert_said("cannot be loaded: ");
	assert_int_equal(unlink(module), 0);
	assert_true(is_accepted());
	assert_said("there is no module for this nginx");
}

/* What is in a directory is not what its name says. */
static void a_module_in_the_place_of_another_is_not_loaded(void **state UNUSED)
{
	char *own;

	install();
	install_for_another_nginx();
	own = find_modules(false);
	assert_int_equal(rename(rig_text("%s/" HTTP_MODULE, find_modules(true)),
				rig_text("%s/" HTTP_MODULE, own)),
			 0);
	assert_true(is_accepted());
	assert_said("cannot be loaded: it is for another nginx");
}

static void nginx_without_stream_starts(void **state UNUSED)
{
	install();
	rig_write(nginx.config,
		  "include %s/*.conf;\npid %s;\nevents {}\nhttp { access_log off; }\n",
		  rig_path("enabled"), nginx.pid_file);
	assert_true(is_accepted());
	assert_null(strstr(last, "[notice] zknginx"));
}

/* Stream's own module goes with its package, and nginx is reloaded: this file is still in memory.
 */
static void stream_that_is_gone_after_a_reload_does_no_harm(void **state UNUSED)
{
	install();
	rig_nginx_start(&nginx);
	assert_true(has_module("ngx_stream_zknginx_module.so"));
	rig_write(nginx.config,
		  "include %s/*.conf;\npid %s;\nuser www-data;\ndaemon off;\nworker_processes 2;\n"
		  "error_log %s notice;\nevents {}\nhttp { access_log off; server { listen "
		  "127.0.0.1:%d; location / { return 200 \"http\"; } } }\n",
		  rig_path("enabled"), nginx.pid_file, nginx.error_log, nginx.port);
	rig_nginx_send_hup(&nginx);
	eventually(NULL, rig_nginx_says(nginx.port, "http"));
	assert_null(strstr(rig_read(nginx.error_log), "exited on signal"));
}

/* --- the package's ---------------------------------------------------------------------------- */

static void the_module_of_the_package_is_not_loaded_a_second_time(void **state UNUSED)
{
	char *package = rig_path("modules/" HTTP_MODULE);
	char *copy[] = { "cp", (char *)rig_module_file(HTTP_MODULE), package, NULL };

	install();
	assert_int_equal(rig_run(NULL, copy), 0);
	rig_write(rig_path("enabled/50-mod-http-zknginx.conf"), "load_module %s;\n", package);
	if (!is_accepted())
		fail_msg("%s", last);
	assert_int_not_equal(make_in(built(), "install-module", NULL), 0);
	assert_said("has the module of the package");
}

/* --- installing ------------------------------------------------------------------------------ */

static void lines_that_nginx_refuses_are_not_left(void **state UNUSED)
{
	rig_write(nginx.config, "events { }\ninclude %s/*.conf;\npid %s;\n", rig_path("enabled"),
		  nginx.pid_file);
	assert_true(is_accepted());
	assert_int_not_equal(make_in(built(), "install-module", NULL), 0);
	assert_said("is specified too late");
	assert_said("which is as it was before");
	assert_int_not_equal(access(rig_path("%s", enabled_lines), F_OK), 0);
	assert_true(is_accepted());
}

static void nothing_is_installed_while_nginx_is_broken(void **state UNUSED)
{
	configure("oops;");
	assert_int_not_equal(make_in(built(), "install-module", NULL), 0);
	assert_said("nginx -t fails already, so nothing is installed");
	assert_int_not_equal(access(rig_path("modules/zknginx"), F_OK), 0);
}

static void uninstalling_leaves_nothing(void **state UNUSED)
{
	install();
	assert_int_equal(make_in(built(), "uninstall-module", NULL), 0);
	assert_int_not_equal(access(rig_path("%s", enabled_lines), F_OK), 0);
	assert_int_not_equal(access(rig_path("modules/zknginx"), F_OK), 0);
	assert_true(is_accepted());
}

/* nginx.org's packages have no directory for such lines. */
static void without_a_directory_for_lines_they_are_printed(void **state UNUSED)
{
	const char *line;

	assert_int_equal(rmdir(rig_path("enabled")), 0);
	configure(NULL);
	install();
	assert_said("Add these lines at the top of nginx.conf");
	line = rig_text("%s", strstr(last, "load_module"));
	configure(line);
	assert_true(is_accepted());
	assert_null(strstr(last, "[notice] zknginx"));
	assert_int_not_equal(make_in(built(), "uninstall-module", NULL), 0);
	assert_said("is kept: remove the lines load_module that name it first");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(nginx_starts_with_modules_for_another_nginx),
		TEST(modules_for_this_nginx_are_loaded_by_a_reload),
		TEST(an_older_nginx_keeps_its_modules),
		TEST(nginx_starts_without_the_modules_and_with_damaged_ones),
		TEST(a_module_in_the_place_of_another_is_not_loaded),
		TEST(nginx_without_stream_starts),
		TEST(stream_that_is_gone_after_a_reload_does_no_harm),
		TEST(the_module_of_the_package_is_not_loaded_a_second_time),
		TEST(lines_that_nginx_refuses_are_not_left),
		TEST(nothing_is_installed_while_nginx_is_broken),
		TEST(uninstalling_leaves_nothing),
		TEST(without_a_directory_for_lines_they_are_printed),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
