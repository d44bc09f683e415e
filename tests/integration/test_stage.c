/* Generations on disk: `live` is one complete generation, and anything else is detected. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig_stage.h"

static int fresh(void **state UNUSED)
{
	rig_state_fresh();
	return 0;
}

static int clean(void **state UNUSED)
{
	rig_clean();
	return 0;
}

static void refuse_open(enum err_code code, const char *word)
{
	struct state_settings settings = { .directory = rig_state(), .keep = 2 };
	struct stage *s;
	struct err e;

	assert_int_equal(stage_open(&settings, &s, &e), -1);
	if (e.code != code || !strstr(e.text, word))
		fail_msg("code %d: %s", (int)e.code, e.text);
}

static void the_first_generation_is_empty(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	struct tree *t = NULL;
	const char *name;

	assert_int_equal(stage_live(s), 0);
	assert_string_equal(stage_live_revision(s), "");
	assert_string_equal(rig_state_file("live/http.conf"), "");
	assert_string_equal(rig_state_file("live/stream.conf"), "");
	assert_true(stage_live_is_intact(s, &name));
	OK(stage_accepted_tree(s, &t, NULL, e));
	assert_int_equal(tree_count(t), 0);
	tree_unref(t);
	assert_true(rig_state_has("cache"));
	stage_close(s);
}

static void publishing_changes_both_files_at_once(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	struct bundle *b = rig_bundle("# one\n# two", "# three");
	char revision[DIGEST_HEX_SIZE], link[64] = "";
	unsigned long n = 77;

	digest_hex(bundle_digest(b), revision);
	OK(stage_write(s, b, revision, &n, e));
	assert_int_equal(n, 1);
	assert_string_equal(rig_state_file("live/http.conf"), "");
	OK(stage_sync(s, n, e));
	OK(stage_publish(s, n, e));
	assert_string_equal(rig_state_file("live/http.conf"), "# one\n# two\n");
	assert_string_equal(rig_state_file("live/stream.conf"), "# three\n");
	assert_true(readlink(rig_state_path("live"), link, sizeof(link) - 1) > 0);
	assert_string_equal(link, "generations/1");
	assert_int_equal(stage_live(s), 1);
	assert_true(stage_live_is(s, b));
	stage_close(s);

	s = rig_stage_open();
	assert_int_equal(stage_live(s), 1);
	assert_true(stage_live_is(s, b));
	assert_string_equal(stage_live_revision(s), revision);
	assert_int_equal(rig_stage_put(s, "# four", ""), 2);
	stage_close(s);
	bundle_unref(b);
}

static struct bundle *bundle_of_many_servers(void)
{
	struct bundle_builder b;
	struct bundle *done;
	char znode[128];

	bundle_builder_init(&b);
	bundle_builder_origin(&b, BUNDLE_HTTP, NULL);
	bundle_builder_line(&b, BUNDLE_HTTP, "# head", 6);
	for (int object = 0; object < 2; object++) {
		snprintf(znode, sizeof(znode), "/nginx/config/upstreams/u%d", object);
		bundle_builder_origin(&b, BUNDLE_HTTP, znode);
		bundle_builder_line(&b, BUNDLE_HTTP, "# upstream", 10);
		for (int server = 0; server < 50; server++) {
			snprintf(znode, sizeof(znode),
				 server % 2 ? "/nginx/config/upstreams/u%d/10.0.0.%d:80"
					    : "/services/u%d/instance-%d",
				 object, server);
			bundle_builder_origin(&b, BUNDLE_HTTP, znode);
			bundle_builder_line(&b, BUNDLE_HTTP, "# server", 8);
		}
	}
	bundle_builder_origin(&b, BUNDLE_HTTP, "/nginx/config/snippets/http/s");
	bundle_builder_line(&b, BUNDLE_HTTP, "# snippet", 9);
	done = bundle_builder_finish(&b);
	bundle_builder_fini(&b);
	return done;
}

static void the_manifest_names_objects_and_no_servers(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	struct bundle *b = bundle_of_many_servers();
	json_t *all, *sources, *one;
	unsigned long n;

	OK(stage_write(s, b, "", &n, e));
	OK(stage_sync(s, n, e));
	all = json_loads(rig_state_file("generations/1/manifest.json"), 0, NULL);
	assert_non_null(all);
	sources = json_object_get(json_object_get(json_object_get(all, "files"), "http.conf"),
				  "sources");
	assert_int_equal(json_array_size(sources), 3);
	one = json_array_get(sources, 1);
	assert_string_equal(json_string_value(json_object_get(one, "znode")),
			    "/nginx/config/upstreams/u1");
	assert_int_equal(json_integer_value(json_object_get(one, "line")), 53);
	one = json_array_get(sources, 2);
	assert_string_equal(json_string_value(json_object_get(one, "znode")),
			    "/nginx/config/snippets/http/s");
	json_decref(all);
	bundle_unref(b);
	stage_close(s);
}

static void await_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_second_daemon_is_refused(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	char pid[32];
	pid_t second;

	snprintf(pid, sizeof(pid), "(process %d)", (int)getpid());
	second = fork();
	if (second == 0) {
		refuse_open(ERR_REFUSED, pid);
		_exit(0);
	}
	await_end(second);
	stage_close(s);
	stage_close(rig_stage_open());
}

/* It has every descriptor of the daemon until it runs another program, or is killed. */
static void a_child_that_outlives_the_daemon_does_not_keep_the_state(void **state UNUSED)
{
	int release[2];
	pid_t daemon;
	char byte;

	assert_int_equal(pipe2(release, O_CLOEXEC), 0);
	daemon = fork();
	if (daemon == 0) {
		rig_stage_open();
		if (fork() == 0) {
			close(release[1]);
			_exit((int)read(release[0], &byte, 1));
		}
		_exit(0);
	}
	await_end(daemon);
	stage_close(rig_stage_open());
	close(release[0]);
	close(release[1]);
}

static void unpublished_generations_are_removed_and_numbers_go_on(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	struct bundle *b = rig_bundle("# x", "");
	unsigned long n;

	rig_stage_put(s, "# 1", "");
	OK(stage_write(s, b, "", &n, e));
	stage_close(s); /* as if killed */
	assert_int_equal(mkdir(rig_state_path("generations/9"), 0755), 0);
	rig_write(rig_state_path(".live.tmp"), "x");
	s = rig_stage_open();
	assert_false(rig_state_has("generations/2"));
	assert_false(rig_state_has("generations/9"));
	assert_false(rig_state_has(".live.tmp"));
	assert_int_equal(rig_stage_put(s, "# 2", ""), 10);
	stage_close(s);
	bundle_unref(b);
}

static void the_live_generation_is_not_discarded(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	struct bundle *b = rig_bundle("# x", "");
	unsigned long n;

	rig_stage_put(s, "# 1", "");
	OK(stage_write(s, b, "", &n, e));
	stage_discard(s, n);
	assert_false(rig_state_has("generations/2"));
	stage_discard(s, 1);
	assert_string_equal(rig_state_file("live/http.conf"), "# 1\n");
	stage_close(s);
	bundle_unref(b);
}

static void live_applied_and_recent_generations_are_kept(void **state UNUSED)
{
	struct applied a = { .generation = 3, .pid = 1, .start_time = 1 };
	struct stage *s = rig_stage_open();

	for (int i = 0; i < 6; i++)
		rig_stage_put(s, "# x", "");
	OK(stage_publish(s, 2, e));
	OK(stage_set_applied(s, &a, e));
	stage_prune(s, 1);
	assert_true(rig_state_has("generations/1"));
	assert_true(rig_state_has("generations/2"));
	assert_true(rig_state_has("generations/3"));
	assert_false(rig_state_has("generations/0"));
	assert_false(rig_state_has("generations/4"));
	assert_true(rig_state_has("generations/5"));
	assert_true(rig_state_has("generations/6"));
	stage_close(s);
}

static void changed_live_files_are_noticed(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	const char *name;

	rig_stage_put(s, "# 1", "# 2");
	assert_true(stage_live_is_intact(s, &name));
	rig_write(rig_state_path("live/stream.conf"), "# 3\n"); /* the same size */
	assert_false(stage_live_is_intact(s, &name));
	assert_string_equal(name, "stream.conf");
	rig_write(rig_state_path("live/stream.conf"), "# 2\n");
	assert_true(stage_live_is_intact(s, &name));
	unlink(rig_state_path("live/http.conf"));
	assert_false(stage_live_is_intact(s, &name));
	assert_string_equal(name, "http.conf");
	rig_stage_put(s, "# 1", "# 2");
	assert_true(stage_live_is_intact(s, &name));
	unlink(rig_state_path("live"));
	assert_int_equal(symlink("generations/0", rig_state_path("live")), 0);
	assert_false(stage_live_is_intact(s, &name));
	assert_string_equal(name, "live");
	stage_close(s);
}

static void a_damaged_live_generation_is_replaced_by_the_last_accepted(void **state UNUSED)
{
	struct tree *accepted = rig_tree("/a\n");
	struct stage *s = rig_stage_open();

	rig_stage_put(s, "# 1", "");
	OK(stage_record(s, 1, accepted, e));
	rig_stage_put(s, "# 2", ""); /* intact and newer, but never accepted */
	rig_stage_put(s, "# 3", "");
	stage_close(s);
	rig_write(rig_state_path("generations/3/http.conf"), "# !\n");
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 1);
	assert_string_equal(rig_state_file("live/http.conf"), "# 1\n");
	assert_int_equal(rig_stage_put(s, "# 4", ""), 4);
	stage_close(s);

	/* the manifest is gone: no tree.txt is left but generation 1's */
	unlink(rig_state_path("generations/4/manifest.json"));
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 1);
	stage_close(s);
	unlink(rig_state_path("live"));
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 1);
	stage_close(s);
	tree_unref(accepted);
}

/* Without any other generation the damaged one stays: an empty one would be an outage. */
static void a_damaged_generation_stays_when_it_is_the_only_one(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	const char *name;

	rig_stage_put(s, "# 1", "");
	stage_close(s);
	unlink(rig_state_path("generations/0/manifest.json"));
	rig_write(rig_state_path("generations/1/http.conf"), "# ?\n");
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 1);
	assert_string_equal(rig_state_file("live/http.conf"), "# ?\n");
	assert_false(stage_live_is_intact(s, &name));
	assert_int_equal(rig_stage_put(s, "# 1", ""), 2);
	assert_true(stage_live_is_intact(s, &name));
	stage_close(s);
}

static void set_format(const char *file, const char *from, const char *to)
{
	char *text = rig_state_file(file), *at = strstr(text, from);

	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
	rig_write(rig_state_path(file), "%s", text);
}

/* It is not damaged: an older one in its place would be a change that nobody asked for. */
static void a_live_generation_of_an_unknown_format_is_refused(void **state UNUSED)
{
	struct state_settings settings = { .directory = rig_state(), .keep = 2 };
	struct stage *s = rig_stage_open();
	struct err e;

	rig_stage_put(s, "# 1", "");
	rig_stage_put(s, "# 2", "");
	stage_close(s);
	set_format("generations/2/manifest.json", "\"format\": 1", "\"format\": 2");
	assert_int_equal(stage_open(&settings, &s, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_non_null(strstr(e.text, "manifest.json has format 2, and this zknginxd reads"));
	assert_string_equal(rig_state_file("live/http.conf"), "# 2\n");
	set_format("generations/2/manifest.json", "\"format\": 2", "\"format\": 1");
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 2);
	stage_close(s);
}

static void an_older_generation_of_an_unknown_format_is_kept_and_not_read(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	unsigned long good = 77;

	rig_stage_put(s, "# 1", "");
	rig_stage_put(s, "# 2", "");
	stage_close(s);
	set_format("generations/1/manifest.json", "\"format\": 1", "\"format\": 9");
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 2);
	assert_non_null(rig_state_file("generations/1/http.conf"));
	assert_true(stage_last_good(s, 2, &good));
	assert_int_equal(good, 0);
	stage_close(s);
}

static void an_applied_record_of_an_unknown_format_is_as_none(void **state UNUSED)
{
	struct applied a = { .generation = 1, .pid = 7, .start_time = 99 }, got;
	struct stage *s = rig_stage_open();

	rig_stage_put(s, "# 1", "");
	OK(stage_set_applied(s, &a, e));
	stage_close(s);
	s = rig_stage_open();
	assert_true(stage_applied(s, &got));
	stage_close(s);
	set_format("applied.json", "\"format\": 1", "\"format\": 2");
	s = rig_stage_open();
	assert_false(stage_applied(s, &got));
	stage_close(s);
}

static void the_accepted_tree_is_read_back_after_a_restart(void **state UNUSED)
{
	struct tree *accepted = rig_tree("/a version=3\n\tone\n\ttwo\\\n/a/b owner=0x12\n"), *t;
	struct stage *s = rig_stage_open();
	struct stat st;
	char *text;

	rig_stage_put(s, "# 1", "");
	OK(stage_record(s, 1, accepted, e));
	assert_int_equal(stat(rig_state_path("live/tree.txt"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	stage_close(s);
	s = rig_stage_open();
	OK(stage_accepted_tree(s, &t, NULL, e));
	assert_int_equal(tree_count(t), 2);
	assert_string_equal(tree_at(t, 0)->data, "one\ntwo");
	assert_int_equal(tree_at(t, 1)->owner, 0x12);
	tree_unref(t);

	/* truncated: not used */
	text = rig_state_file("live/tree.txt");
	strstr(text, "/a/b")[0] = '\0'; /* the rest would parse */
	rig_write(rig_state_path("live/tree.txt"), "%s", text);
	OK(stage_accepted_tree(s, &t, NULL, e));
	assert_int_equal(tree_count(t), 0);
	tree_unref(t);
	stage_close(s);
	tree_unref(accepted);
}

static void the_applied_record_survives_a_restart_but_not_a_boot(void **state UNUSED)
{
	struct applied a = { .generation = 1, .pid = 4711, .start_time = 99 }, got;
	struct stage *s = rig_stage_open();
	unsigned long good;
	char *text, *boot;

	assert_false(stage_applied(s, &got));
	rig_stage_put(s, "# 1", "");
	OK(stage_set_applied(s, &a, e));
	assert_false(stage_was_live_before(s, 0));
	assert_true(stage_was_live_before(s, UINT64_MAX));
	stage_close(s);
	s = rig_stage_open();
	assert_true(stage_applied(s, &got));
	assert_int_equal(got.generation, 1);
	assert_int_equal(got.pid, 4711);
	assert_int_equal(got.start_time, 99);
	assert_true(stage_was_live_before(s, UINT64_MAX));
	stage_doubt_applied(s);
	assert_false(stage_applied(s, &got));
	OK(stage_set_applied(s, &a, e));
	stage_close(s);

	text = rig_state_file("applied.json");
	boot = strstr(text, "\"boot\": \"");
	assert_non_null(boot);
	boot[9] = boot[9] == '0' ? '1' : '0';
	rig_write(rig_state_path("applied.json"), "%s", text);
	s = rig_stage_open();
	assert_false(stage_applied(s, &got));
	/* every process of this boot started later */
	assert_true(stage_was_live_before(s, 1));
	rig_stage_put(s, "# 2", "");
	rig_stage_put(s, "# 3", "");
	assert_true(stage_last_good(s, 3, &good));
	assert_int_equal(good, 1);
	stage_close(s);
}

static void planted_links_are_not_followed(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	char *target = rig_path("target%s", strrchr(rig_state(), '/') + 1);
	const char *name;

	assert_int_equal(mkdir(target, 0755), 0);
	assert_int_equal(symlink(target, rig_state_path("generations/1")), 0);
	assert_int_equal(rig_stage_put(s, "# 1", ""), 2);
	assert_int_equal(symlink(target, rig_state_path(".live.tmp")), 0);
	assert_int_equal(rig_stage_put(s, "# 2", ""), 3);
	unlink(rig_state_path("live"));
	assert_int_equal(symlink(target, rig_state_path("live")), 0);
	assert_false(stage_live_is_intact(s, &name));
	stage_close(s);

	s = rig_stage_open();
	assert_int_equal(stage_live(s), 3);
	stage_close(s);
	assert_true(rmdir(target) == 0); /* nothing was created there, and it was not removed */

	assert_int_equal(rename(rig_state_path("generations"), rig_state_path("elsewhere")), 0);
	assert_int_equal(symlink("elsewhere", rig_state_path("generations")), 0);
	refuse_open(ERR_INPUT, "generations is not a directory");
	unlink(rig_state_path("lock"));
	assert_int_equal(symlink("elsewhere/lock", rig_state_path("lock")), 0);
	refuse_open(ERR_SYS, "lock");
}

/* --- what a provisioning tool or an image build has made in advance -------------------------- */

static void make_state(const char *const *directories)
{
	assert_int_equal(mkdir(rig_state(), 0755), 0);
	for (; *directories; directories++)
		assert_int_equal(mkdir(rig_state_path(*directories), 0755), 0);
}

static void expect_empty_start(unsigned long live)
{
	struct stage *s = rig_stage_open();
	char link[64] = "", wanted[64];
	const char *name;

	snprintf(wanted, sizeof(wanted), "generations/%lu", live);
	assert_true(readlink(rig_state_path("live"), link, sizeof(link) - 1) > 0);
	assert_string_equal(link, wanted);
	assert_int_equal(stage_live(s), live);
	assert_string_equal(rig_state_file("live/http.conf"), "");
	assert_string_equal(rig_state_file("live/stream.conf"), "");
	assert_true(stage_live_is_intact(s, &name));
	assert_false(rig_state_has(".live.tmp"));
	assert_int_equal(rig_stage_put(s, "# 1", ""), live + 1);
	stage_close(s);
}

static void an_empty_directory_in_place_of_the_link_is_taken_over(void **state UNUSED)
{
	make_state((const char *const[]){ "live", NULL });
	expect_empty_start(0);
}

static void a_directory_of_empty_files_in_place_of_the_link_is_taken_over(void **state UNUSED)
{
	make_state((const char *const[]){ "live", NULL });
	rig_write(rig_state_path("live/http.conf"), "%s", "");
	rig_write(rig_state_path("live/stream.conf"), "%s", "");
	expect_empty_start(0);
}

/* nginx starts at any time meanwhile: it always finds the file that it includes. */
static void the_included_file_is_there_throughout_a_take_over(void **state UNUSED)
{
	char *file;
	pid_t opener;
	int status;

	make_state((const char *const[]){ "live", NULL });
	rig_write(rig_state_path("live/http.conf"), "%s", "");
	rig_write(rig_state_path("live/stream.conf"), "%s", "");
	file = rig_state_path("live/http.conf");
	opener = fork();
	if (opener == 0) {
		while (getppid() > 1) {
			int fd = open(file, O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		struct stage *s = rig_stage_open();

		rig_stage_put(s, "# x", "");
		stage_close(s);
		/* put a directory in place of the link, as atomically */
		assert_int_equal(mkdir(rig_state_path("fresh"), 0755), 0);
		rig_write(rig_state_path("fresh/http.conf"), "%s", "");
		rig_write(rig_state_path("fresh/stream.conf"), "%s", "");
		assert_int_equal(renameat2(AT_FDCWD, rig_state_path("fresh"), AT_FDCWD,
					   rig_state_path("live"), RENAME_EXCHANGE),
				 0);
		unlink(rig_state_path("fresh"));
	}
	kill(opener, SIGKILL);
	assert_int_equal(waitpid(opener, &status, 0), opener);
	assert_true(WIFSIGNALED(status)); /* else it missed the file and ended by itself */
}

static void a_directory_with_content_in_place_of_the_link_is_refused(void **state UNUSED)
{
	make_state((const char *const[]){ "live", NULL });
	rig_write(rig_state_path("live/http.conf"), "server { }\n");
	refuse_open(ERR_INPUT, "live is a directory that holds \"http.conf\"; expected a symbolic");
	refuse_open(ERR_INPUT, "live.old) and start zknginxd again");
	assert_string_equal(rig_state_file("live/http.conf"), "server { }\n");
	assert_false(rig_state_has("generations/0"));
	unlink(rig_state_path("live/http.conf"));
	rig_write(rig_state_path("live/site.conf"), "%s", "");
	refuse_open(ERR_INPUT, "holds \"site.conf\"");
	assert_true(rig_state_has("live/site.conf"));
}

/* … while other generations are there: the last good one goes live. */
static void a_taken_over_directory_does_not_lose_the_last_good_generation(void **state UNUSED)
{
	struct stage *s = rig_stage_open();

	rig_stage_put(s, "# 1", "");
	stage_close(s);
	assert_int_equal(unlink(rig_state_path("live")), 0);
	assert_int_equal(mkdir(rig_state_path("live"), 0755), 0);
	s = rig_stage_open();
	assert_int_equal(stage_live(s), 1);
	assert_string_equal(rig_state_file("live/http.conf"), "# 1\n");
	stage_close(s);
}

/* As a tmpfiles.d file makes it. */
static void empty_files_without_a_manifest_are_a_valid_start(void **state UNUSED)
{
	make_state((const char *const[]){ "generations", "generations/0", NULL });
	rig_write(rig_state_path("generations/0/http.conf"), "%s", "");
	rig_write(rig_state_path("generations/0/stream.conf"), "%s", "");
	assert_int_equal(symlink("generations/0", rig_state_path("live")), 0);
	expect_empty_start(0);
}

/* The same where drift is only reported. */
static void empty_files_without_a_manifest_are_no_drift(void **state UNUSED)
{
	struct stage *s;
	const char *name;

	make_state((const char *const[]){ "generations", "generations/0", NULL });
	rig_write(rig_state_path("generations/0/http.conf"), "%s", "");
	rig_write(rig_state_path("generations/0/stream.conf"), "%s", "");
	assert_int_equal(symlink("generations/0", rig_state_path("live")), 0);
	s = rig_stage_open_as_it_is();
	assert_true(stage_live_is_intact(s, &name));
	stage_close(s);
}

/* An older version made the bundle's digest of those of its files. */
static void a_generation_of_an_older_version_is_recognised_by_its_files(void **state UNUSED)
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	struct bundle *b = rig_bundle("# one", "# two"), *other = rig_bundle("# one", "# three");
	char now[DIGEST_HEX_SIZE], old[DIGEST_HEX_SIZE];
	struct digest digest;
	struct stage *s = rig_stage_open();

	rig_stage_put(s, "# one", "# two");
	stage_close(s);
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		digest = digest_of(bundle_text(b, (enum bundle_file)f)->data,
				   bundle_text(b, (enum bundle_file)f)->size);
		digester_add(d, digest.bytes, DIGEST_SIZE);
	}
	digest = digester_finish(d);
	digest_hex(&digest, old);
	digest_hex(bundle_digest(b), now);
	set_format("generations/1/manifest.json", now, old);
	s = rig_stage_open();
	assert_true(stage_live_is(s, b));
	assert_false(stage_live_is(s, other));
	stage_close(s);
	bundle_unref(b);
	bundle_unref(other);
}

/* systemd-tmpfiles makes them at each boot. */
static void empty_files_beside_a_newer_generation_are_removed(void **state UNUSED)
{
	struct stage *s = rig_stage_open();
	unsigned long live;

	rig_stage_put(s, "# 1", "");
	live = stage_live(s);
	stage_close(s);
	unlink(rig_state_path("generations/0/manifest.json"));
	rig_write(rig_state_path("generations/0/http.conf"), "%s", "");
	rig_write(rig_state_path("generations/0/stream.conf"), "%s", "");
	s = rig_stage_open();
	assert_int_equal(stage_live(s), live);
	assert_string_equal(rig_state_file("live/http.conf"), "# 1\n");
	assert_false(rig_state_has("generations/0"));
	stage_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_generation_is_empty, fresh),
		cmocka_unit_test_setup(publishing_changes_both_files_at_once, fresh),
		cmocka_unit_test_setup(the_manifest_names_objects_and_no_servers, fresh),
		cmocka_unit_test_setup(a_second_daemon_is_refused, fresh),
		cmocka_unit_test_setup(a_generation_of_an_older_version_is_recognised_by_its_files,
				       fresh),
		cmocka_unit_test_setup(a_child_that_outlives_the_daemon_does_not_keep_the_state,
				       fresh),
		cmocka_unit_test_setup(unpublished_generations_are_removed_and_numbers_go_on,
				       fresh),
		cmocka_unit_test_setup(the_live_generation_is_not_discarded, fresh),
		cmocka_unit_test_setup(live_applied_and_recent_generations_are_kept, fresh),
		cmocka_unit_test_setup(changed_live_files_are_noticed, fresh),
		cmocka_unit_test_setup(a_damaged_live_generation_is_replaced_by_the_last_accepted,
				       fresh),
		cmocka_unit_test_setup(a_damaged_generation_stays_when_it_is_the_only_one, fresh),
		cmocka_unit_test_setup(the_accepted_tree_is_read_back_after_a_restart, fresh),
		cmocka_unit_test_setup(the_applied_record_survives_a_restart_but_not_a_boot, fresh),
		cmocka_unit_test_setup(planted_links_are_not_followed, fresh),
		cmocka_unit_test_setup(an_empty_directory_in_place_of_the_link_is_taken_over,
				       fresh),
		cmocka_unit_test_setup(
			a_directory_of_empty_files_in_place_of_the_link_is_taken_over, fresh),
		cmocka_unit_test_setup(the_included_file_is_there_throughout_a_take_over, fresh),
		cmocka_unit_test_setup(a_directory_with_content_in_place_of_the_link_is_refused,
				       fresh),
		cmocka_unit_test_setup(
			a_taken_over_directory_does_not_lose_the_last_good_generation, fresh),
		cmocka_unit_test_setup(empty_files_without_a_manifest_are_a_valid_start, fresh),
		cmocka_unit_test_setup(a_live_generation_of_an_unknown_format_is_refused, fresh),
		cmocka_unit_test_setup(
			an_older_generation_of_an_unknown_format_is_kept_and_not_read, fresh),
		cmocka_unit_test_setup(an_applied_record_of_an_unknown_format_is_as_none, fresh),
		cmocka_unit_test_setup(empty_files_without_a_manifest_are_no_drift, fresh),
		cmocka_unit_test_setup(empty_files_beside_a_newer_generation_are_removed, fresh),
	};

	return cmocka_run_group_tests_name("stage", tests, NULL, clean);
}
