/*
 * Data in ZooKeeper does not fill the host's memory: junk znodes of 1 MB each are refused by their
 * size, the daemon stays small, and other edits go live meanwhile.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define JUNK_EACH 60 /* in each directory */
#define JUNK_SIZE 1000000

static struct rig_host host;
static int port;

static int setup(void **state UNUSED)
{
	const struct rig_zookeeper_options options = { .heap = "-Xmx800m" };

	rig_host_init_at(&host, "web1", rig_zookeeper_start(&options));
	port = rig_port();
	rig_host_set_site(&host, port, "one");
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

static const char *proc(pid_t pid, const char *file)
{
	static char text[8192];
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "re");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

/* A line of /proc/PID/status, in KiB. */
static long memory_of(pid_t pid, const char *line)
{
	const char *at = strstr(proc(pid, "status"), line);

	assert_non_null(at);
	return strtol(at + strlen(line), NULL, 10);
}

static void put_junk(const char *const directories[], size_t count, size_t size, const char *text)
{
	CLEANUP(buf_fini) struct buf junk = BUF_INIT;

	while (junk.size < size)
		buf_puts(&junk, text);
	for (size_t i = 0; i < count * JUNK_EACH; i++) {
		char path[128];

		snprintf(path, sizeof(path), CONFIG "/%s/junk%zu", directories[i % count],
			 i / count);
		rig_zk_set_bytes(host.zk, path, junk.data, size);
	}
}

/* A znode is created empty, and has its data a moment later; the daemon may have seen both. */
static bool refuses(const char *znode, const char *words)
{
	return rig_host_has_problem(&host, znode, "access", "absent", words) ||
	       rig_host_has_problem(&host, znode, "access", "previous", words);
}

static void start(void)
{
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));
}

/* A sanitizer needs memory of its own. */
static bool is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return false;
#endif
}

static void check(const char *text, long bound)
{
	rig_host_set_site(&host, port, text);
	eventually(NULL, rig_nginx_says(port, text));
	if (!is_sanitized())
		assert_in_range(memory_of(host.daemon, "VmHWM:"), 1, bound);
}

static void large_objects_are_refused_and_not_kept(void **state UNUSED)
{
	static const char *const directories[] = { "sites", "upstreams" };

	start();
	put_junk(directories, 2, JUNK_SIZE, "[[1],2],");
	eventually(NULL, rig_host_problem_count(&host) >= 2 * JUNK_EACH);
	eventually(NULL, refuses(CONFIG "/sites/junk0", "more than 256 KB of data"));
	eventually(NULL, refuses(CONFIG "/upstreams/junk59", "more than 256 KB of data"));
	check("two", 100L << 10);
}

/* Snippets may have 1 MB each. Large znodes use half of max_data, so an edit still has room. */
static void large_znodes_leave_room_for_the_others(void **state UNUSED)
{
	static const char *const directories[] = { "snippets/http" };

	host.zookeeper_settings = "max_data = \"8m\";";
	rig_host_settings(&host, NULL);
	start();
	put_junk(directories, 1, JUNK_SIZE, "junk ");
	eventually(NULL, rig_host_problem_count(&host) >= JUNK_EACH &&
				 refuses(CONFIG "/snippets/http/junk59", "zookeeper.max_data"));
	assert_true(refuses(CONFIG "/snippets/http/junk59", "/snippets/http/junk"));
	check("two", 100L << 10);
	rig_zk_delete_all(host.zk, CONFIG "/snippets/http");
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_host_assert_no_problems(&host);
}

/* What was good before stays in force. */
static void an_object_that_grows_too_large_keeps_its_last_form(void **state UNUSED)
{
	CLEANUP(buf_fini) struct buf large = BUF_INIT;

	start();
	while (large.size <= 256 * 1024)
		buf_puts(&large, "                ");
	buf_puts(&large, rig_zk_get(host.zk, CONFIG "/sites/s"));
	rig_zk_set_bytes(host.zk, CONFIG "/sites/s", large.data, large.size);
	eventually(NULL, rig_host_has_problem(&host, CONFIG "/sites/s", "access", "previous",
					      "more than 256 KB of data"));
	assert_true(rig_nginx_says(port, "one"));
	check("two", 100L << 10);
	eventually(NULL, rig_host_is(&host, "applied"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(large_objects_are_refused_and_not_kept, setup,
						teardown),
		cmocka_unit_test_setup_teardown(large_znodes_leave_room_for_the_others, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_object_that_grows_too_large_keeps_its_last_form,
						setup, teardown),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
