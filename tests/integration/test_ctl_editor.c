/* edit of zknginxctl, with editors that are scripts. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_config.h"

static void what_was_edited_is_written(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor(
		"sed -i s/8080/8081/ \"$1\"; case \"$1\" in *.json) ;; *) exit 9;; esac");
	r = rig_ctl(config.settings, "edit", "sites/shop", "-m", "another port", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(config.zk, RIG_SITE,
			      RIG_OTHER)); /* sed adds no line feed, and none is needed */
	assert_non_null(strstr(rig_zk_get(config.zk, RIG_ROOT), "another port"));
	assert_int_equal(rig_config_drafts(), 0);
}

static void an_edit_without_a_change_writes_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("echo >>\"$1\""); /* the line feed of editors */
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "no change");
	assert_int_equal(rig_config_version(RIG_SITE), 0);
	assert_true(rig_zk_is(config.zk, RIG_ROOT, ""));
	assert_int_equal(rig_config_drafts(), 0);
}

static void edit_creates_a_znode(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("echo weight=7 >\"$1\"");
	r = rig_ctl(config.settings, "edit", "upstreams/shop/10.0.0.9:80", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(config.zk, RIG_UPSTREAM "/10.0.0.9:80", "weight=7\n"));
}

static void a_new_znode_that_stays_empty_is_not_created(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("true");
	r = rig_ctl(config.settings, "edit", "upstreams/shop/10.0.0.9:80", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, RIG_UPSTREAM "/10.0.0.9:80 was not created");
	assert_null(strstr(r.out, "stays as it is"));
	assert_false(rig_zk_exists(config.zk, RIG_UPSTREAM "/10.0.0.9:80"));
	assert_int_equal(rig_config_drafts(), 0);
}

static void an_editor_that_removes_its_file_changes_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("rm \"$1\"");
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "the editor has removed its file");
	assert_null(strstr(r.err, "what you typed"));
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
}

static void a_failing_editor_changes_nothing(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("exit 3");
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "exit status 3");
	assert_int_equal(rig_config_drafts(), 0);
	rig_config_use_editor("sed -i s/8080/8081/ \"$1\"; kill -9 $$");
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "killed by signal 9");
	rig_ctl_assert_says(&r, rig_path("tmp"));
	assert_int_equal(rig_config_drafts(), 1);
	assert_string_equal(rig_config_draft(), RIG_OTHER);
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
	unsetenv("EDITOR");
	setenv("EDITOR", "/nonexistent/editor", 1);
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
}

static void a_concurrent_edit_is_shown_and_never_overwritten(void **state UNUSED)
{
	struct rig_ctl_result r;
	char script[1000];

	rig_write(rig_path("theirs"), "{\"listen\": [\"9999\"],\n"
				      "\"locations\": [{\"path\": \"/\", \"proxy\": \"shop\"}]}");
	snprintf(script, sizeof(script), "%s -c %s set sites/shop %s && sed -i s/8080/8081/ \"$1\"",
		 getenv("ZKNGINXCTL") ?: "build/zknginxctl", config.settings, rig_path("theirs"));
	rig_config_use_editor(script);
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "another client has changed it");
	rig_ctl_assert_says(&r, "+{\"listen\": [\"9999\"],");
	assert_true(rig_zk_is(config.zk, RIG_SITE, rig_read(rig_path("theirs"))));
	assert_int_equal(rig_config_drafts(), 1);
	assert_string_equal(rig_config_draft(), RIG_OTHER);
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
	rig_config_use_editor(script);
	a = rig_terminal_ctl(config.settings, 80, "edit", "sites/shop", NULL);
	b = rig_terminal_ctl(config.settings, 80, "edit", "sites/shop", NULL);
	eventually(NULL, rig_terminal_ended(a, &code_a));
	eventually(NULL, rig_terminal_ended(b, &code_b));
	assert_int_equal(code_a + code_b, 1);
	assert_true(rig_terminal_shows(code_a ? a : b, "another client has changed it"));
	assert_int_equal(rig_config_version(RIG_SITE), 1);
	assert_int_equal(rig_config_drafts(), 1);
	rig_terminal_free(a);
	rig_terminal_free(b);
}

static void what_is_refused_can_be_edited_again(void **state UNUSED)
{
	struct rig_terminal *t;
	int code = -1;

	rig_config_use_editor("grep -q wat \"$1\" && sed -i 's/\"wat\": 1, //' \"$1\" || "
			      "sed -i 's/8080/8081/; s/\"proxy\"/\"wat\": 1, &/' \"$1\"");
	t = rig_terminal_ctl(config.settings, 80, "edit", "sites/shop", NULL);
	eventually(NULL, rig_terminal_shows(t, "[y/N]"));
	assert_true(rig_terminal_shows(t, "wat: is not a known field"));
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 0);
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_OTHER));
	assert_true(rig_terminal_shows(t, "+{\"listen\": [\"8081\"]")); /* what has changed */
	assert_int_equal(rig_config_drafts(), 0);
	rig_terminal_free(t);
}

static void what_was_typed_is_kept_when_it_is_given_up(void **state UNUSED)
{
	static const char *const answers[] = { "n\n", "\x03", "\x04" }; /* no, Ctrl-C, Ctrl-D */

	rig_config_use_editor("sed -i s/proxy/proxi/ \"$1\"");
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct rig_terminal *t =
			rig_terminal_ctl(config.settings, 80, "edit", "sites/shop", NULL);
		int code = 0;

		eventually(NULL, rig_terminal_shows(t, "[y/N]"));
		rig_terminal_type(t, answers[i]);
		eventually(NULL, rig_terminal_ended(t, &code));
		assert_true(code == 1 || code == 128 + SIGINT);
		assert_true(rig_terminal_shows(t, "what you typed is in"));
		assert_int_equal(rig_config_drafts(), i + 1);
		rig_terminal_free(t);
	}
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
}

static void nothing_is_asked_without_a_terminal(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("sed -i s/proxy/proxi/ \"$1\"");
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_null(strstr(r.err, "[y/N]"));
	assert_int_equal(rig_config_drafts(), 1);
}

static void binary_data_is_not_edited(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("echo x >\"$1\"");
	rig_zk_set_bytes(config.zk, RIG_UPSTREAM, "a\0b", 3);
	r = rig_ctl(config.settings, "edit", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "binary");
	assert_int_equal(rig_config_drafts(), 0);
}

static void what_was_typed_is_kept_when_zookeeper_is_away(void **state UNUSED)
{
	struct rig_ctl_result r;
	char script[1000];

	snprintf(script, sizeof(script),
		 "sed -i s/8080/8081/ \"$1\"; kill -STOP %d; "
		 "while cat /proc/%d/task/*/status | grep ^State | grep -qv stopped; do :; done",
		 (int)rig_zookeeper_pid(config.zookeeper),
		 (int)rig_zookeeper_pid(config.zookeeper));
	rig_config_use_editor(script);
	r = rig_ctl(config.settings, "edit", "sites/shop", "--timeout", "8s", NULL);
	rig_zookeeper_resume(config.zookeeper);
	rig_ctl_assert_code(&r, 3);
	rig_ctl_assert_says(&r, "what you typed is in");
	assert_string_equal(rig_config_draft(), RIG_OTHER);
}

static void a_full_disk_is_named_before_the_editor_starts(void **state UNUSED)
{
	struct rig_ctl_result r;
	char *small = rig_path("small");

	if (!rig_is_alone())
		skip();
#ifdef __SANITIZE_THREAD__
	skip(); /* its run-time library maps a file of $TMPDIR, which has to be written first */
#endif
	mkdir(small, 0700);
	assert_int_equal(mount("tmpfs", small, "tmpfs", 0, "size=4k"), 0);
	rig_write(rig_path("small/full"), "%4096s", "x");
	setenv("TMPDIR", small, 1);
	rig_config_use_editor("echo x >\"$1\"");
	r = rig_ctl(config.settings, "edit", "sites/shop", NULL);
	umount(small);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "No space left");
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
}

static void the_root_itself_can_be_edited(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_config_use_editor("echo '{\"serial\": 1}' >\"$1\"");
	r = rig_ctl(config.settings, "edit", ".", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(config.zk, RIG_ROOT, "{\"serial\": 1}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		config_test(what_was_edited_is_written),
		config_test(an_edit_without_a_change_writes_nothing),
		config_test(edit_creates_a_znode),
		config_test(an_editor_that_removes_its_file_changes_nothing),
		config_test(a_new_znode_that_stays_empty_is_not_created),
		config_test(a_failing_editor_changes_nothing),
		config_test(a_concurrent_edit_is_shown_and_never_overwritten),
		config_test(two_editors_at_once_one_wins_whole),
		config_test(what_is_refused_can_be_edited_again),
		config_test(what_was_typed_is_kept_when_it_is_given_up),
		config_test(nothing_is_asked_without_a_terminal),
		config_test(binary_data_is_not_edited),
		config_test(what_was_typed_is_kept_when_zookeeper_is_away),
		config_test(a_full_disk_is_named_before_the_editor_starts),
		config_test(the_root_itself_can_be_edited),
	};

	return cmocka_run_group_tests_name("zknginxctl edit", tests, rig_config_setup,
					   rig_config_teardown);
}
