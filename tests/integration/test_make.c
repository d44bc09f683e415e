/*
 * make through sudo: what root builds for a user belongs to the user, else the next plain `make`
 * could not write there. Run from the top of the source tree, as root.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER 65534

/* Builds in a directory of its own, as sudo would call make; returns its exit status. */
static int make_through_sudo(const char *uid, const char *goal, const char *another)
{
	char sudo_uid[32], sudo_gid[32], where[512], *out;

	snprintf(sudo_uid, sizeof(sudo_uid), "SUDO_UID=%s", uid);
	snprintf(sudo_gid, sizeof(sudo_gid), "SUDO_GID=%s", uid);
	snprintf(where, sizeof(where), "B=%s", rig_path("build"));
	/* remove the variables of the make that runs this test */
	return rig_run(&out, (char *[]){ "env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u",
					 "MAKELEVEL", sudo_uid, sudo_gid, "make", where,
					 (char *)goal, (char *)another, NULL });
}

static unsigned owner(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

static void what_is_built_belongs_to_who_called_sudo(void **state UNUSED)
{
	char *object = rig_path("build/src/base/err.o");

	assert_int_equal(make_through_sudo("65534", object, NULL), 0);
	assert_int_equal(owner(object), USER);
	assert_int_equal(owner(rig_path("build/src/base/err.d")), USER);
	assert_int_equal(owner(rig_path("build/src/base")), USER);
	assert_int_equal(owner(rig_path("build")), USER);
}

static void a_run_that_fails_leaves_nothing_of_roots(void **state UNUSED)
{
	char *object = rig_path("build/src/base/arena.o");

	assert_int_not_equal(make_through_sudo("65534", object, "no-such-goal"), 0);
	assert_int_equal(owner(object), USER);
}

static void root_alone_keeps_what_it_builds(void **state UNUSED)
{
	char *object = rig_path("build/src/base/buf.o");

	assert_int_equal(make_through_sudo("", object, NULL), 0);
	assert_int_equal(owner(object), 0);
	object = rig_path("build/src/base/digest.o");
	assert_int_equal(make_through_sudo("0", object, NULL), 0);
	assert_int_equal(owner(object), 0);
}

/* --- packages -------------------------------------------------------------------------------- */

static void write_program(const char *name, const char *script)
{
	char *path = rig_path("bin/%s", name);

	rig_write(path, "#!/bin/sh\n%s\n", script);
	assert_int_equal(chmod(path, 0755), 0);
}

/*
 * Runs a goal on a host without any of the packages. Returns what the package manager was called
 * with, and what it would have been told about starting a service.
 */
static char *install_for(const char *goal)
{
	char path[512], policy[512], *out;

	assert_int_equal(rig_run(&out, (char *[]){ "mkdir", "-p", rig_path("bin"), NULL }), 0);
	write_program("dpkg-query", "exit 1");
	write_program("apt-get", "echo apt-get $* ; $POLICY_RC_D; echo service: $?");
	write_program("update-rc.d", "echo update-rc.d $*");
	snprintf(path, sizeof(path), "PATH=%s:%s", rig_path("bin"), getenv("PATH"));
	snprintf(policy, sizeof(policy), "POLICY_RC_D=%s", rig_path("policy-rc.d"));
	assert_int_equal(rig_run(&out, (char *[]){ "env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u",
						   "MAKELEVEL", "-u", "SUDO_UID", path, policy,
						   "make", (char *)goal, NULL }),
			 0);
	return out;
}

static void building_needs_no_test_tools(void **state UNUSED)
{
	static const char *const others[] = { "jdk",     "cmocka", " zookeeper",
					      "curator", " nginx", "clang" };
	char *out = install_for("deps");

	assert_non_null(strstr(out, "install -y"));
	assert_non_null(strstr(out, " libzookeeper-mt-dev"));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strstr(out, others[i]))
			fail_msg("make deps installs %s: %s", others[i], out);
	}
}

static void tests_bring_their_own_packages(void **state UNUSED)
{
	char *out = install_for("test-deps");

	assert_non_null(strstr(out, " default-jdk-headless"));
	assert_non_null(strstr(out, " libcmocka-dev"));
	assert_non_null(strstr(out, " gcc"));
	assert_null(strstr(out, " clang"));
	assert_non_null(strstr(install_for("lint-deps"), " clang-tidy"));
}

static void an_installed_nginx_is_neither_started_nor_enabled(void **state UNUSED)
{
	char *out = install_for("demo-deps");

	assert_non_null(strstr(out, " nginx"));
	assert_non_null(strstr(out, "service: 101"));
	assert_non_null(strstr(out, "update-rc.d nginx disable"));
	assert_int_not_equal(access(rig_path("policy-rc.d"), F_OK), 0);
}

static void the_hosts_own_policy_for_services_is_put_back(void **state UNUSED)
{
	const char *policy = rig_path("policy-rc.d");

	rig_write(policy, "#!/bin/sh\n# the host's\n");
	assert_int_equal(chmod(policy, 0755), 0);
	assert_non_null(strstr(install_for("demo-deps"), "service: 101"));
	assert_string_equal(rig_read(policy), "#!/bin/sh\n# the host's\n");
	assert_int_not_equal(access(rig_path("policy-rc.d.before-zknginx"), F_OK), 0);
}

/* --- installation ---------------------------------------------------------------------------- */

/* With what is built already. */
static void make_for_a_package(const char *goal, const char *prefix)
{
	char directory[256], to[512], in[512], daemon[600], command[600], *out;
	const char *built = getenv("ZKNGINXCTL") ?: "build/zknginxctl";

	snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(built, '/') - built), built);
	snprintf(in, sizeof(in), "B=%s", directory);
	snprintf(to, sizeof(to), "DESTDIR=%s", rig_path("root"));
	snprintf(daemon, sizeof(daemon), "%.500s/zknginxd", directory);
	snprintf(command, sizeof(command), "%.500s/zknginxctl", directory);
	assert_int_equal(rig_run(&out, (char *[]){ "env", "-u", "MAKEFLAGS", "-u", "MFLAGS", "-u",
						   "MAKELEVEL", "-u", "SUDO_UID", "make", in, to,
						   (char *)prefix, "-o", daemon, "-o", command,
						   (char *)goal, NULL }),
			 0);
}

static void assert_installed(const char *const *files, size_t count, bool there)
{
	for (size_t i = 0; i < count; i++) {
		const char *path = rig_path("root%s", files[i]);

		if ((access(path, F_OK) == 0) != there)
			fail_msg("%s %s", path, there ? "is missing" : "is still there");
	}
}

/* An operator's command needs no root: it is where every user's path leads. */
static void the_command_and_its_completion_are_installed_where_users_have_them(void **state UNUSED)
{
	static const char *const files[] = {
		"/usr/sbin/zknginxd",
		"/usr/bin/zknginxctl",
		"/usr/share/man/man8/zknginxctl.8",
		"/usr/share/bash-completion/completions/zknginxctl",
		"/usr/share/zsh/vendor-completions/_zknginxctl",
		"/usr/share/fish/vendor_completions.d/zknginxctl.fish",
		"/usr/share/zknginx/prometheus/alerts.yml",
		"/usr/share/zknginx/grafana/zknginx.json",
	};
	static const char *const local[] = {
		"/usr/local/sbin/zknginxd",
		"/usr/local/bin/zknginxctl",
		"/usr/local/share/zsh/site-functions/_zknginxctl",
	};

	make_for_a_package("install", "PREFIX=/usr");
	assert_installed(files, ARRAY_SIZE(files), true);
	make_for_a_package("uninstall", "PREFIX=/usr");
	assert_installed(files, ARRAY_SIZE(files), false);
	make_for_a_package("install", "PREFIX=/usr/local");
	assert_installed(local, ARRAY_SIZE(local), true);
	make_for_a_package("uninstall", "PREFIX=/usr/local");
	assert_installed(local, ARRAY_SIZE(local), false);
}

/* What nginx loads is installed by a goal of its own. */
static void installing_the_daemon_leaves_nginx_alone(void **state UNUSED)
{
	static const char *const files[] = { "/etc/nginx", "/usr/lib/nginx" };

	make_for_a_package("install", "PREFIX=/usr");
	assert_installed(files, ARRAY_SIZE(files), false);
	make_for_a_package("uninstall", "PREFIX=/usr");
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_belongs_to_who_called_sudo),
		cmocka_unit_test(a_run_that_fails_leaves_nothing_of_roots),
		cmocka_unit_test(root_alone_keeps_what_it_builds),
		cmocka_unit_test(building_needs_no_test_tools),
		cmocka_unit_test(tests_bring_their_own_packages),
		cmocka_unit_test(an_installed_nginx_is_neither_started_nor_enabled),
		cmocka_unit_test(the_hosts_own_policy_for_services_is_put_back),
		cmocka_unit_test(
			the_command_and_its_completion_are_installed_where_users_have_them),
		cmocka_unit_test(installing_the_daemon_leaves_nginx_alone),
	};

	return cmocka_run_group_tests_name("make", tests, NULL, clean);
}
