/* diff, history and show on a fleet that has been given some revisions. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>

#include "rig_ctl.h"
#include "rig_fleet.h"

#define SNIPPET(word) "map $host $fleet_revision { default \"" word "\"; }\n"

static const char *settings(struct rig_fleet *f)
{
	return f->hosts[0].host.settings;
}

static char *directory(void)
{
	return rig_path("conf");
}

static void push(struct rig_fleet *f, const char *snippet, const char *by, const char *note,
		 int code)
{
	struct rig_ctl_result r;

	rig_run(NULL, (char *[]){ "rm", "-rf", directory(), NULL });
	r = rig_ctl(settings(f), "pull", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	rig_write(rig_path("conf/snippets/http/fleet.conf"), "%s", snippet);
	r = rig_ctl(settings(f), "push", "--yes", "--by", by, "-m", note, directory(), NULL);
	rig_ctl_assert_code(&r, code);
}

/* Revisions "1", "2", "3", of which the last one is halted. */
static void start(struct rig_fleet *f)
{
	f->rollout = FLEET_CANARY;
	rig_fleet_start(f, 0);
	push(f, SNIPPET("2"), "alice", "the second", 0);
	push(f, "map $host $fleet_revision { default \"3\"; default \"again\"; }\n", "bob",
	     "the third", 1);
}

static const char *text_at(json_t *list, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(list, i), key)) ?: "";
}

/* The entries as JSON, the newest first. */
static json_t *entries(struct rig_fleet *f)
{
	struct rig_ctl_result r = rig_ctl(settings(f), "--json", "history", NULL);

	rig_ctl_assert_code(&r, 0);
	return rig_ctl_json(&r);
}

static void history_says_what_who_why_and_what_became_of_it(void **state)
{
	static const char *const keys[] = { "at",       "by",   "changed", "changes",
					    "leader",   "note", "outcome", "reason",
					    "revision", "seq",  "znodes" };
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *list;

	start(f);
	list = entries(f);
	assert_int_equal(json_array_size(list), 3);
	assert_int_equal(json_object_size(json_array_get(list, 0)), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(json_array_get(list, 0), keys[i]));
	assert_string_equal(text_at(list, 0, "by"), "bob");
	assert_string_equal(text_at(list, 0, "outcome"), "halted");
	assert_non_null(strstr(text_at(list, 0, "reason"), "duplicate default"));
	assert_string_equal(text_at(list, 1, "by"), "alice");
	assert_string_equal(text_at(list, 1, "note"), "the second");
	/* The first one has created all that there is. */
	assert_true(json_integer_value(json_object_get(json_array_get(list, 2), "changes")) > 1);
	assert_string_equal(text_at(list, 1, "outcome"), "accepted");
	r = rig_ctl(settings(f), "history", "-n", "2", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "SEQ  REVISION"));
	assert_non_null(strstr(r.out, "the third"));
	assert_non_null(strstr(r.out, "the second"));
	assert_true(strstr(r.out, "the third") < strstr(r.out, "the second"));
	assert_int_equal(strspn(strchr(r.out, '\n') + 1, " 3"), 5); /* the newest first */
	r = rig_ctl(settings(f), "history", "-n", "none", NULL);
	rig_ctl_assert_code(&r, 2);
	json_decref(list);
}

static bool has_entries(struct rig_fleet *f, size_t count)
{
	json_t *list = entries(f);
	bool has = json_array_size(list) == count;

	json_decref(list);
	return has;
}

/* Every host may run a revision before it is stored. */
static void in_mode_all_an_entry_has_what_it_changed(void **state)
{
	struct rig_fleet *f = *state;
	json_t *list;

	f->rollout = "mode = \"all\";";
	rig_fleet_start(f, 0);
	push(f, SNIPPET("2"), "alice", "the second", 0);
	fleet_eventually(f, has_entries(f, 2));
	list = entries(f);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "changes")),
			 1);
	assert_non_null(strstr(json_string_value(json_array_get(
				       json_object_get(json_array_get(list, 0), "znodes"), 0)),
			       FLEET_SNIPPET));
	json_decref(list);
}

static void show_prints_an_entry_and_what_it_changed(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *list, *j;
	char rev[9];

	start(f);
	list = entries(f);
	snprintf(rev, sizeof(rev), "%s", text_at(list, 1, "revision"));
	r = rig_ctl(settings(f), "show", rev, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, text_at(list, 1, "revision")));
	assert_non_null(strstr(r.out, "alice"));
	assert_non_null(strstr(r.out, "~/nginx/config/snippets/http/fleet"));
	assert_non_null(strstr(r.out, "-map $host $fleet_revision { default \"1\"; }\n"
				      "+map $host $fleet_revision { default \"2\"; }\n"));
	r = rig_ctl(settings(f), "--json", "show", "1", NULL);
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_int_equal(json_object_size(j), 12); /* an entry of the history, and diff */
	assert_int_equal(json_integer_value(json_object_get(j, "seq")), 1);
	assert_true(json_array_size(json_object_get(j, "diff")) >= 2); /* against nothing */
	json_decref(j);
	r = rig_ctl(settings(f), "show", "ffffffff", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "zknginxctl history"));
	json_decref(list);
}

static void revisions_are_compared_with_each_other_and_with_zookeeper(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	start(f);
	r = rig_ctl(settings(f), "diff", "1", "2", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "-map $host $fleet_revision { default \"1\"; }\n"
				      "+map $host $fleet_revision { default \"2\"; }\n"));
	r = rig_ctl(settings(f), "diff", "2", "2", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, "");
	r = rig_ctl(settings(f), "diff", "3", NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings(f), "diff", "2", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "+++ zookeeper/snippets/http/fleet.conf"));
	r = rig_ctl(settings(f), "diff", "--nginx", "1", "2", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "/http.conf\n"));
	assert_non_null(strstr(r.out, "+map $host $fleet_revision { default \"2\"; }\n"));
	r = rig_ctl(settings(f), "--json", "diff", "--nginx", "1", "2", NULL);
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_int_equal(json_object_size(j), 4); /* files, new, old, same */
	assert_string_equal(text_at(json_object_get(j, "files"), 0, "file"), "http.conf");
	json_decref(j);
	r = rig_ctl(settings(f), "diff", "9", NULL);
	rig_ctl_assert_code(&r, 2);
}

/* What this host runs: not the revision that was halted. */
static void without_an_argument_it_is_the_drift_of_this_host(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;
	json_t *j;

	rig_fleet_start(f, 0);
	r = rig_ctl(settings(f), "diff", NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings(f), "diff", "--nginx", NULL);
	rig_ctl_assert_code(&r, 0);
	/* The same in another form: no drift. */
	rig_zk_set(f->zk, CONFIG "/upstreams/app", "{ \"min_servers\": 1 }");
	r = rig_ctl(settings(f), "diff", NULL);
	rig_ctl_assert_code(&r, 0);
	rig_fleet_push(f, "2!");
	eventually(NULL,
		   rig_host_has_problem(&f->hosts[0].host, FLEET_SNIPPET, "nginx", "previous", ""));
	r = rig_ctl(settings(f), "--json", "diff", NULL);
	rig_ctl_assert_code(&r, 1);
	j = rig_ctl_json(&r);
	assert_int_equal(json_object_size(j), 4); /* changes, new, old, same */
	assert_int_equal(json_object_size(json_array_get(json_object_get(j, "changes"), 0)), 3);
	assert_string_equal(json_string_value(json_object_get(j, "new")), "zookeeper");
	assert_true(json_is_false(json_object_get(j, "same")));
	assert_string_equal(json_string_value(json_object_get(j, "old")), "host");
	assert_string_equal(text_at(json_object_get(j, "changes"), 0, "znode"), FLEET_SNIPPET);
	assert_string_equal(text_at(json_object_get(j, "changes"), 0, "change"), "changed");
	json_decref(j);
}

static void a_directory_is_compared_by_its_meaning(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_start(f, 0);
	rig_zk_set(f->zk, CONFIG "/upstreams/app", "{\"keepalive\":5,\"zone\":\"64k\"}");
	r = rig_ctl(settings(f), "pull", directory(), NULL);
	rig_write(rig_path("conf/upstreams/app.json"),
		  "{\n  \"zone\": \"64k\",\n  \"keepalive\": 5\n}\n");
	r = rig_ctl(settings(f), "diff", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, "");
	/* One field: one line, although every byte is somewhere else. */
	rig_write(rig_path("conf/upstreams/app.json"),
		  "{\n  \"zone\": \"64k\",\n  \"keepalive\": 6\n}\n");
	r = rig_ctl(settings(f), "diff", directory(), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "-  \"keepalive\": 5,\n+  \"keepalive\": 6,\n"));
	r = rig_ctl(settings(f), "diff", "--nginx", directory(), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "-    keepalive 5;\n+    keepalive 6;\n"));
}

/* What an upstream discovers is on both sides. */
static void rendered_configs_have_the_servers_that_are_discovered(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_settings(f, 0);
	rig_zk_create(f->zk, "/nginx/services/x", "10.9.9.9:80");
	rig_zk_set(f->zk, CONFIG "/upstreams/found",
		   "{\"discover\":{\"path\":\"/nginx/services\",\"format\":\"data\"}}");
	r = rig_ctl(settings(f), "pull", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	r = rig_ctl(settings(f), "diff", "--nginx", directory(), NULL);
	rig_ctl_assert_code(&r, 0);
	rig_write(rig_path("conf/upstreams/found.json"), "{}\n");
	r = rig_ctl(settings(f), "diff", "--nginx", directory(), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "-    server 10.9.9.9:80;\n"));
	rig_write(rig_path("conf/upstreams/found.json"),
		  "{\"discover\":{\"path\":\"/nginx/services\",\"format\":\"data\"},"
		  "\"keepalive\":4}\n");
	r = rig_ctl(settings(f), "diff", "--nginx", directory(), NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.out, "     server 10.9.9.9:80;\n+    keepalive 4;\n"));
}

static void errors_are_no_difference(void **state)
{
	struct rig_fleet *f = *state;
	struct rig_ctl_result r;

	rig_fleet_settings(f, 0);
	r = rig_ctl(settings(f), "-s", "127.0.0.1:1", "--timeout", "500ms", "diff", "./nosuch",
		    NULL);
	rig_ctl_assert_code(&r, 3);
	r = rig_ctl(settings(f), "diff", NULL); /* no daemon has run here */
	rig_ctl_assert_code(&r, 3);
	r = rig_ctl(settings(f), "diff", "12345678", NULL);
	rig_ctl_assert_code(&r, 2);
	r = rig_ctl(settings(f), "history", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(r.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		calm_test(history_says_what_who_why_and_what_became_of_it),
		calm_test(in_mode_all_an_entry_has_what_it_changed),
		calm_test(show_prints_an_entry_and_what_it_changed),
		calm_test(revisions_are_compared_with_each_other_and_with_zookeeper),
		calm_test(without_an_argument_it_is_the_drift_of_this_host),
		calm_test(a_directory_is_compared_by_its_meaning),
		calm_test(rendered_configs_have_the_servers_that_are_discovered),
		calm_test(errors_are_no_difference),
	};

	return cmocka_run_group_tests_name("diff and history", tests, rig_fleet_setup,
					   rig_fleet_teardown);
}
