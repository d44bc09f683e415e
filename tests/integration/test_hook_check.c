/* Which commands are refused; the message names the cause and the remedy. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "host/hook.h"
#include "rig_private.h"

#define SCRIPT "#!/bin/sh\n"
#define NOBODY 65534

static int tear_down(void **state UNUSED)
{
	rig_private_clean();
	rig_clean();
	return 0;
}

static void accepted(const char *path)
{
	struct err e;

	if (hook_check(path, &e) < 0)
		fail_msg("refused: %s", e.text);
}

/* `fault` is named, with these words. */
static void refused(const char *path, const char *fault, const char *words)
{
	struct err e = { 0 };

	if (hook_check(path, &e) == 0)
		fail_msg("accepted: %s", path);
	assert_int_equal(e.code, ERR_INPUT);
	if (strncmp(e.text, path, strlen(path)) != 0 || !strstr(e.text, fault) ||
	    !strstr(e.text, words))
		fail_msg("says: %s\nnot: %s … %s", e.text, fault, words);
}

/* DIRECTORY/a/b, each of mode 0755 whatever the umask. */
static char *nested(void)
{
	char *outer = rig_private_path("a"), *inner = rig_private_path("a/b");

	assert_int_equal(mkdir(outer, 0755), 0);
	assert_int_equal(mkdir(inner, 0755), 0);
	assert_int_equal(chmod(outer, 0755), 0);
	assert_int_equal(chmod(inner, 0755), 0);
	return outer;
}

static void programs_and_scripts_are_accepted(void **state UNUSED)
{
	char *script = rig_private_script("plain", SCRIPT);

	accepted(script);
	accepted("/bin/sh"); /* a link, in a directory that is a link on most systems */
	assert_int_equal(chmod(script, 0700), 0);
	accepted(script);
}

static void a_file_that_others_may_write_is_refused(void **state UNUSED)
{
	char *script = rig_private_script("open", SCRIPT);

	assert_int_equal(chmod(script, 0775), 0);
	refused(script, script, "(mode 0775): chmod 755 /");
	assert_int_equal(chmod(script, 0757), 0);
	refused(script, script, "(mode 0757)");
}

static void a_directory_above_that_others_may_write_is_refused(void **state UNUSED)
{
	char *outer = nested(), *script = rig_private_script("a/b/x", SCRIPT);

	accepted(script);
	assert_int_equal(chmod(outer, 0775), 0);
	refused(script, outer, "(mode 0775): chmod 755 /");
	assert_int_equal(chmod(outer, 0757), 0);
	refused(script, outer, "(mode 0757)");
	assert_int_equal(chmod(outer, 01777), 0);
	refused(script, outer, "other users may write (mode 1777); move the command");
	assert_int_equal(chmod(outer, 0755), 0);
	accepted(script);
	rig_write(rig_path("x"), SCRIPT);
	assert_int_equal(chmod(rig_path("x"), 0755), 0);
	refused(rig_path("x"), "/tmp is a directory", "move the command");
}

static void a_file_of_another_user_is_refused(void **state UNUSED)
{
	char *outer, *script;

	if (geteuid() != 0)
		skip();
	outer = nested();
	script = rig_private_script("a/b/x", SCRIPT);
	assert_int_equal(chown(script, NOBODY, 0), 0);
	refused(script, script, "belongs to user 65534, who can change it; give it to");
	assert_int_equal(chown(script, 0, NOBODY), 0);
	accepted(script);
	assert_int_equal(chown(outer, NOBODY, 0), 0);
	refused(script, outer, "chown root /");
}

static void what_cannot_be_run_is_refused(void **state UNUSED)
{
	char *outer = nested(), *script = rig_private_script("a/b/x", SCRIPT);

	assert_int_equal(chmod(script, 0644), 0);
	refused(script, script, "is not executable: chmod 755 /");
	refused(rig_private_path("none"), rig_private_path("none"), "No such file or directory");
	refused(rig_private_path("none/x"), rig_private_path("none"), "No such file or directory");
	refused(outer, outer, "is not a file");
	refused(rig_private_path("a/b/x/y"), script, "is not a directory");
	refused("bin/sh", "bin/sh", "is not an absolute path");
	refused("", "", "is not an absolute path");
	assert_int_equal(mkfifo(rig_private_path("fifo"), 0700), 0);
	refused(rig_private_path("fifo"), rig_private_path("fifo"), "is not a file");
}

static char *link_to(const char *name, const char *target)
{
	char *path = rig_private_path("%s", name);

	assert_int_equal(symlink(target, path), 0);
	return path;
}

static void links_are_followed_and_their_targets_checked(void **state UNUSED)
{
	char *outer = nested(), *script = rig_private_script("a/b/x", SCRIPT);
	char *hidden = rig_path("hidden");

	accepted(link_to("absolute", script));
	accepted(link_to("relative", "a/./b//x"));
	accepted(link_to("a/b/up", "../../a/b/../b/x"));
	accepted(link_to("twice", "a/b/up"));
	accepted(link_to("directory", "a/b") ? rig_private_path("directory/x") : "");
	rig_write(hidden, SCRIPT);
	assert_int_equal(chmod(hidden, 0755), 0);
	refused(link_to("out", hidden), "/tmp is a directory", "move the command");
	assert_int_equal(symlink(script, rig_path("in")), 0);
	refused(rig_path("in"), "/tmp is a directory", "move the command");
	refused(link_to("around", "around"), rig_private_path("around"), "too many symbolic links");
	refused(link_to("dangling", "a/none"), rig_private_path("a/none"), "No such file");
	assert_int_equal(chmod(outer, 0777), 0);
	refused(rig_private_path("twice"), outer, "(mode 0777)");
	assert_int_equal(chmod(outer, 0755), 0);
	assert_int_equal(chmod(script, 0775), 0);
	refused(rig_private_path("twice"), script, "(mode 0775)");
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void no_descriptor_is_left_open(void **state UNUSED)
{
	char *script = rig_private_script("plain", SCRIPT), *link = link_to("link", "plain");
	size_t before = open_descriptors();

	accepted(script);
	accepted(link);
	accepted("/bin/sh");
	refused(rig_private_path("none/x"), "none", "No such file");
	refused(link_to("around", "around"), "around", "too many");
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(programs_and_scripts_are_accepted),
		TEST(a_file_that_others_may_write_is_refused),
		TEST(a_directory_above_that_others_may_write_is_refused),
		TEST(a_file_of_another_user_is_refused),
		TEST(what_cannot_be_run_is_refused),
		TEST(links_are_followed_and_their_targets_checked),
		TEST(no_descriptor_is_left_open),
	};

	return cmocka_run_group_tests_name("hook check", tests, NULL, NULL);
}
