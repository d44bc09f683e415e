/*
 * A state directory that cannot be used is a condition of the host: an alert with the path and the
 * system's words, never a problem of a znode. When it is over the change goes live by itself.
 */
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	rig_host_init(&host, "web1");
	port = rig_port();
	rig_zk_create(host.zk, CONFIG, NULL);
	rig_host_settings(&host, "alerts: { raise_after = \"0s\"; clear_after = \"0s\"; };\n");
	return 0;
}

static bool set_immutable(const char *directory, bool immutable)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), flags;
	bool done = fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;

	if (done) {
		flags = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
		done = ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
	}
	if (fd >= 0)
		close(fd);
	return done;
}

static char *generations(void)
{
	return rig_path("web1/state/generations");
}

static int teardown(void **state UNUSED)
{
	set_immutable(generations(), false);
	rig_host_fini(&host);
	umount2(host.nginx.state, MNT_DETACH);
	rig_clean();
	return 0;
}

static void start_with(const char *text)
{
	rig_host_set_site(&host, port, text);
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, text));
	eventually(NULL, rig_host_is(&host, "applied"));
}

/* From the log: on a full disk there may be no room for the status. */
static char *alert_line(void)
{
	char *line = strstr(rig_read(host.log), "alert state-directory: ");

	return line ? strndup(line, strcspn(line, "\n")) : NULL;
}

/* None was ever logged for the config as a whole, and none as a failed reload. */
static void expect_no_problem(void)
{
	const char *line = strstr(rig_read(host.log), " " CONFIG ": ");

	if (line)
		fail_msg("%.*s", (int)strcspn(line, "\n"), line);
	assert_null(strstr(rig_read(host.log), "alert config-rejected"));
}

static void expect_alert(const char *path, const char *words)
{
	char *line = NULL;

	eventually(NULL, (line = alert_line()));
	if (!strstr(line, path) || !strstr(line, words) ||
	    !strstr(line, "nginx keeps serving generation 1"))
		fail_msg("%s", line);
	free(line);
	assert_int_equal(rig_host_problem_count(&host), 0);
	assert_true(rig_nginx_says(port, "one"));
	expect_no_problem();
}

static void expect_cleared(void)
{
	eventually(NULL, rig_host_is(&host, "applied"));
	eventually(NULL, strstr(rig_read(host.log), "alert state-directory cleared"));
	eventually(NULL,
		   !rig_host_has_alert(&host, "state-directory")); /* written a moment later */
	expect_no_problem();
}

static void a_full_disk_is_a_condition_of_the_host(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf big = BUF_INIT;
	char *ballast = rig_path("web1/state/ballast");

	if (!rig_is_alone())
		skip();
	assert_true(mkdir(host.nginx.state, 0755) == 0 || errno == EEXIST);
	assert_int_equal(mount("tmpfs", host.nginx.state, "tmpfs", 0, "size=1m,mode=755"), 0);
	start_with("one");
	while (big.size < 900000)
		buf_puts(&big, "somebody else's data\n");
	rig_write(ballast, "%s", big.data);
	buf_clear(&big);
	buf_puts(&big, "map $uri $big {\n");
	for (int i = 0; i < 25000; i++)
		buf_printf(&big, "/page/%d 1;\n", i);
	buf_puts(&big, "}\n");
	rig_zk_set(host.zk, CONFIG "/snippets/http/big", big.data);
	expect_alert("/generations/", "No space left on device");
	eventually(NULL, rig_host_is(&host, "rejected"));

	assert_int_equal(unlink(ballast), 0); /* nobody edits a znode */
	eventually(NULL, strstr(rig_host_live(&host, "http.conf"), "/page/24999"));
	expect_cleared();
}

static void a_directory_that_cannot_be_written_is_a_condition_of_the_host(void **state UNUSED)
{
	start_with("one");
	if (!set_immutable(generations(), true))
		skip(); /* not on this file system, or not root */
	rig_host_set_site(&host, port, "two");
	expect_alert("mkdir ", "Operation not permitted");
	eventually(NULL, rig_host_has_alert(&host, "state-directory"));
	eventually(NULL, rig_host_is(&host, "rejected"));
	assert_int_equal(rig_host_problem_count(&host), 0);

	assert_true(set_immutable(generations(), false));
	eventually(NULL, rig_nginx_says(port, "two"));
	expect_cleared();
}

/* With exit code 2 systemd does not start it again: a person has to help. */
static void a_foreign_directory_in_place_of_the_link_ends_the_daemon(void **state UNUSED)
{
	char *output;

	assert_true(mkdir(host.nginx.state, 0755) == 0 || errno == EEXIST);
	assert_int_equal(mkdir(rig_path("web1/state/live"), 0755), 0);
	rig_write(rig_path("web1/state/live/site.conf"), "# theirs\n");
	assert_int_equal(rig_host_run(&host, &output, NULL), 2);
	assert_non_null(strstr(output, "is a directory that holds \"site.conf\""));
	assert_non_null(strstr(output, "Move the directory away"));
}

static void a_directory_made_by_a_provisioning_tool_is_taken_over(void **state UNUSED)
{
	assert_true(mkdir(host.nginx.state, 0755) == 0 || errno == EEXIST);
	assert_int_equal(mkdir(rig_path("web1/state/live"), 0755), 0);
	rig_write(rig_path("web1/state/live/http.conf"), "%s", "");
	rig_write(rig_path("web1/state/live/stream.conf"), "%s", "");
	rig_nginx_start(&host.nginx); /* it includes them before the daemon has ever run */
	start_with("one");
}

static void empty_files_made_at_boot_are_no_drift(void **state UNUSED)
{
	assert_true(mkdir(host.nginx.state, 0755) == 0 || errno == EEXIST);
	assert_int_equal(mkdir(generations(), 0755), 0);
	assert_int_equal(mkdir(rig_path("web1/state/generations/0"), 0755), 0);
	rig_write(rig_path("web1/state/generations/0/http.conf"), "%s", "");
	rig_write(rig_path("web1/state/generations/0/stream.conf"), "%s", "");
	assert_int_equal(symlink("generations/0", rig_path("web1/state/live")), 0);
	rig_nginx_start(&host.nginx);
	start_with("one");
	assert_null(strstr(rig_read(host.log), "alert nginx-drift"));
	assert_null(strstr(rig_read(host.log), "was changed by another program"));
	assert_null(strstr(rig_read(host.log), "cannot be used"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_full_disk_is_a_condition_of_the_host),
		TEST(a_directory_that_cannot_be_written_is_a_condition_of_the_host),
		TEST(a_foreign_directory_in_place_of_the_link_ends_the_daemon),
		TEST(a_directory_made_by_a_provisioning_tool_is_taken_over),
		TEST(empty_files_made_at_boot_are_no_drift),
	};

	return cmocka_run_group_tests_name("state_directory", tests, NULL, NULL);
}
