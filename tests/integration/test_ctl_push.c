/* push: what is written into ZooKeeper, and when it is refused. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "rig_push.h"

#define SITE(path)                                                                                 \
	"{\"listen\":[\"80\"],\"locations\":[{\"path\":\"" path "\",\"proxy\":\"shop\"}]}"

static struct rig_ctl_result push(struct rig_push *c, const char *option)
{
	return rig_ctl(c->settings, "push", "--yes", "--no-wait", c->directory, option, NULL);
}

static void a_pull_and_a_push_of_the_same_directory_is_no_change(void **state)
{
	struct rig_push *c = *state;
	int version = rig_push_version(c);
	struct rig_ctl_result r;

	rig_push_pull(c);
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "no change"));
	assert_int_equal(rig_push_version(c), version);
}

static void another_form_of_the_same_is_not_written(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json",
		       "{\n  \"keepalive\": 5,\n  \"min_servers\": 1\n}\n");
	rig_push_write(c, "upstreams/shop/10.0.0.1:80", "{\"weight\": 5}\n");
	rig_push_write(c, "upstreams/shop/10.0.0.2:80", "\n");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "no change"));
}

static void a_push_creates_changes_and_deletes(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\": 6}\n");
	rig_push_write(c, "upstreams/shop/10.0.0.3:80", "backup\n");
	rig_push_write(c, "snippets/stream/y.conf", "map $remote_addr $y { default 1; }\n");
	rig_push_remove(c, "upstreams/shop/10.0.0.2:80");
	rig_push_remove(c, "snippets/http/x.conf");
	r = rig_ctl(c->settings, "push", "--yes", "--no-wait", "--by", "alice", "-m", "ticket 1",
		    c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(rig_push_get(c, "upstreams/shop"), "{\"keepalive\": 6}\n");
	assert_string_equal(rig_push_get(c, "upstreams/shop/10.0.0.3:80"), "backup\n");
	assert_true(rig_push_has(c, "snippets/stream/y"));
	assert_false(rig_push_has(c, "snippets/http/x"));
	assert_false(rig_push_has(c, "upstreams/shop/10.0.0.2:80"));
	assert_string_equal(rig_push_note(c, "by"), "alice");
	assert_string_equal(rig_push_note(c, "note"), "ticket 1");
	assert_string_equal(rig_push_note(c, "push"), "");
	assert_non_null(strstr(r.out, "--- zookeeper/upstreams/shop.json\n"));
	assert_non_null(strstr(r.out, "-{\"keepalive\":5}\n+{\"keepalive\": 6}\n"));
	assert_non_null(strstr(
		r.out,
		"written: 2 znodes created, 1 changed, 2 deleted, in 1 transaction, by alice"));
	r = push(c, NULL);
	assert_non_null(strstr(r.out, "no change"));
}

static void the_note_is_the_commit_of_the_directory(void **state)
{
	struct rig_push *c = *state;
	char *line = rig_path("git.sh");
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "sites/shop.json", SITE("/new/"));
	rig_write(line,
		  "cd %s && git init -q . && git add . && git -c user.name=a -c user.email=a@b "
		  "commit -q -m 'The shop moves'",
		  c->directory);
	assert_int_equal(rig_run(NULL, (char *[]){ "sh", line, NULL }), 0);
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(rig_push_note(c, "note"), " The shop moves"));
	assert_null(strstr(rig_push_note(c, "note"), "not committed"));
	rig_push_write(c, "sites/shop.json", SITE("/newer/"));
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(rig_push_note(c, "note"), "not committed"));
}

static void a_dry_run_writes_nothing(void **state)
{
	struct rig_push *c = *state;
	int version = rig_push_version(c);
	struct rig_ctl_result r;

	rig_push_pull(c);
	r = push(c, "--dry-run");
	rig_ctl_assert_code(&r, 0);
	rig_push_write(c, "sites/shop.json", SITE("/new/"));
	r = push(c, "--dry-run");
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "+++ "));
	assert_int_equal(rig_push_version(c), version);
}

static void it_asks_on_a_terminal_and_refuses_without_one(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	struct rig_terminal *t;
	int version = rig_push_version(c), code;

	rig_push_pull(c);
	rig_push_write(c, "sites/shop.json", SITE("/new/"));
	r = rig_ctl(c->settings, "push", c->directory, NULL);
	rig_ctl_assert_code(&r, 2);
	assert_non_null(strstr(r.err, "--yes"));
	t = rig_terminal_ctl(c->settings, 80, "push", "--no-wait", c->directory, NULL);
	eventually(NULL, strstr(rig_terminal_shown(t), "[y/N]"));
	assert_non_null(strstr(rig_terminal_shown(t), "\x1b[32m+")); /* in colours */
	rig_terminal_type(t, "n\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	rig_terminal_free(t);
	assert_int_equal(rig_push_version(c), version);
	t = rig_terminal_ctl(c->settings, 80, "push", "--no-wait", c->directory, NULL);
	eventually(NULL, strstr(rig_terminal_shown(t), "[y/N]"));
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 0);
	rig_terminal_free(t);
	assert_string_equal(rig_push_get(c, "sites/shop"), SITE("/new/"));
}

static void what_the_daemons_would_refuse_is_refused_unless_forced(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(
		c, "sites/shop.json",
		"{\"listen\":[\"80\"],\n\"locations\":[{\"path\":\"/\",\"proxy\":\"nosuch\"}]}");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "/sites/shop.json:2:"));
	assert_non_null(strstr(r.err, "--force"));
	assert_null(strstr(rig_push_get(c, "sites/shop"), "nosuch"));
	r = push(c, "--force");
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(rig_push_get(c, "sites/shop"), "nosuch"));
}

/* The upstream that a site of ZooKeeper needs: the directory alone would be without a problem. */
static void the_verdict_is_that_on_the_whole_config(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_remove(c, "sites");
	rig_push_remove(c, "upstreams");
	r = push(c, "--yes-delete");
	rig_ctl_assert_code(&r, 0);
	rig_push_set(c, "upstreams/shop", "");
	rig_push_set(c, "sites/shop", SITE("/"));
	r = rig_ctl(c->settings, "push", "--yes", "--no-wait", "--prune=false", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_push_has(c, "sites/shop"));
	rig_push_write(c, "sites/shop.json", SITE("/"));
	r = push(c, NULL); /* deletes the upstream */
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_push_has(c, "upstreams/shop"));
}

static void deletions_have_a_limit(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_remove(c, "sites");
	rig_push_remove(c, "upstreams");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "--yes-delete"));
	r = push(c, "--prune=false");
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "no change"));
	r = push(c, "--prune=maybe");
	rig_ctl_assert_code(&r, 2);
	rig_push_remove(c, "snippets");
	r = push(c, "--yes-delete");
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_push_has(c, "sites/shop"));
}

static void registered_servers_are_never_touched_without_force(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_zk_create_ephemeral(c->zk, CONFIG_ROOT "/upstreams/shop/10.0.0.3:80", "weight=2");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "no change"));
	rig_push_write(c, "upstreams/shop/10.0.0.3:80", "weight=9");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(rig_push_get(c, "upstreams/shop/10.0.0.3:80"), "weight=2");
	rig_push_remove(c, "upstreams");
	rig_push_remove(c, "sites");
	r = push(c, "--yes-delete");
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "/upstreams/shop/10.0.0.3:80"));
	assert_true(rig_push_has(c, "upstreams/shop/10.0.0.1:80"));
	r = rig_ctl(c->settings, "push", "-y", "--no-wait", "--yes-delete", "--force", c->directory,
		    NULL);
	rig_ctl_assert_code(&r, 0);
	assert_false(rig_push_has(c, "upstreams/shop"));
}

static void files_that_are_no_znodes_are_named(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "sites/shop.jsn", "{}");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "sites/shop.jsn"));
}

static size_t count_of(const char *text, const char *words)
{
	size_t n = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		n++;
	return n;
}

/* The daemons report problems about them; a directory can neither hold nor delete them. */
static void znodes_that_no_file_can_stand_for_are_named_and_stay(void **state)
{
	static const char *const znodes[] = { "other", "upstreams/shop/README:80",
					      "upstreams/shop/10.0.0.9:80~" };
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	json_t *j;

	rig_push_pull(c);
	for (size_t i = 0; i < ARRAY_SIZE(znodes); i++)
		rig_push_set(c, znodes[i], "");
	rig_zk_create_ephemeral(c->zk, CONFIG_ROOT "/upstreams/shop/10.0.0.8:80~", "");
	for (unsigned turn = 0; turn < 2; turn++) {
		r = turn ? rig_ctl(c->settings, "diff", c->directory, NULL) : push(c, NULL);
		rig_ctl_assert_code(&r, 0);
		for (size_t i = 0; i < ARRAY_SIZE(znodes); i++)
			assert_int_equal(count_of(r.err, znodes[i]), 1);
		assert_int_equal(count_of(r.err, "stays as it is"), 3);
		r = turn ? rig_ctl(c->settings, "--json", "diff", c->directory, NULL)
			 : push(c, "--json");
		rig_ctl_assert_code(&r, 0);
		j = rig_ctl_json(&r);
		assert_int_equal(json_array_size(json_object_get(j, "skipped")), 3);
		assert_string_equal(
			json_string_value(json_array_get(json_object_get(j, "skipped"), 0)),
			CONFIG_ROOT "/other");
		json_decref(j);
	}
	for (size_t i = 0; i < ARRAY_SIZE(znodes); i++)
		assert_true(rig_push_has(c, znodes[i]));
}

static void members_that_cannot_be_read_are_no_empty_fleet(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":7}");
	rig_zk_create(c->zk, "/nginx/cluster/members", "");
	rig_zk_auth(c->zk, "digest", "ops:secret");
	rig_zk_restrict(c->zk, "/nginx/cluster/members", true);
	r = rig_ctl(c->settings, "push", "--yes", "--follow-for", "10s", c->directory, NULL);
	rig_zk_restrict(c->zk, "/nginx/cluster/members", false);
	rig_ctl_assert_code(&r, 3);
	assert_non_null(strstr(r.err, "the rollout cannot be followed"));
	assert_non_null(strstr(r.err, "/nginx/cluster/members: zknginxctl has no permission"));
	assert_non_null(strstr(r.err, "zookeeper.auth_file"));
	assert_null(strstr(r.err, "zknginxd"));
	assert_null(strstr(r.err, "no host"));
	assert_string_equal(rig_push_get(c, "upstreams/shop"), "{\"keepalive\":5}");
	rig_zk_delete(c->zk, "/nginx/cluster/members");
}

static void a_plan_that_cannot_be_read_has_no_answer(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_zk_create(c->zk, "/nginx/cluster/plan", "");
	rig_zk_auth(c->zk, "digest", "ops:secret");
	rig_zk_restrict(c->zk, "/nginx/cluster/plan", true);
	r = rig_ctl(c->settings, "--timeout", "10s", "pause", NULL);
	rig_zk_restrict(c->zk, "/nginx/cluster/plan", false);
	rig_ctl_assert_code(&r, 3);
	assert_non_null(strstr(r.err, "nothing was asked"));
	assert_non_null(strstr(r.err, "/nginx/cluster/plan: zknginxctl has no permission"));
	assert_null(strstr(r.err, "no leader answers"));
	assert_false(rig_zk_exists(c->zk, "/nginx/cluster/request"));
	rig_zk_delete(c->zk, "/nginx/cluster/plan");
}

static void without_a_config_root_it_says_how_to_begin(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_zk_delete_all(c->zk, CONFIG_ROOT);
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "zknginxctl init"));
	assert_false(rig_zk_exists(c->zk, CONFIG_ROOT));
	rig_zk_create(c->zk, CONFIG_ROOT, NULL);
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_push_has(c, "snippets/http/x"));
}

/* Any client may have written any bytes, and any name of a directory may be typed. */
static void what_is_shown_is_safe_to_show(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_zk_set_bytes(c->zk, CONFIG_ROOT "/snippets/http/x", "a\0\x1b[2Jb\nc", 9);
	r = rig_ctl(c->settings, "push", "-n", rig_path("%s/", strrchr(c->directory, '/') + 1),
		    NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "-a\\x00\\x1b[2Jb\n-c\n"));
	assert_null(strchr(r.out, '\x1b'));
	assert_null(strstr(r.out, "//"));
}

static void data_of_the_root_that_is_not_ours_is_kept(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":7}");
	rig_zk_set(c->zk, CONFIG_ROOT, "owned by ops");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_true(rig_zk_is(c->zk, CONFIG_ROOT, "owned by ops"));
	rig_zk_set(c->zk, CONFIG_ROOT, "{\"team\":\"ops\",\"by\":\"x\"}");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(rig_push_note(c, "team"), "ops");
}

static void what_may_not_be_written_is_no_conflict(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":7}");
	rig_zk_auth(c->zk, "digest", "ops:secret");
	rig_zk_protect(c->zk, CONFIG_ROOT "/upstreams/shop");
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_null(strstr(r.err, "has changed"));
	assert_non_null(strstr(r.err, "Nothing was written"));
	assert_non_null(strstr(r.err, "/nginx/config/upstreams/shop: "));
	rig_zk_restrict(c->zk, CONFIG_ROOT "/upstreams/shop", false);
}

/* --- at the same time ------------------------------------------------------------------------ */

/* The one who looks first and writes last is refused, and sees who and what. */
static void of_two_pushers_one_wins_whole_and_the_other_is_told_what_changed(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	struct rig_terminal *t;
	int code;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":7}");
	t = rig_terminal_ctl(c->settings, 200, "push", "--no-wait", c->directory, NULL);
	eventually(NULL, strstr(rig_terminal_shown(t), "[y/N]"));
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":5}");
	rig_push_write(c, "sites/shop.json", SITE("/bob/"));
	r = rig_ctl(c->settings, "push", "-y", "--no-wait", "--by", "bob", "-m", "mine",
		    c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_non_null(strstr(rig_terminal_shown(t), "/nginx/config/sites/shop has changed"));
	assert_non_null(strstr(rig_terminal_shown(t), "bob"));
	assert_null(strstr(rig_terminal_shown(t), "/nginx/config/upstreams/shop has changed"));
	rig_terminal_free(t);
	assert_string_equal(rig_push_get(c, "upstreams/shop"), "{\"keepalive\":5}");
	assert_string_equal(rig_push_get(c, "sites/shop"), SITE("/bob/"));
}

static void what_somebody_edits_meanwhile_is_not_overwritten(void **state)
{
	struct rig_push *c = *state;
	struct rig_terminal *t;
	int code;

	rig_push_pull(c);
	rig_push_write(c, "sites/shop.json", SITE("/mine/"));
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":7}");
	t = rig_terminal_ctl(c->settings, 200, "push", "--no-wait", c->directory, NULL);
	eventually(NULL, strstr(rig_terminal_shown(t), "[y/N]"));
	rig_push_set(c, "sites/shop", SITE("/theirs/"));
	rig_terminal_type(t, "y\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	assert_non_null(strstr(rig_terminal_shown(t), "/nginx/config/sites/shop has changed"));
	rig_terminal_free(t);
	assert_string_equal(rig_push_get(c, "sites/shop"), SITE("/theirs/"));
	assert_string_equal(rig_push_get(c, "upstreams/shop"), "{\"keepalive\":5}");
}

static pid_t start_push(struct rig_push *c, const char *settings, const char *by)
{
	const char *ctl = getenv("ZKNGINXCTL") ?: "build/zknginxctl";
	const char *argv[] = { ctl,         "-c",   settings, "push",       "--yes",
			       "--no-wait", "--by", by,       c->directory, NULL };

	return rig_start(rig_path("push.log"), (char *const *)(uintptr_t)argv);
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Both at once, many times: what is there afterwards is what one of them pushed, whole. */
static void pushers_that_start_together_never_mix(void **state)
{
	struct rig_push *c = *state;

	for (unsigned round = 0; round < 10; round++) {
		char *own = c->directory, site[128], policy[128];
		pid_t alice, bob;
		int a, b;

		rig_push_pull(c);
		snprintf(site, sizeof(site), SITE("/alice%u/"), round);
		snprintf(policy, sizeof(policy), "{\"keepalive\":%u}", 100 + round);
		rig_push_write(c, "sites/shop.json", site);
		rig_push_write(c, "upstreams/shop.json", policy);
		c->directory = rig_path("bob%u", round);
		rig_push_pull(c);
		snprintf(site, sizeof(site), SITE("/bob%u/"), round);
		snprintf(policy, sizeof(policy), "{\"keepalive\":%u}", 200 + round);
		rig_push_write(c, "sites/shop.json", site);
		rig_push_write(c, "upstreams/shop.json", policy);
		bob = start_push(c, c->settings, "bob");
		c->directory = own;
		alice = start_push(c, c->settings, "alice");
		a = end_of(alice);
		b = end_of(bob);
		assert_true(a == 0 || b == 0);
		assert_true(a <= 1 && b <= 1);
		snprintf(policy, sizeof(policy), "{\"keepalive\":%u}", 200 + round);
		if (strcmp(rig_push_get(c, "upstreams/shop"), policy) == 0) {
			assert_int_equal(b, 0);
			assert_non_null(strstr(rig_push_get(c, "sites/shop"), "bob"));
			assert_string_equal(rig_push_note(c, "by"), "bob");
		} else {
			assert_int_equal(a, 0);
			assert_non_null(strstr(rig_push_get(c, "sites/shop"), "alice"));
			assert_string_equal(rig_push_note(c, "by"), "alice");
		}
	}
}

/* --------------------------------------------------------------------------------------------- */

static void two_thousand_objects_are_one_transaction(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	json_t *j;

	rig_push_pull(c);
	for (unsigned i = 0; i < 1000; i++) {
		char *file = rig_path("%s/sites/s%u.json", strrchr(c->directory, '/') + 1, i);

		rig_write(
			file,
			"{\"listen\":[\"80\"],\"server_names\":[\"s%u\"],\"locations\":[{\"path\":"
			"\"/\",\"proxy\":\"u%u\"}]}\n",
			i, i);
		file = rig_path("%s/upstreams/u%u.json", strrchr(c->directory, '/') + 1, i);
		rig_write(file, "{\"keepalive\":%u}\n", i + 1);
	}
	r = rig_ctl(c->settings, "--json", "push", "-y", "--no-wait", "--by", "x", c->directory,
		    NULL);
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_int_equal(json_integer_value(json_object_get(j, "transactions")), 1);
	assert_int_equal(json_array_size(json_object_get(j, "changes")), 2000);
	assert_true(json_is_true(json_object_get(j, "written")));
	json_decref(j);
	r = push(c, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "no change"));
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	assert_non_null(strstr(r.out, "no change"));
}

static void the_json_has_a_stable_shape(void **state)
{
	static const char *const keys[] = { "by",       "changes",      "conflicts", "note",
					    "problems", "refused",      "revision",  "rollout",
					    "skipped",  "transactions", "written" };
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	json_t *j;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", "{\"keepalive\":7}");
	r = rig_ctl(c->settings, "--json", "push", "-y", c->directory, NULL);
	rig_ctl_assert_code(&r, 3); /* nobody could say that it has landed */
	j = rig_ctl_json(&r);
	assert_int_equal(json_object_size(j), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(j, keys[i]));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(j, "rollout"), "outcome")),
		"nowhere");
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		push_test(a_pull_and_a_push_of_the_same_directory_is_no_change),
		push_test(another_form_of_the_same_is_not_written),
		push_test(a_push_creates_changes_and_deletes),
		push_test(the_note_is_the_commit_of_the_directory),
		push_test(a_dry_run_writes_nothing),
		push_test(it_asks_on_a_terminal_and_refuses_without_one),
		push_test(what_the_daemons_would_refuse_is_refused_unless_forced),
		push_test(the_verdict_is_that_on_the_whole_config),
		push_test(deletions_have_a_limit),
		push_test(registered_servers_are_never_touched_without_force),
		push_test(files_that_are_no_znodes_are_named),
		push_test(znodes_that_no_file_can_stand_for_are_named_and_stay),
		push_test(members_that_cannot_be_read_are_no_empty_fleet),
		push_test(a_plan_that_cannot_be_read_has_no_answer),
		push_test(without_a_config_root_it_says_how_to_begin),
		push_test(what_is_shown_is_safe_to_show),
		push_test(data_of_the_root_that_is_not_ours_is_kept),
		push_test(what_may_not_be_written_is_no_conflict),
		push_test(of_two_pushers_one_wins_whole_and_the_other_is_told_what_changed),
		push_test(what_somebody_edits_meanwhile_is_not_overwritten),
		push_test(pushers_that_start_together_never_mix),
		push_test(two_thousand_objects_are_one_transaction),
		push_test(the_json_has_a_stable_shape),
	};

	return cmocka_run_group_tests_name("push", tests, rig_push_setup, rig_push_teardown);
}
