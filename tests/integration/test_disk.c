/* Files that are replaced and read by sys/disk.c. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"
#include "sys/disk.h"

static int tear_down(void **state UNUSED)
{
	rig_clean();
	return 0;
}

static int put(const char *path, const char *text, struct err *e)
{
	return disk_replace_path(path, 0644, text, strlen(text), DISK_DURABLE, e);
}

static bool has(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void a_replaced_file_holds_the_new_content_alone(void **state UNUSED)
{
	char *path = rig_path("status.json");
	struct buf text = BUF_INIT;
	struct err e;

	assert_int_equal(put(path, "a longer text", &e), 0);
	assert_int_equal(put(path, "short", &e), 0);
	assert_int_equal(disk_read_path(path, &text, &e), 0);
	assert_string_equal(buf_str(&text), "short");
	assert_false(has(rig_path(".status.json.tmp")));
	buf_fini(&text);
}

static void a_name_without_a_directory_is_one_in_the_working_directory(void **state UNUSED)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(chdir(rig_directory()), 0);
	assert_int_equal(put("plain", "text", NULL), 0);
	assert_int_equal(fchdir(here), 0);
	assert_string_equal(rig_read(rig_path("plain")), "text");
	close(here);
}

static void an_error_names_the_file_and_has_its_errno(void **state UNUSED)
{
	struct buf text = BUF_INIT;
	struct err e;

	assert_int_equal(put(rig_path("none/file"), "x", &e), -1);
	assert_int_equal(e.code, ERR_SYS);
	assert_int_equal(e.sys, ENOENT);
	assert_non_null(strstr(e.text, "/none: No such file or directory"));

	assert_int_equal(disk_read_path(rig_path("missing"), &text, &e), -1);
	assert_int_equal(e.sys, ENOENT);
	assert_non_null(strstr(e.text, "/missing: No such file or directory"));

	assert_int_equal(mkdir(rig_path("taken"), 0755), 0);
	assert_int_equal(put(rig_path("taken"), "x", &e), -1);
	assert_int_equal(e.sys, EISDIR);
	assert_non_null(strstr(e.text, "/taken: Is a directory"));
	assert_false(has(rig_path(".taken.tmp")));
}

/* Every write past 4 kB fails, as on a full disk. */
static void a_failed_write_keeps_the_old_file_and_leaves_no_other(void **state UNUSED)
{
	struct rlimit old, low = { 4096, RLIM_INFINITY };
	char *path = rig_path("file"), big[10000];
	struct err e;
	int rc;

	memset(big, 'x', sizeof(big));
	assert_int_equal(put(path, "old", &e), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	rc = disk_replace_path(path, 0644, big, sizeof(big), DISK_VOLATILE, &e);
	setrlimit(RLIMIT_FSIZE, &old);

	assert_int_equal(rc, -1);
	assert_int_equal(e.sys, EFBIG);
	assert_string_equal(rig_read(path), "old");
	assert_false(has(rig_path(".file.tmp")));
}

static void a_link_is_replaced_and_never_followed(void **state UNUSED)
{
	char *other = rig_path("other"), *path = rig_path("link");
	struct buf text = BUF_INIT;
	struct err e;

	rig_write(other, "untouched");
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(disk_read_path(path, &text, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "/link is not a regular file"));

	assert_int_equal(symlink(other, rig_path(".link.tmp")), 0);
	assert_int_equal(put(path, "mine", &e), 0);
	assert_string_equal(rig_read(other), "untouched");
	assert_string_equal(rig_read(path), "mine");
	assert_int_equal(disk_read_path(path, &text, &e), 0);
	buf_fini(&text);
}

static void what_a_user_names_is_read_up_to_a_limit(void **state UNUSED)
{
	char *file = rig_path("file"), *path = rig_path("link");
	struct buf text = BUF_INIT;
	struct err e;
	int ends[2];

	rig_write(file, "followed");
	assert_int_equal(symlink(file, path), 0);
	assert_int_equal(disk_read_any(path, 8, &text, &e), 0);
	assert_int_equal(disk_read_linked(path, 8, &text, &e), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], " piped", 6), 6);
	close(ends[1]);
	assert_int_equal(disk_read_open(ends[0], "the pipe", 8, &text, &e), 0);
	close(ends[0]);
	assert_string_equal(buf_str(&text), "followedfollowed piped");
	assert_int_equal(disk_read_any(path, 7, &text, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "/link: more than "));
	assert_int_equal(mkfifo(rig_path("fifo"), 0600), 0);
	assert_int_equal(disk_read_linked(rig_path("fifo"), 8, &text, &e), -1);
	assert_non_null(strstr(e.text, "/fifo is not a regular file"));
	buf_fini(&text);
}

static void a_new_file_never_replaces_another(void **state UNUSED)
{
	char *path = rig_path("new");
	struct err e;

	assert_int_equal(disk_create_path(path, 0600, "one", 3, &e), 0);
	assert_int_equal(disk_create_path(path, 0600, "two", 3, &e), -1);
	assert_int_equal(e.sys, EEXIST);
	assert_string_equal(rig_read(path), "one");
}

static void a_draft_takes_the_name_when_it_is_whole(void **state UNUSED)
{
	struct disk_draft d = DISK_DRAFT_NONE;
	char *path = rig_path("draft");
	struct err e;

	assert_int_equal(put(path, "old", &e), 0);
	assert_int_equal(disk_begin_path(path, 0600, DISK_DURABLE, &d, &e), 0);
	assert_int_equal(disk_add(&d, "head ", 5, &e), 0);
	assert_int_equal(disk_add(&d, "body", 4, &e), 0);
	assert_string_equal(rig_read(path), "old");
	disk_drop(&d);
	assert_string_equal(rig_read(path), "old");
	assert_false(has(rig_path(".draft.tmp")));

	assert_int_equal(disk_begin_path(path, 0600, DISK_DURABLE, &d, &e), 0);
	assert_int_equal(disk_add(&d, "____ ", 5, &e), 0);
	assert_int_equal(disk_add(&d, "body", 4, &e), 0);
	assert_int_equal(disk_set_head(&d, "HEAD", 4, &e), 0);
	assert_int_equal(disk_end(&d, &e), 0);
	disk_drop(&d);
	assert_string_equal(rig_read(path), "HEAD body");
	assert_false(has(rig_path(".draft.tmp")));
	assert_int_equal(disk_begin_path("/no/such/directory/x", 0600, DISK_VOLATILE, &d, &e), -1);
	disk_drop(&d);
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_replaced_file_holds_the_new_content_alone),
		TEST(a_name_without_a_directory_is_one_in_the_working_directory),
		TEST(an_error_names_the_file_and_has_its_errno),
		TEST(a_failed_write_keeps_the_old_file_and_leaves_no_other),
		TEST(a_link_is_replaced_and_never_followed),
		TEST(what_a_user_names_is_read_up_to_a_limit),
		TEST(a_draft_takes_the_name_when_it_is_whole),
		TEST(a_new_file_never_replaces_another),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
