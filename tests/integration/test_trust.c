/*
 * A file that another user can change does not steer the daemon: the settings, what they include
 * and name, the state directory, and nginx's own configuration.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_host.h"
#include "rig_private.h"

#define CONFIG "/nginx/config"
#define NOBODY 65534

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_private_clean();
	rig_clean();
	return 0;
}

/* Neither -t nor a start takes the settings; the log has these words. */
static void expect_refused(const char *path, const char *words)
{
	const char *log;

	assert_int_equal(rig_host_run(&host, NULL, "-t", NULL), 2);
	unlink(host.log);
	rig_host_start_daemon(&host);
	eventually(NULL, (log = rig_read(host.log)) && strstr(log, "does not start"));
	assert_int_equal(WEXITSTATUS(rig_host_stop_daemon(&host, 0)), 2);
	log = rig_read(host.log); /* all of it */
	if (!strstr(log, path) || !strstr(log, words))
		fail_msg("says: %s\nnot: %s … %s", log, path, words);
}

static void expect_taken(void)
{
	assert_int_equal(rig_host_run(&host, NULL, "-t", NULL), 0);
}

static void settings_that_others_may_write_refuse_the_start(void **state UNUSED)
{
	expect_taken();
	assert_int_equal(chmod(host.settings, 0666), 0);
	expect_refused(host.settings, "(mode 0666): chmod 644 /");
	assert_int_equal(chmod(host.settings, 0664), 0);
	expect_refused(host.settings, "(mode 0664): chmod 644 /");
	assert_int_equal(chmod(host.settings, 0644), 0);
	expect_taken();
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(host.settings, NOBODY, 0), 0);
	expect_refused(host.settings, "belongs to user 65534, who can change it; give it to root");
}

static void a_directory_above_the_settings_counts_as_well(void **state UNUSED)
{
	assert_int_equal(chmod(rig_directory(), 0777), 0);
	expect_refused(rig_directory(), "(mode 0777): chmod 755 /");
	assert_int_equal(chmod(rig_directory(), 0755), 0);
	expect_taken();
}

/* In a directory such as /tmp a user can put a link, but not replace one of root. */
static void a_link_in_a_sticky_directory_must_not_be_another_user_s(void **state UNUSED)
{
	char *sticky = rig_path("sticky"), *link = rig_path("sticky/link");

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(sticky, 0755), 0);
	assert_int_equal(chmod(sticky, 01777), 0);
	assert_int_equal(symlink(host.settings, link), 0);
	host.settings = link;
	expect_taken();
	assert_int_equal(lchown(link, NOBODY, 0), 0);
	expect_refused(link, "belongs to user 65534, who can change it; give it to root: chown -h");
}

static void an_included_file_counts_as_well(void **state UNUSED)
{
	char *included = rig_path("more.conf"), text[512];

	rig_write(included, "alerts: { timeout = \"5s\"; };\n");
	snprintf(text, sizeof(text), "@include \"%s\"\n", included);
	rig_host_settings(&host, text);
	expect_taken();
	assert_int_equal(chmod(included, 0646), 0);
	expect_refused(included, "(mode 0646): chmod 644 /");
}

static void a_state_directory_that_others_may_write_refuses_the_start(void **state UNUSED)
{
	expect_taken(); /* it does not exist yet */
	assert_int_equal(mkdir(host.nginx.state, 0755), 0);
	assert_int_equal(chmod(host.nginx.state, 0777), 0);
	expect_refused("state.directory: ", "(mode 0777): chmod 755 /");
	assert_int_equal(chmod(host.nginx.state, 01777), 0);
	expect_refused("state.directory: ", "use one that only root may write");
	assert_int_equal(chmod(host.nginx.state, 0755), 0);
	expect_taken();
	assert_int_equal(mkdir(rig_path("web1/state/generations"), 0755), 0);
	assert_int_equal(chmod(rig_path("web1/state/generations"), 0775), 0);
	expect_refused("/generations ", "(mode 0775): chmod 755 /");
}

static void use_hook(const char *key, const char *script)
{
	char text[512], group[32];

	snprintf(group, sizeof(group), "%.*s", (int)strcspn(key, "."), key);
	/* the rig has a group cluster of its own */
	snprintf(text, sizeof(text), "%s: { %s = [ \"%s\" ]; };\n", group, strchr(key, '.') + 1,
		 script);
	rig_host_settings(&host, text);
}

static void a_command_that_others_may_write_refuses_the_start(void **state UNUSED)
{
	static const char *const keys[] = { "alerts.command", "rollout.gate" };
	char *script = rig_private_script("hook", "#!/bin/sh\n");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		use_hook(keys[i], script);
		assert_int_equal(chmod(script, 0755), 0);
		expect_taken();
		assert_int_equal(chmod(script, 0775), 0);
		expect_refused(keys[i], "(mode 0775): chmod 755 /");
	}
	assert_int_equal(unlink(script), 0);
	expect_taken(); /* one that is missing is logged, and is no reason to stop */
}

static void a_reload_of_such_settings_keeps_the_old_ones(void **state UNUSED)
{
	rig_host_start(&host);
	assert_int_equal(chmod(host.settings, 0666), 0);
	rig_host_settings(&host, "log: { level = \"debug\"; };");
	kill(host.daemon, SIGHUP);
	eventually(NULL, strstr(rig_read(host.log), "settings not changed: "));
	assert_non_null(strstr(rig_read(host.log), "(mode 0666): chmod 644 /"));
	assert_null(strstr(rig_read(host.log), "settings read again"));
	assert_int_equal(chmod(host.settings, 0644), 0);
	kill(host.daemon, SIGHUP);
	eventually(NULL, strstr(rig_read(host.log), "settings read again"));
}

/* --- nginx.conf ------------------------------------------------------------------------------ */

static void expect_not_deployed(const char *path)
{
	const char *line;

	rig_host_set_site(&host, port, "two");
	eventually(NULL, rig_host_has_alert(&host, "nginx-conf-writable"));
	eventually(NULL, (line = strstr(rig_read(host.log), "alert nginx-conf-writable: ")));
	if (!strstr(line, path) || !strstr(line, "chmod 644 /") ||
	    !strstr(line, "nginx keeps serving generation"))
		fail_msg("%s", line);
	assert_true(rig_nginx_says(port, "one"));
	assert_int_equal(rig_host_problem_count(&host), 0);
}

static void expect_deployed_again(void)
{
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, strstr(rig_read(host.log), "alert nginx-conf-writable cleared"));
}

static void start_with_one(void)
{
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };");
	rig_host_set_site(&host, port, "one");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
}

static void nothing_is_deployed_while_others_may_write_nginx_conf(void **state UNUSED)
{
	start_with_one();
	assert_int_equal(chmod(host.nginx.config, 0666), 0);
	/* without an edit, too */
	eventually(NULL, rig_host_has_alert(&host, "nginx-conf-writable"));
	expect_not_deployed(host.nginx.config);
	assert_int_equal(chmod(host.nginx.config, 0644), 0);
	expect_deployed_again();
}

static void nothing_is_deployed_while_others_may_write_what_it_includes(void **state UNUSED)
{
	char *included = rig_path("web1/included.conf"), text[512];

	rig_write(included, "# nothing\n");
	snprintf(text, sizeof(text), "include %s;\n", included);
	host.nginx.http_text = text;
	rig_nginx_configure(&host.nginx);
	start_with_one();
	assert_int_equal(chmod(included, 0666), 0);
	expect_not_deployed(included);
	assert_int_equal(chmod(included, 0644), 0);
	expect_deployed_again();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(settings_that_others_may_write_refuse_the_start),
		TEST(a_directory_above_the_settings_counts_as_well),
		TEST(a_link_in_a_sticky_directory_must_not_be_another_user_s),
		TEST(an_included_file_counts_as_well),
		TEST(a_state_directory_that_others_may_write_refuses_the_start),
		TEST(a_command_that_others_may_write_refuses_the_start),
		TEST(a_reload_of_such_settings_keeps_the_old_ones),
		TEST(nothing_is_deployed_while_others_may_write_nginx_conf),
		TEST(nothing_is_deployed_while_others_may_write_what_it_includes),
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
