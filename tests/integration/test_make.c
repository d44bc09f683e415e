/*
 * make through sudo: what root builds for a user belongs to the user, else the next plain `make`
 * could not write there. Run from the top of the source tree, as root.
 */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
	};

	return cmocka_run_group_tests_name("make", tests, NULL, clean);
}
