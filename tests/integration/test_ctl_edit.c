/* ls, get, set and rm of zknginxctl, on a real ZooKeeper. */
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_config.h"

#define BAD                                                                                        \
	"{\"listen\": [\"8080\"],\n \"locations\": [{\"path\": \"/\", \"proxy\": \"shop\", "       \
	"\"wat\": 1}]}"

/* --- ls and get ------------------------------------------------------------------------------ */

static void get_prints_the_bytes(void **state UNUSED)
{
	static const char bytes[] = "\x00\xff\x1b[31m\n\n";
	struct rig_ctl_result r = rig_ctl(config.settings, "get", "sites/shop", NULL);

	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, RIG_GOOD);
	rig_zk_set_bytes(config.zk, RIG_UPSTREAM, bytes + 1, sizeof(bytes) - 2);
	r = rig_ctl(config.settings, "get", RIG_UPSTREAM, NULL);
	assert_string_equal(r.out, bytes + 1);
}

static void a_terminal_is_not_steered_by_data(void **state UNUSED)
{
	struct rig_terminal *t;

	rig_zk_set(config.zk, RIG_UPSTREAM, "a\x1b[31mb\xe2\x80\xae!");
	t = rig_terminal_ctl(config.settings, 80, "get", RIG_UPSTREAM, NULL);
	eventually(NULL, rig_terminal_ended(t, NULL));
	assert_true(rig_terminal_shows(t, "a\\x1b[31mb\\xe2\\x80\\xae!\r\n"));
	assert_false(rig_terminal_shows(t, "\x1b[31m"));
	rig_terminal_free(t);
}

static void get_as_json_has_a_stable_shape(void **state UNUSED)
{
	static const char *const keys[] = { "bytes", "children", "czxid", "data",   "ephemeral",
					    "mtime", "mzxid",    "path",  "version" };
	struct rig_ctl_result r = rig_ctl(config.settings, "get", "--json", "sites/shop", NULL);
	json_t *j = rig_ctl_json(&r);

	assert_int_equal(json_object_size(j), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(j, keys[i]));
	assert_string_equal(json_string_value(json_object_get(j, "data")), RIG_GOOD);
	assert_string_equal(json_string_value(json_object_get(j, "path")), RIG_SITE);
	json_decref(j);
	rig_zk_set_bytes(config.zk, RIG_UPSTREAM, "\xff\xfe\xfd\xfc", 4);
	r = rig_ctl(config.settings, "get", "--json", RIG_UPSTREAM, NULL);
	j = rig_ctl_json(&r);
	assert_true(json_is_null(json_object_get(j, "data")));
	assert_string_equal(json_string_value(json_object_get(j, "data_base64")), "//79/A==");
	json_decref(j);
}

static void a_missing_znode_is_named(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(config.settings, "get", "sites/nope", NULL);

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, RIG_ROOT "/sites/nope");
	r = rig_ctl(config.settings, "ls", "nope", NULL);
	rig_ctl_assert_code(&r, 1);
}

/* rm -r -y -f "$EMPTY" of a script is no request to remove the whole config. */
static void an_empty_path_is_not_the_root_of_the_config(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(config.settings, "rm", "-r", "-y", "-f", "", NULL);

	rig_ctl_assert_code(&r, 2);
	assert_true(rig_zk_is(config.zk, RIG_ROOT, ""));
	r = rig_ctl(config.settings, "get", "", NULL);
	rig_ctl_assert_code(&r, 2);
	rig_ctl_assert_says(&r, "is not the path of a znode");
}

static void ls_lists_children_or_everything_below(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(config.settings, "ls", NULL);
	json_t *j;

	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "upstreams"));
	assert_null(strstr(r.out, "10.0.0.1"));
	rig_zk_create_ephemeral(config.zk, RIG_UPSTREAM "/10.0.0.2:80", "");
	r = rig_ctl(config.settings, "ls", "-r", "upstreams", NULL);
	assert_non_null(strstr(r.out, "shop/10.0.0.1:80"));
	assert_non_null(strstr(r.out, "ephemeral"));
	r = rig_ctl(config.settings, "ls", "--json", "upstreams/shop", NULL);
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

	rig_zk_delete_all(config.zk, "/nginx");
	rig_write(rig_path("shop.json"), "%s", "{\"balance\": \"least_conn\"}");
	r = rig_ctl(config.settings, "set", "upstreams/shop", rig_path("shop.json"), "--by",
		    "alice", "-m", "a first \"try\"", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "created " RIG_UPSTREAM);
	assert_true(rig_zk_is(config.zk, RIG_UPSTREAM, "{\"balance\": \"least_conn\"}"));
	assert_true(rig_zk_is(config.zk, RIG_ROOT,
			      "{\"by\":\"alice\",\"note\":\"a first \\\"try\\\"\"}\n"));
}

static void the_note_keeps_other_keys_and_drops_an_old_reason(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_set(config.zk, RIG_ROOT, "{\"serial\": 7, \"by\": \"bob\", \"note\": \"old\"}");
	r = rig_config_set("sites/shop", RIG_OTHER, "--by=alice");
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(config.zk, RIG_ROOT, "{\"by\":\"alice\",\"serial\":7}\n"));
	r = rig_config_set("sites/shop", RIG_GOOD, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strchr(rig_zk_get(config.zk, RIG_ROOT), '@')); /* USER@HOST */
}

static void the_same_bytes_are_not_written(void **state UNUSED)
{
	struct rig_ctl_result r = rig_config_set("sites/shop", RIG_GOOD, NULL);

	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "no change");
	assert_int_equal(rig_config_version(RIG_SITE), 0);
	assert_true(rig_zk_is(config.zk, RIG_ROOT, ""));
}

static void what_the_daemons_would_refuse_is_refused_with_its_place(void **state UNUSED)
{
	struct rig_ctl_result r = rig_config_set("sites/shop", BAD, NULL);
	json_t *j;

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "-:2:47: error: locations[0].wat: is not a known field");
	rig_ctl_assert_says(&r, "--force");
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
	r = rig_config_set("sites/shop", BAD, "--json");
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_string_equal(json_string_value(json_object_get(j, "result")), "refused");
	assert_int_equal(json_integer_value(json_object_get(j, "version")), 0);
	assert_true(json_array_size(json_object_get(j, "problems")) > 0);
	json_decref(j);
	r = rig_config_set("sites/shop", BAD, "--force");
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(config.zk, RIG_SITE, BAD));
}

static void problems_that_were_there_before_refuse_no_other_change(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_create(config.zk, RIG_ROOT "/sites/broken", "x");
	r = rig_config_set("sites/shop", RIG_OTHER, NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_config_set("sites/broken", "y", NULL);
	rig_ctl_assert_code(&r, 1);
}

static void a_clash_is_the_newcomers(void **state UNUSED)
{
	struct rig_ctl_result r = rig_config_set("sites/late", RIG_GOOD, NULL);

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "shop");
	assert_false(rig_zk_exists(config.zk, RIG_ROOT "/sites/late"));
}

static void an_empty_standard_input_empties_nothing(void **state UNUSED)
{
	struct rig_ctl_result r = rig_config_set("upstreams/shop/10.0.0.1:80", "", NULL);

	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_is(config.zk, RIG_UPSTREAM "/10.0.0.1:80", "weight=5"));
	r = rig_ctl(config.settings, "set", "upstreams/shop/10.0.0.1:80", "/dev/null", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_is(config.zk, RIG_UPSTREAM "/10.0.0.1:80", ""));
}

static void what_is_too_long_for_a_znode_is_refused(void **state UNUSED)
{
	char *big = xcalloc(2000001, 1);
	struct rig_ctl_result r;

	memset(big, 'x', 2000000);
	r = rig_config_set("/other/big", big, "--force");
	free(big);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "2000000 bytes");
	assert_false(rig_zk_exists(config.zk, "/other"));
}

static void what_belongs_to_the_daemons_is_not_written(void **state UNUSED)
{
	struct rig_ctl_result r = rig_config_set("/nginx/cluster/plan", "x", NULL);

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "belongs to the daemons");
	assert_false(rig_zk_exists(config.zk, "/nginx/cluster/plan"));
	r = rig_config_set("/nginx/cluster/request", "pauze", NULL);
	rig_ctl_assert_code(&r, 1);
	r = rig_config_set("/nginx/cluster/request", "pause", NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_config_set("/nginx/cluster/overrides/shop", "{\n \"confrm\": 1}", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "-:2:2: error: confrm: is not a known field");
	r = rig_config_set("/other/x", "anything", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "not checked");
	assert_true(rig_zk_is(config.zk, "/other/x", "anything"));
	assert_true(rig_zk_is(config.zk, RIG_ROOT, "")); /* no note: the config has not changed */
}

static void a_push_that_is_not_done_comes_first(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_set(config.zk, RIG_ROOT,
		   "{\"by\": \"bob\", \"push\": {\"by\": \"bob\", \"id\": \"1\", \"left\": 3, "
		   "\"time\": \"2026-11-28T09:00:00Z\"}}");
	r = rig_config_set("sites/shop", RIG_OTHER, NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "push by bob is unfinished");
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
	r = rig_ctl(config.settings, "rm", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	r = rig_config_set("sites/shop", RIG_OTHER, "--force");
	rig_ctl_assert_code(&r, 0);
	assert_non_null(
		strstr(rig_zk_get(config.zk, RIG_ROOT), "\"push\"")); /* only that push ends it */
}

static pid_t start_set(const char *path, const char *file)
{
	extern char **environ;
	const char *argv[] = { getenv("ZKNGINXCTL") ?: "build/zknginxctl",
			       "-c",
			       config.settings,
			       "set",
			       path,
			       file,
			       NULL };
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
	int written = 0, root = rig_config_version(RIG_ROOT);

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
	assert_int_equal(rig_config_version(RIG_UPSTREAM "/10.0.0.1:80"), written);
	assert_int_equal(rig_config_version(RIG_ROOT), root + written); /* a note each */
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

/* --- rm -------------------------------------------------------------------------------------- */

static void rm_removes_one_znode_and_says_why(void **state UNUSED)
{
	struct rig_ctl_result r =
		rig_ctl(config.settings, "rm", "sites/shop", "-m", "closed", NULL);

	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(config.zk, RIG_SITE));
	assert_non_null(strstr(rig_zk_get(config.zk, RIG_ROOT), "closed"));
	r = rig_ctl(config.settings, "rm", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "no znode");
}

static void what_is_used_or_has_children_is_not_removed(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(config.settings, "rm", "upstreams/shop", NULL);

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "-r");
	r = rig_ctl(config.settings, "rm", "-r", "--force", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "--yes");
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "is still used here");
	r = rig_ctl(config.settings, "rm", "-r", "--yes", ".", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_exists(config.zk, RIG_UPSTREAM "/10.0.0.1:80"));
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "--force", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(config.zk, RIG_UPSTREAM));
}

static void registered_servers_are_counted_and_kept(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_delete(config.zk, RIG_SITE);
	rig_zk_create_ephemeral(config.zk, RIG_UPSTREAM "/10.0.0.2:80", "");
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "1 of the 3 znodes is registered");
	r = rig_config_set("upstreams/shop/10.0.0.2:80", "weight=2", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "registered by a running application");
	r = rig_ctl(config.settings, "rm", "upstreams/shop/10.0.0.2:80", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_exists(config.zk, RIG_UPSTREAM "/10.0.0.2:80"));
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "--force", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(config.zk, RIG_UPSTREAM));
}

static void rm_asks_on_a_terminal(void **state UNUSED)
{
	struct rig_terminal *t;
	int code = -1;

	rig_zk_delete(config.zk, RIG_SITE);
	t = rig_terminal_ctl(config.settings, 80, "rm", "-r", "upstreams/shop", NULL);
	eventually(NULL, rig_terminal_shows(t, "and 1 znode below it? [y/N]"));
	rig_terminal_type(t, "\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_true(rig_zk_exists(config.zk, RIG_UPSTREAM));
	rig_terminal_free(t);
	t = rig_terminal_ctl(config.settings, 80, "rm", "-r", "upstreams/shop", NULL);
	eventually(NULL, rig_terminal_shows(t, "[y/N]"));
	rig_zk_create(config.zk, RIG_UPSTREAM "/10.0.0.3:80", ""); /* after the question */
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_true(rig_terminal_shows(t, "another client has changed it"));
	assert_true(rig_zk_exists(config.zk, RIG_UPSTREAM "/10.0.0.1:80"));
	rig_terminal_free(t);
}

static void a_large_subtree_is_removed_in_several_transactions(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_delete(config.zk, RIG_SITE);
	for (int i = 0; i < 8000; i++) { /* two requests would be too large by then */
		char path[128];

		snprintf(path, sizeof(path), RIG_UPSTREAM "/10.%d.%d.2:80", i / 200, i % 200);
		rig_zk_send_create(config.zk, path, "");
	}
	assert_int_equal(rig_zk_drain(config.zk), 0);
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "-m", "all", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "8002 znodes");
	assert_false(rig_zk_exists(config.zk, RIG_UPSTREAM));
	assert_non_null(strstr(rig_zk_get(config.zk, RIG_ROOT), "all"));
}

/* Paths of 2 MB. */
static void create_large_upstream(void)
{
	char name[500];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	rig_zk_delete(config.zk, RIG_SITE);
	for (int i = 0; i < 4000; i++) {
		char path[700];

		snprintf(path, sizeof(path), RIG_UPSTREAM "/%s%d:80", name, i);
		rig_zk_send_create(config.zk, path, "");
	}
	assert_int_equal(rig_zk_drain(config.zk), 0);
}

/* The upstream itself, which is in the last transaction, may not be removed. */
static void a_large_removal_that_stops_in_the_middle_is_no_config(void **state UNUSED)
{
	struct rig_ctl_result r;

	create_large_upstream();
	rig_zk_auth(config.zk, "digest", "ops:secret");
	rig_zk_protect(config.zk, RIG_ROOT "/upstreams");
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "--by", "alice", "upstreams/shop", NULL);
	rig_zk_restrict(config.zk, RIG_ROOT "/upstreams", false);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(rig_zk_get(config.zk, RIG_ROOT),
			       "\"id\":\"rm /nginx/config/upstreams/shop\""));
	rig_ctl_assert_says(&r, "transactions were written: until \"zknginxctl rm -r "
				"/nginx/config/upstreams/shop\" completes it");
	r = rig_config_set("upstreams/shop", "{}", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "the removal of /nginx/config/upstreams/shop by alice is "
				"unfinished");
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "upstreams/shop", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(config.zk, RIG_UPSTREAM));
	assert_null(strstr(rig_zk_get(config.zk, RIG_ROOT), "\"push\""));
}

static void a_push_replaces_a_removal_that_is_unfinished(void **state UNUSED)
{
	char *directory = rig_path("pulled");
	struct rig_ctl_result r;

	r = rig_ctl(config.settings, "pull", directory, NULL);
	rig_ctl_assert_code(&r, 0);
	rig_zk_set(config.zk, RIG_ROOT,
		   "{\"by\":\"alice\",\"push\":{\"by\":\"alice\",\"id\":\"rm "
		   "/nginx/config/upstreams/old\",\"left\":3,"
		   "\"time\":\"2026-11-22T15:04:05Z\"}}");
	r = rig_ctl(config.settings, "push", "--yes", "--no-wait", directory, NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "the removal of /nginx/config/upstreams/old by alice");
	assert_null(strstr(rig_zk_get(config.zk, RIG_ROOT), "\"push\""));
}

/* The root is the last one that goes. */
static void the_whole_config_is_removed_in_several_transactions(void **state UNUSED)
{
	struct rig_ctl_result r;

	create_large_upstream();
	r = rig_ctl(config.settings, "rm", "-r", "--yes", "--force", ".", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_zk_exists(config.zk, RIG_ROOT));
}

static void a_server_that_is_registered_is_named_alone(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_create_ephemeral(config.zk, RIG_UPSTREAM "/10.0.0.2:80", "");
	r = rig_ctl(config.settings, "rm", "upstreams/shop/10.0.0.2:80", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "10.0.0.2:80 is registered by a running application");
}

static void who_and_why_are_short(void **state UNUSED)
{
	static const char *const options[] = { "--by", "--message" };
	static const char *const commands[] = { "set", "edit", "rm" };
	char text[1026];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rig_config_use_editor("sed -i s/8080/8081/ \"$1\"");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		for (size_t n = 0; n < ARRAY_SIZE(commands); n++) {
			struct rig_ctl_result r = rig_ctl(config.settings, commands[n], options[i],
							  text, "sites/shop", NULL);

			rig_ctl_assert_code(&r, 2);
			rig_ctl_assert_says(&r, " has more than 1024 bytes");
		}
	}
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
}

/* --- ZooKeeper ------------------------------------------------------------------------------- */

static void without_zookeeper_nothing_is_known(void **state UNUSED)
{
	static const char *const commands[] = { "get", "ls", "rm" };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct rig_ctl_result r = rig_ctl(NULL, "-s", "127.0.0.1:1", "--timeout", "500ms",
						  commands[i], "sites/shop", NULL);

		rig_ctl_assert_code(&r, 3);
		rig_ctl_assert_says(&r, "127.0.0.1:1 does not answer");
	}
}

static void a_missing_permission_is_named(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_auth(config.zk, "digest", "alice:secret");
	rig_zk_protect(config.zk, RIG_SITE);
	r = rig_config_set("sites/shop", RIG_OTHER, NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, RIG_SITE ": its ACL does not permit it");
	rig_zk_restrict(config.zk, RIG_SITE, true);
	r = rig_ctl(config.settings, "get", "sites/shop", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "zookeeper.auth_file");
	r = rig_config_set("upstreams/shop", "{}", NULL);
	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "cannot be checked");
	r = rig_config_set("upstreams/shop", "{}", "--force");
	rig_ctl_assert_code(&r, 0);
	rig_zk_restrict(config.zk, RIG_SITE, false);
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_GOOD));
}

static void credentials_that_cannot_be_used_are_an_error_of_the_settings(void **state UNUSED)
{
	static const char *const lines[][2] = { { "get", "sites/shop" },
						{ "status" },
						{ "diff", "." },
						{ "pull", "nothing" },
						{ "problems" } };
	char *settings = rig_path("broken.conf");

	rig_write(settings, "zookeeper: { hosts = \"%s\"; auth_file = \"%s\"; };\n",
		  rig_zookeeper_hosts(config.zookeeper), rig_path("missing"));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct rig_ctl_result r = rig_ctl(settings, lines[i][0], lines[i][1], NULL);

		rig_ctl_assert_code(&r, 2);
		rig_ctl_assert_says(&r, "zookeeper.auth_file");
	}
}

static void a_missing_chroot_is_named(void **state UNUSED)
{
	CLEANUP(freep) char *hosts = xasprintf("%s/nope", rig_zookeeper_hosts(config.zookeeper));
	const char *arguments[] = { "-s", hosts, "set", "upstreams/shop", "-", NULL };
	struct rig_ctl_result r = rig_ctl_with(NULL, "{}", arguments);

	rig_ctl_assert_code(&r, 1);
	rig_ctl_assert_says(&r, "does not exist");
	assert_false(rig_zk_exists(config.zk, "/nope"));
}

static void data_of_the_root_that_is_no_note_stays(void **state UNUSED)
{
	struct rig_ctl_result r;

	rig_zk_set(config.zk, RIG_ROOT, "do not touch");
	r = rig_config_set("sites/shop", RIG_OTHER, NULL);
	rig_ctl_assert_code(&r, 0);
	rig_ctl_assert_says(&r, "not recorded who");
	assert_true(rig_zk_is(config.zk, RIG_ROOT, "do not touch"));
	assert_true(rig_zk_is(config.zk, RIG_SITE, RIG_OTHER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		config_test(get_prints_the_bytes),
		config_test(a_terminal_is_not_steered_by_data),
		config_test(get_as_json_has_a_stable_shape),
		config_test(a_missing_znode_is_named),
		config_test(an_empty_path_is_not_the_root_of_the_config),
		config_test(ls_lists_children_or_everything_below),
		config_test(set_creates_what_is_missing_and_says_who_and_why),
		config_test(the_note_keeps_other_keys_and_drops_an_old_reason),
		config_test(the_same_bytes_are_not_written),
		config_test(what_the_daemons_would_refuse_is_refused_with_its_place),
		config_test(problems_that_were_there_before_refuse_no_other_change),
		config_test(a_clash_is_the_newcomers),
		config_test(an_empty_standard_input_empties_nothing),
		config_test(what_is_too_long_for_a_znode_is_refused),
		config_test(what_belongs_to_the_daemons_is_not_written),
		config_test(a_push_that_is_not_done_comes_first),
		config_test(of_many_writers_none_overwrites_another),
		config_test(writers_of_different_znodes_all_succeed),
		config_test(rm_removes_one_znode_and_says_why),
		config_test(what_is_used_or_has_children_is_not_removed),
		config_test(registered_servers_are_counted_and_kept),
		config_test(rm_asks_on_a_terminal),
		config_test(a_large_subtree_is_removed_in_several_transactions),
		config_test(a_large_removal_that_stops_in_the_middle_is_no_config),
		config_test(a_push_replaces_a_removal_that_is_unfinished),
		config_test(the_whole_config_is_removed_in_several_transactions),
		config_test(a_server_that_is_registered_is_named_alone),
		config_test(who_and_why_are_short),
		config_test(credentials_that_cannot_be_used_are_an_error_of_the_settings),
		config_test(without_zookeeper_nothing_is_known),
		config_test(a_missing_permission_is_named),
		config_test(a_missing_chroot_is_named),
		config_test(data_of_the_root_that_is_no_note_stays),
	};

	return cmocka_run_group_tests_name("zknginxctl edits", tests, rig_config_setup,
					   rig_config_teardown);
}
