/* pull: what is written into the directory, and what is left alone. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig_push.h"

static void each_znode_is_a_file(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_zk_create_ephemeral(c->zk, CONFIG_ROOT "/upstreams/shop/10.0.0.3:80", "");
	rig_push_set(c, "other", "x");
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(rig_push_read(c, "upstreams/shop.json"), "{\"keepalive\":5}\n");
	assert_string_equal(rig_push_read(c, "upstreams/shop/10.0.0.1:80"), "weight=5\n");
	assert_string_equal(rig_push_read(c, "upstreams/shop/10.0.0.2:80"), "");
	assert_null(rig_push_read(c, "upstreams/shop/10.0.0.3:80"));
	assert_non_null(rig_push_read(c, "sites/shop.json"));
	assert_non_null(rig_push_read(c, "snippets/http/x.conf"));
	assert_non_null(strstr(r.out, "+ upstreams/shop/10.0.0.1:80\n"));
	assert_non_null(strstr(r.out, "5 created, 0 changed, 0 removed"));
	assert_non_null(strstr(r.err, "/nginx/config/other"));
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "no change"));
}

static void files_of_the_same_meaning_stay_and_others_follow(void **state)
{
	static const char own[] = "{\n  \"min_servers\": 1, \"keepalive\": 5\n}\n";
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_push_write(c, "upstreams/shop.json", own);
	rig_push_write(c, "README.md", "ours");
	rig_push_write(c, "upstreams/shop/README", "ours");
	rig_push_write(c, "notes/x", "ours");
	rig_push_write(c, "sites/old.json", "{}");
	rig_push_set(c, "upstreams/shop/10.0.0.1:80", "down");
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(rig_push_read(c, "upstreams/shop.json"), own);
	assert_string_equal(rig_push_read(c, "upstreams/shop/10.0.0.1:80"), "down\n");
	assert_null(rig_push_read(c, "sites/old.json"));
	assert_non_null(rig_push_read(c, "README.md"));
	assert_non_null(rig_push_read(c, "upstreams/shop/README"));
	assert_non_null(rig_push_read(c, "notes/x"));
	assert_non_null(strstr(r.out, "0 created, 1 changed, 1 removed"));
}

static void a_file_keeps_its_mode(void **state)
{
	struct rig_push *c = *state;
	char *file = rig_path("%s/upstreams/shop/10.0.0.1:80", strrchr(c->directory, '/') + 1);
	struct rig_ctl_result r;
	struct stat st;

	rig_push_pull(c);
	assert_int_equal(chmod(file, 0600), 0);
	rig_push_set(c, "upstreams/shop/10.0.0.1:80", "down");
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_string_equal(rig_push_read(c, "upstreams/shop/10.0.0.1:80"), "down\n");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void most_files_are_removed_only_after_a_question(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;
	struct rig_terminal *t;
	int code;

	rig_push_pull(c);
	rig_zk_delete_all(c->zk, CONFIG_ROOT "/upstreams");
	rig_zk_delete_all(c->zk, CONFIG_ROOT "/sites");
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 2);
	assert_non_null(rig_push_read(c, "sites/shop.json"));
	t = rig_terminal_ctl(c->settings, 80, "pull", c->directory, NULL);
	eventually(NULL, strstr(rig_terminal_shown(t), "[y/N]"));
	rig_terminal_type(t, "n\n");
	eventually(NULL, rig_terminal_ended(t, &code));
	assert_int_equal(code, 1);
	rig_terminal_free(t);
	assert_non_null(rig_push_read(c, "sites/shop.json"));
	r = rig_ctl(c->settings, "pull", "--yes", c->directory, NULL);
	rig_ctl_assert_code(&r, 0);
	assert_null(rig_push_read(c, "sites/shop.json"));
	assert_null(rig_push_read(c, "upstreams/shop/10.0.0.1:80"));
	assert_non_null(rig_push_read(c, "snippets/http/x.conf"));
}

/* Neither through a link in place of a directory, nor through one in place of a file. */
static void nothing_outside_of_the_directory_is_written(void **state)
{
	struct rig_push *c = *state;
	char *elsewhere = rig_path("elsewhere"), *link = rig_path("link");
	struct rig_ctl_result r;

	rig_push_pull(c);
	assert_int_equal(rig_run(NULL, (char *[]){ "mkdir", elsewhere, NULL }), 0);
	rig_push_remove(c, "snippets/http");
	link = rig_path("%s/snippets/http", strrchr(c->directory, '/') + 1);
	assert_int_equal(symlink(elsewhere, link), 0);
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_null(rig_read(rig_path("elsewhere/x.conf")));
	rig_push_remove(c, "snippets");
	rig_write(rig_path("elsewhere/shop.json"), "mine");
	rig_push_remove(c, "sites/shop.json");
	link = rig_path("%s/sites/shop.json", strrchr(c->directory, '/') + 1);
	assert_int_equal(symlink(rig_path("elsewhere/shop.json"), link), 0);
	r = rig_ctl(c->settings, "pull", c->directory, NULL);
	assert_string_equal(rig_read(rig_path("elsewhere/shop.json")), "mine");
}

static void the_json_has_a_stable_shape(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r = rig_ctl(c->settings, "--json", "pull", c->directory, NULL);
	json_t *j;

	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_string_equal(json_string_value(json_object_get(j, "directory")), c->directory);
	assert_int_equal(json_array_size(json_object_get(j, "files")), 5);
	assert_int_equal(json_array_size(json_object_get(j, "skipped")), 0);
	json_decref(j);
}

static void without_a_config_root_nothing_is_removed(void **state)
{
	struct rig_push *c = *state;
	struct rig_ctl_result r;

	rig_push_pull(c);
	rig_zk_delete_all(c->zk, CONFIG_ROOT);
	r = rig_ctl(c->settings, "pull", "--yes", c->directory, NULL);
	rig_ctl_assert_code(&r, 1);
	assert_non_null(strstr(r.err, "zknginxctl init"));
	assert_non_null(rig_push_read(c, "sites/shop.json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		push_test(each_znode_is_a_file),
		push_test(files_of_the_same_meaning_stay_and_others_follow),
		push_test(a_file_keeps_its_mode),
		push_test(most_files_are_removed_only_after_a_question),
		push_test(nothing_outside_of_the_directory_is_written),
		push_test(the_json_has_a_stable_shape),
		push_test(without_a_config_root_nothing_is_removed),
	};

	return cmocka_run_group_tests_name("pull", tests, rig_push_setup, rig_push_teardown);
}
