/* ls, get, set, edit and rm of zknginxctl, on a real ZooKeeper; edit with editors that are scripts.
 */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_ctl.h"
#include "rig_zookeeper.h"

#define ROOT "/nginx/config"
#define UPSTREAM ROOT "/upstreams/shop"
#define SITE ROOT "/sites/shop"
#define GOOD "{\"listen\": [\"8080\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}"
#define OTHER "{\"listen\": [\"8081\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}"
#define BAD                                                                                        \
	"{\"listen\": [\"8080\"],\n \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\", "       \
	"\"wat\": 1}]}"

static struct rig_zookeeper *zookeeper;
static struct rig_zk *zk;
static char *settings;

static int set_up_all(void **state UNUSED)
{
	zookeeper = rig_zookeeper_start(NULL);
	return 0;
}

static int tear_down_all(void **state UNUSED)
{
	rig_zookeeper_stop(zookeeper);
	return 0;
}

static int set_up(void **state UNUSED)
{
	zk = rig_zk_connect(rig_zookeeper_hosts(zookeeper));
	settings = rig_path("ctl.conf");
	rig_write(settings, "zookeeper: { hosts = \"%s\"; };\n", rig_zookeeper_hosts(zookeeper));
	mkdir(rig_path("tmp"), 0700);
	setenv("TMPDIR", rig_path("tmp"), 1);
	rig_zk_set(zk, ROOT, "");
	rig_zk_create(zk, UPSTREAM, "");
	rig_zk_create(zk, UPSTREAM "/10.0.0.1:80", "weight=5");
	rig_zk_create(zk, SITE, GOOD);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_zk_delete_all(zk, "/nginx");
	rig_zk_delete_all(zk, "/other");
	rig_zk_close(zk);
	rig_clean();
	return 0;
}

/* The editor is a script; its $1 is the draft. */
static void use_editor(const char *script)
{
	char *path = rig_path("editor.sh"), line[500];

	rig_write(path, "%s\n", script);
	snprintf(line, sizeof(line), "sh %s", path);
	unsetenv("VISUAL");
	setenv("EDITOR", line, 1);
}

static struct rig_ctl_result set_text(const char *path, const char *text, const char *option)
{
	const char *arguments[] = { "set", path, "-", option, NULL };

	return rig_ctl_with(settings, text, arguments);
}

static int version_of(const char *path)
{
	int version = -1;

	rig_zk_get_version(zk, path, &version);
	return version;
}

/* How many drafts there are. */
static size_t drafts(void)
{
	char *out = NULL;
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"ls \"$TMPDIR\" | wc -l", NULL };

	rig_run(&out, argv);
	return (size_t)atoi(out);
}

static char *the_draft(void)
{
	char *out = NULL;
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"cat \"$TMPDIR\"/*", NULL };

	rig_run(&out, argv);
	return out;
}

static bool shows(struct rig_terminal *t, const char *text)
{
	return strstr(rig_terminal_shown(t), text);
}

static void assert_says(const struct rig_ctl_result *r, const char *text)
{
	if (!strstr(r->err, text) && !strstr(r->out, text))
		fail_msg("\"%s\" is not in: %s%s", text, r->out, r->err);
}

/* --- ls and get ------------------------------------------------------------------------------ */

static void get_prints_the_bytes(void **state UNUSED)
{
	static const char bytes[] = "\x00\xff\x1b[31m\n\n";
	struct rig_ctl_result r = rig_ctl(settings, "get", "sites/shop", NULL);

	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, GOOD);
	rig_zk_set_bytes(zk, UPSTREAM, bytes + 1, sizeof(bytes) - 2);
	r = rig_ctl(settings, "get", UPSTREAM, NULL);
	assert_string_equal(r.out, bytes + 1);
}

static void a_terminal_is_not_steered_by_data(void **state UNUSED)
{
	struct rig_terminal *t;

	rig_zk_set(zk, UPSTREAM, "a\x1b[31mb");
	t = rig_terminal_ctl(settings, 80, "get", UPSTREAM, NULL);
	eventually(NULL, rig_terminal_ended(t, NULL));
	assert_true(shows(t, "a\\x1b[31mb\r\n"));
	assert_false(shows(t, "\x1b[31m"));
	rig_terminal_free(t);
}

static void get_as_json_has_a_stable_shape(void **state UNUSED)
{
	static const char *const keys[] = { "bytes", "children", "czxid", "data",   "ephemeral",
					    "mtime", "mzxid",    "path",  "version" };
	struct rig_ctl_result r = rig_ctl(settings, "get", "--json", "sites/shop", NULL);
	json_t *j = rig_ctl_json(&r);

	assert_int_equal(json_object_size(j), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(j, keys[i]));
	assert_string_equal(json_string_value(json_object_get(j, "data")), GOOD);
	assert_string_equal(json_string_value(json_object_get(j, "path")), SITE);
	json_decref(j);
	rig_zk_set_bytes(zk, UPSTREAM, "\xff\xfe\xfd\xfc", 4);
	r = rig_ctl(settings, "get", "--json", UPSTREAM, NULL);
	j = rig_ctl_json(&r);
	assert_true(json_is_null(json_object_get(j, "data")));
	assert_string_equal(json_string_value(json_object_get(j, "data_base64")), "//79/A==");
	json_decref(j);
}

static void a_missing_znode_is_named(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "get", "sites/nope", NULL);

	rig_ctl_assert_code(&r, 1);
	assert_says(&r, ROOT "/sites/nope");
	r = rig_ctl(settings, "ls", "nope", NULL);
	rig_ctl_assert_code(&r, 1);
}

static void ls_lists_children_or_everything_below(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "ls", NULL);
	json_t *j;

	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "upstreams"));
	assert_null(strstr(r.out, "10.0.0.1"));
	rig_zk_create_ephemeral(zk, UPSTREAM "/10.0.0.2:80", "");
	r = rig_ctl(settings, "ls", "-r", "upstreams", NULL);
	assert_non_null(strstr(r.out, "shop/10.0.0.1:80"));
	assert_non_null(strstr(r.out, "ephemeral"));
	r = rig_ctl(settings, "ls", "--json", "upstreams/shop", NULL);
	j = rig_ctl_json(&r);
	assert_int_equal(json_array_size(j), 2);
	assert_int_equal(json_object_size(json_array_get(j, 0)), 6);
	assert_true(json_is_true(json_object_get(json_array_get(j, 1), "ephemeral")));
	json_decref(j);
}

/* --- set ------------------------------------------------------------------------------------- */

static void set_creates_what_is_missing_and_says_who_and_why(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_delete_all(zk, "/nginx");
	rig_write(rig_path("shop.json"), "%s", "{\"balance\": \"least_conn\"}");
	r = rig_ctl(settings, "set", "upstreams/shop", rig_path("shop.json"), "--by", "alice", "-m",
		    "a first \"try\"", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(&r, "created " UPSTREAM);
	assert_true(rig_zk_is(zk, UPSTREAM, "{\"balance\": \"least_conn\"}"));
	assert_true(rig_zk_is(zk, ROOT, "{\"by\":\"alice\",\"note\":\"a first \\\"try\\\"\"}\n"));
}

static void the_note_keeps_other_keys_and_drops_an_old_reason(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_set(zk, ROOT, "{\"serial\": 7, \"by\": \"bob\", \"note\": \"old\"}");
	r = set_text("sites/shop", OTHER, "--by=alice");
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(zk, ROOT, "{\"by\":\"alice\",\"serial\":7}\n"));
	r = set_text("sites/shop", GOOD, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strchr(rig_zk_get(zk, ROOT), '@')); /* USER@HOST */
}

static void the_same_bytes_are_not_written(void **state UNUSED)
{
	struct rig_ctl_result r = set_text("sites/shop", GOOD, NULL);

	rig_ctl_assert_code(&r, 0);
	assert_says(&r, "no change");
	assert_int_equal(version_of(SITE), 0);
	assert_true(rig_zk_is(zk, ROOT, ""));
}

static void what_the_daemons_would_refuse_is_refused_with_its_place(void **state UNUSED)
{
	struct rig_ctl_result r = set_text("sites/shop", BAD, NULL);
	json_t *j;

	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "-:2:47: error: locations[0].wat: is not a known field");
	assert_says(&r, "--force");
	assert_true(rig_zk_is(zk, SITE, GOOD));
	r = set_text("sites/shop", BAD, "--json");
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_string_equal(json_string_value(json_object_get(j, "result")), "refused");
	assert_int_equal(json_integer_value(json_object_get(j, "version")), 0);
	assert_true(json_array_size(json_object_get(j, "problems")) > 0);
	json_decref(j);
	r = set_text("sites/shop", BAD, "--force");
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(zk, SITE, BAD));
}

static void problems_that_were_there_before_refuse_no_other_change(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_create(zk, ROOT "/sites/broken", "x");
	r = set_text("sites/shop", OTHER, NULL);
	rig_ctl_assert_code(&r, 0);
	r = set_text("sites/broken", "y", NULL);
	rig_ctl_assert_code(&r, 1);
}

static void a_clash_is_the_newcomers(void **state UNUSED)
{
	struct rig_ctl_result r = set_text("sites/late", GOOD, NULL);

	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "shop");
	assert_false(rig_zk_exists(zk, ROOT "/sites/late"));
}

static void an_empty_standard_input_empties_nothing(void **state UNUSED)
{
	struct rig_ctl_result r = set_text("upstreams/shop/10.0.0.1:80", "", NULL);

	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_is(zk, UPSTREAM "/10.0.0.1:80", "weight=5"));
	r = rig_ctl(settings, "set", "upstreams/shop/10.0.0.1:80", "/dev/null", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(zk, UPSTREAM "/10.0.0.1:80", ""));
}

static void what_is_too_long_for_a_znode_is_refused(void **state UNUSED)
{
	char *big = xcalloc(2000001, 1);
	struct rig_ctl_result r;

	memset(big, 'x', 2000000);
	r = set_text("/other/big", big, "--force");
	free(big);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "2000000 bytes");
	assert_false(rig_zk_exists(zk, "/other"));
}

static void what_belongs_to_the_daemons_is_not_written(void **state UNUSED)
{
	struct rig_ctl_result r = set_text("/nginx/cluster/plan", "x", NULL);

	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "belongs to the daemons");
	assert_false(rig_zk_exists(zk, "/nginx/cluster/plan"));
	r = set_text("/nginx/cluster/request", "pause", NULL);
	rig_ctl_assert_code(&r, 0);
	r = set_text("/other/x", "anything", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(&r, "not checked");
	assert_true(rig_zk_is(zk, "/other/x", "anything"));
	assert_true(rig_zk_is(zk, ROOT, "")); /* no note: the config has not changed */
}

static void a_push_that_is_not_done_comes_first(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_set(zk, ROOT,
		   "{\"by\": \"bob\", \"push\": {\"by\": \"bob\", \"id\": \"1\", \"left\": 3, "
		   "\"time\": \"2026-11-28T09:00:00Z\"}}");
	r = set_text("sites/shop", OTHER, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "push of bob");
	assert_true(rig_zk_is(zk, SITE, GOOD));
	r = rig_ctl(settings, "rm", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	r = set_text("sites/shop", OTHER, "--force");
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(rig_zk_get(zk, ROOT), "\"push\"")); /* only that push ends it */
}

static pid_t start_set(const char *path, const char *file)
{
	extern char **environ;
	const char *argv[] = {
		getenv("ZKNGINXCTL") ?: "build/zknginxctl", "-c", settings, "set", path, file, NULL
	};
	pid_t pid;

	assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, (char **)argv, environ), 0);
	return pid;
}

static int end_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

#define WRITERS 6

/* Each of them either is one version of the znode, or has changed nothing. */
static void of_many_writers_none_overwrites_another(void **state UNUSED)
{
	pid_t pids[WRITERS];
	int written = 0, root = version_of(ROOT);

	for (int i = 0; i < WRITERS; i++) {
		rig_write(rig_path("w%d", i), "weight=%d", i + 10);
		pids[i] = start_set("upstreams/shop/10.0.0.1:80", rig_path("w%d", i));
	}
	for (int i = 0; i < WRITERS; i++) {
		int code = end_of(pids[i]);

		assert_in_range(code, 0, 1);
		written += code == 0;
	}
	assert_true(written > 0);
	assert_int_equal(version_of(UPSTREAM "/10.0.0.1:80"), written);
	assert_int_equal(version_of(ROOT), root + written); /* a note each */
}

/* All of them write the note in the root, but none is in another's way. */
static void writers_of_different_znodes_all_succeed(void **state UNUSED)
{
	pid_t pids[WRITERS];
	char path[64];

	rig_write(rig_path("data"), "weight=3");
	for (int i = 0; i < WRITERS; i++) {
		snprintf(path, sizeof(path), "upstreams/shop/10.0.1.%d:80", i);
		pids[i] = start_set(path, rig_path("data"));
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(end_of(pids[i]), 0);
}

/* --- edit ------------------------------------------------------------------------------------ */

static void what_was_edited_is_written(void **state UNUSED)
{
	struct rig_ctl_result r;

	use_editor("sed -i s/8080/8081/ \"$1\"; case \"$1\" in *.json) ;; *) exit 9;; esac");
	r = rig_ctl(settings, "edit", "sites/shop", "-m", "another port", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(zk, SITE, OTHER)); /* sed adds no line feed, and none is needed */
	assert_non_null(strstr(rig_zk_get(zk, ROOT), "another port"));
	assert_int_equal(drafts(), 0);
}

static void an_edit_without_a_change_writes_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	use_editor("echo >>\"$1\""); /* the line feed of editors */
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(&r, "no change");
	assert_int_equal(version_of(SITE), 0);
	assert_true(rig_zk_is(zk, ROOT, ""));
	assert_int_equal(drafts(), 0);
}

static void edit_creates_a_znode(void **state UNUSED)
{
	struct rig_ctl_result r;

	use_editor("echo weight=7 >\"$1\"");
	r = rig_ctl(settings, "edit", "upstreams/shop/10.0.0.9:80", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(zk, UPSTREAM "/10.0.0.9:80", "weight=7\n"));
}

static void a_failing_editor_changes_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	use_editor("exit 3");
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "exit status 3");
	assert_int_equal(drafts(), 0);
	use_editor("sed -i s/8080/8081/ \"$1\"; kill -9 $$");
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "killed by signal 9");
	assert_says(&r, rig_path("tmp"));
	assert_int_equal(drafts(), 1);
	assert_string_equal(the_draft(), OTHER);
	assert_true(rig_zk_is(zk, SITE, GOOD));
	unsetenv("EDITOR");
	setenv("EDITOR", "/nonexistent/editor", 1);
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
}

static void a_concurrent_edit_is_shown_and_never_overwritten(void **state UNUSED)
{
	struct rig_ctl_result r;
	char script[1000];

	rig_write(rig_path("theirs"), "{\"listen\": [\"9999\"],\n"
				      "\"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}");
	snprintf(script, sizeof(script), "%s -c %s set sites/shop %s && sed -i s/8080/8081/ \"$1\"",
		 getenv("ZKNGINXCTL") ?: "build/zknginxctl", settings, rig_path("theirs"));
	use_editor(script);
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "another client has changed it");
	assert_says(&r, "+{\"listen\": [\"9999\"],");
	assert_true(rig_zk_is(zk, SITE, rig_read(rig_path("theirs"))));
	assert_int_equal(drafts(), 1);
	assert_string_equal(the_draft(), OTHER);
}

static void two_editors_at_once_one_wins_whole(void **state UNUSED)
{
	struct rig_terminal *a, *b;
	char script[1000];
	int code_a = 0, code_b = 0;

	/* each waits until both have begun */
	snprintf(script, sizeof(script),
		 "echo x >>%s; while [ $(wc -l <%s) -lt 2 ]; do :; done; "
		 "sed -i \"s/8080/$(($$ %% 10000 + 20000))/\" \"$1\"",
		 rig_path("begun"), rig_path("begun"));
	rig_write(rig_path("begun"), "%s", "");
	use_editor(script);
	a = rig_terminal_ctl(settings, 80, "edit", "sites/shop", NULL);
	b = rig_terminal_ctl(settings, 80, "edit", "sites/shop", NULL);
	eventually(NULL, rig_terminal_ended(a, &code_a));
	eventually(NULL, rig_terminal_ended(b, &code_b));
	assert_int_equal(code_a + code_b, 1);
	assert_true(shows(code_a ? a : b, "another client has changed it"));
	assert_int_equal(version_of(SITE), 1);
	assert_int_equal(drafts(), 1);
	rig_terminal_free(a);
	rig_terminal_free(b);
}

static void what_is_refused_can_be_edited_again(void **state UNUSED)
{
	struct rig_terminal *t;
	int code = -1;

	use_editor("grep -q wat \"$1\" && sed -i 's/\"wat\": 1, //' \"$1\" || "
		   "sed -i 's/8080/8081/; s/\"proxy\"/\"wat\": 1, &/' \"$1\"");
	t = rig_terminal_ctl(settings, 80, "edit", "sites/shop", NULL);
	eventually(NULL, shows(t, "[y/N]"));
	assert_true(shows(t, "wat: is not a known field"));
	assert_true(rig_zk_is(zk, SITE, GOOD));
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 0);
	assert_true(rig_zk_is(zk, SITE, OTHER));
	assert_int_equal(drafts(), 0);
	rig_terminal_free(t);
}

static void what_was_typed_is_kept_when_it_is_given_up(void **state UNUSED)
{
	static const char *const answers[] = { "n\n", "\x03", "\x04" }; /* no, Ctrl-C, Ctrl-D */

	use_editor("sed -i s/proxy/proxi/ \"$1\"");
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct rig_terminal *t = rig_terminal_ctl(settings, 80, "edit", "sites/shop", NULL);
		int code = 0;

		eventually(NULL, shows(t, "[y/N]"));
		rig_terminal_type(t, answers[i]);
		eventually(NULL, rig_terminal_ended(t, &code));
		assert_true(code == 1 || code == 128 + SIGINT);
		assert_true(shows(t, "what you typed is in"));
		assert_int_equal(drafts(), i + 1);
		rig_terminal_free(t);
	}
	assert_true(rig_zk_is(zk, SITE, GOOD));
}

static void nothing_is_asked_without_a_terminal(void **state UNUSED)
{
	struct rig_ctl_result r;

	use_editor("sed -i s/proxy/proxi/ \"$1\"");
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_null(strstr(r.err, "[y/N]"));
	assert_int_equal(drafts(), 1);
}

static void binary_data_is_not_edited(void **state UNUSED)
{
	struct rig_ctl_result r;

	use_editor("echo x >\"$1\"");
	rig_zk_set_bytes(zk, UPSTREAM, "a\0b", 3);
	r = rig_ctl(settings, "edit", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "binary");
	assert_int_equal(drafts(), 0);
}

static void what_was_typed_is_kept_when_zookeeper_is_away(void **state UNUSED)
{
	struct rig_ctl_result r;
	char script[1000];

	snprintf(script, sizeof(script), "sed -i s/8080/8081/ \"$1\"; kill -STOP %d",
		 (int)rig_zookeeper_pid(zookeeper));
	use_editor(script);
	r = rig_ctl(settings, "edit", "sites/shop", "--timeout", "2s", NULL);
	rig_zookeeper_resume(zookeeper);
	rig_ctl_assert_code(&r, 3);
	assert_says(&r, "what you typed is in");
	assert_string_equal(the_draft(), OTHER);
}

static void a_full_disk_is_named_before_the_editor_starts(void **state UNUSED)
{
	struct rig_ctl_result r;
	char *small = rig_path("small");

	if (!rig_is_alone())
		skip();
	mkdir(small, 0700);
	assert_int_equal(mount("tmpfs", small, "tmpfs", 0, "size=4k"), 0);
	rig_write(rig_path("small/full"), "%4096s", "x");
	setenv("TMPDIR", small, 1);
	use_editor("echo x >\"$1\"");
	r = rig_ctl(settings, "edit", "sites/shop", NULL);
	umount(small);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "No space left");
	assert_true(rig_zk_is(zk, SITE, GOOD));
}

/* --- rm -------------------------------------------------------------------------------------- */

static void rm_removes_one_znode_and_says_why(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "rm", "sites/shop", "-m", "closed", NULL);

	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(zk, SITE));
	assert_non_null(strstr(rig_zk_get(zk, ROOT), "closed"));
	r = rig_ctl(settings, "rm", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "no znode");
}

static void what_is_used_or_has_children_is_not_removed(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "rm", "upstreams/shop", NULL);

	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "-r");
	r = rig_ctl(settings, "rm", "-r", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "--yes");
	r = rig_ctl(settings, "rm", "-r", "--yes", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "is still used here");
	r = rig_ctl(settings, "rm", "-r", "--yes", ".", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_exists(zk, UPSTREAM "/10.0.0.1:80"));
	r = rig_ctl(settings, "rm", "-r", "--yes", "--force", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(zk, UPSTREAM));
}

static void registered_servers_are_counted_and_kept(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_delete(zk, SITE);
	rig_zk_create_ephemeral(zk, UPSTREAM "/10.0.0.2:80", "");
	r = rig_ctl(settings, "rm", "-r", "--yes", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "1 of the 3 znodes is registered");
	r = rig_ctl(settings, "rm", "upstreams/shop/10.0.0.2:80", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_exists(zk, UPSTREAM "/10.0.0.2:80"));
	r = rig_ctl(settings, "rm", "-r", "--yes", "--force", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(zk, UPSTREAM));
}

static void rm_asks_on_a_terminal(void **state UNUSED)
{
	struct rig_terminal *t;
	int code = -1;

	rig_zk_delete(zk, SITE);
	t = rig_terminal_ctl(settings, 80, "rm", "-r", "upstreams/shop", NULL);
	eventually(NULL, shows(t, "and 1 znode below it? [y/N]"));
	rig_terminal_type(t, "\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_true(rig_zk_exists(zk, UPSTREAM));
	rig_terminal_free(t);
	t = rig_terminal_ctl(settings, 80, "rm", "-r", "upstreams/shop", NULL);
	eventually(NULL, shows(t, "[y/N]"));
	rig_zk_create(zk, UPSTREAM "/10.0.0.3:80", ""); /* after the question */
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_true(shows(t, "another client has changed it"));
	assert_true(rig_zk_exists(zk, UPSTREAM "/10.0.0.1:80"));
	rig_terminal_free(t);
}

static void a_large_subtree_is_removed_in_several_transactions(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_delete(zk, SITE);
	for (int i = 0; i < 8000; i++) { /* two requests would be too large by then */
		char path[128];

		snprintf(path, sizeof(path), UPSTREAM "/10.%d.%d.2:80", i / 200, i % 200);
		rig_zk_send_create(zk, path, "");
	}
	assert_int_equal(rig_zk_drain(zk), 0);
	r = rig_ctl(settings, "rm", "-r", "--yes", "-m", "all", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(&r, "8002 znodes");
	assert_false(rig_zk_exists(zk, UPSTREAM));
	assert_non_null(strstr(rig_zk_get(zk, ROOT), "all"));
}

/* --- ZooKeeper ------------------------------------------------------------------------------- */

static void without_zookeeper_nothing_is_known(void **state UNUSED)
{
	static const char *const commands[] = { "get", "ls", "rm" };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct rig_ctl_result r = rig_ctl(NULL, "-s", "127.0.0.1:1", "--timeout", "500ms",
						  commands[i], "sites/shop", NULL);

		rig_ctl_assert_code(&r, 3);
		assert_says(&r, "127.0.0.1:1 does not answer");
	}
}

static void a_missing_permission_is_named(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_auth(zk, "digest", "alice:secret");
	rig_zk_protect(zk, SITE);
	r = set_text("sites/shop", OTHER, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, SITE ": its ACL does not permit it");
	rig_zk_restrict(zk, SITE, true);
	r = rig_ctl(settings, "get", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(&r, "zookeeper.auth_file");
	rig_zk_restrict(zk, SITE, false);
	assert_true(rig_zk_is(zk, SITE, GOOD));
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(get_prints_the_bytes),
		EACH(a_terminal_is_not_steered_by_data),
		EACH(get_as_json_has_a_stable_shape),
		EACH(a_missing_znode_is_named),
		EACH(ls_lists_children_or_everything_below),
		EACH(set_creates_what_is_missing_and_says_who_and_why),
		EACH(the_note_keeps_other_keys_and_drops_an_old_reason),
		EACH(the_same_bytes_are_not_written),
		EACH(what_the_daemons_would_refuse_is_refused_with_its_place),
		EACH(problems_that_were_there_before_refuse_no_other_change),
		EACH(a_clash_is_the_newcomers),
		EACH(an_empty_standard_input_empties_nothing),
		EACH(what_is_too_long_for_a_znode_is_refused),
		EACH(what_belongs_to_the_daemons_is_not_written),
		EACH(a_push_that_is_not_done_comes_first),
		EACH(of_many_writers_none_overwrites_another),
		EACH(writers_of_different_znodes_all_succeed),
		EACH(what_was_edited_is_written),
		EACH(an_edit_without_a_change_writes_nothing),
		EACH(edit_creates_a_znode),
		EACH(a_failing_editor_changes_nothing),
		EACH(a_concurrent_edit_is_shown_and_never_overwritten),
		EACH(two_editors_at_once_one_wins_whole),
		EACH(what_is_refused_can_be_edited_again),
		EACH(what_was_typed_is_kept_when_it_is_given_up),
		EACH(nothing_is_asked_without_a_terminal),
		EACH(binary_data_is_not_edited),
		EACH(what_was_typed_is_kept_when_zookeeper_is_away),
		EACH(a_full_disk_is_named_before_the_editor_starts),
		EACH(rm_removes_one_znode_and_says_why),
		EACH(what_is_used_or_has_children_is_not_removed),
		EACH(registered_servers_are_counted_and_kept),
		EACH(rm_asks_on_a_terminal),
		EACH(a_large_subtree_is_removed_in_several_transactions),
		EACH(without_zookeeper_nothing_is_known),
		EACH(a_missing_permission_is_named),
	};

	return cmocka_run_group_tests_name("zknginxctl edits", tests, set_up_all, tear_down_all);
}
