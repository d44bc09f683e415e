/* zknginxctl init on a real ZooKeeper. */
#include <string.h>
#include <sys/stat.h>

#include "rig_ctl.h"
#include "rig_zookeeper.h"

static struct rig_zookeeper *server;
static struct rig_zk *zk;
static char *settings;

static void write_settings(const char *more)
{
	settings = rig_path("zknginxd.conf");
	rig_write(settings,
		  "zookeeper: { hosts = \"%s\"; %s };\nstate: { directory = \"/srv/zkstate\"; };\n",
		  rig_zookeeper_hosts(server), more);
}

static int setup(void **state UNUSED)
{
	if (!server) {
		server = rig_zookeeper_start(NULL);
		zk = rig_zk_connect(rig_zookeeper_hosts(server));
		rig_zk_auth(zk, "digest", "nginx:secret");
	}
	rig_zk_delete_all(zk, "/nginx");
	rig_zk_delete_all(zk, "/prod");
	write_settings("");
	return 0;
}

static int teardown(void **state UNUSED)
{
	rig_zk_close(zk);
	rig_zookeeper_stop(server);
	rig_clean();
	return 0;
}

static void write_credentials(const char *line)
{
	char *file = rig_path("secret"), more[600];

	rig_write(file, "%s\n", line);
	assert_int_equal(chmod(file, 0600), 0);
	snprintf(more, sizeof(more), "auth_file = \"%s\";", file);
	write_settings(more);
}

static void the_znodes_are_created(void **state UNUSED)
{
	static const char *const znodes[] = {
		"/nginx",
		"/nginx/config",
		"/nginx/config/upstreams",
		"/nginx/config/sites",
		"/nginx/config/snippets/http",
		"/nginx/config/snippets/stream",
		"/nginx/cluster/members",
		"/nginx/cluster/reports",
		"/nginx/cluster/history",
		"/nginx/cluster/overrides",
	};
	struct rig_ctl_result r = rig_ctl(settings, "init", NULL);

	rig_ctl_assert_code(&r, 0);
	for (size_t i = 0; i < ARRAY_SIZE(znodes); i++) {
		char line[128];

		snprintf(line, sizeof(line), "created  %s\n", znodes[i]);
		assert_says(r.out, line);
		assert_true(rig_zk_is(zk, znodes[i], ""));
	}
	assert_false(rig_zk_exists(zk, "/nginx/cluster/plan"));
	assert_false(rig_zk_exists(zk, "/nginx/cluster/request"));
}

static void what_comes_next_is_printed(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "init", NULL);

	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "/etc/nginx/nginx.conf");
	assert_says(r.out, "include /srv/zkstate/live/http.conf;");
	assert_says(r.out, "include /srv/zkstate/live/stream.conf;");
	assert_says(r.out, "worker_shutdown_timeout");
	assert_says(r.out, "zknginxctl doctor");
	assert_string_equal(r.err, "");
}

static void what_exists_is_not_written(void **state UNUSED)
{
	struct rig_ctl_result r;
	int version;

	rig_zk_create(zk, "/nginx/config", "{\"by\": \"alice\"}");
	rig_zk_create(zk, "/nginx/config/sites/shop", "{}");
	r = rig_ctl(settings, "init", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "exists   /nginx/config\n");
	assert_says(r.out, "exists   /nginx/config/sites\n");
	assert_says(r.out, "created  /nginx/config/upstreams\n");
	assert_string_equal(rig_zk_get_version(zk, "/nginx/config", &version),
			    "{\"by\": \"alice\"}");
	assert_int_equal(version, 0);
	r = rig_ctl(settings, "init", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_null(strstr(r.out, "created"));
	assert_string_equal(rig_zk_get_version(zk, "/nginx/config/sites/shop", &version), "{}");
	assert_int_equal(version, 0);
}

static void open_znodes_are_warned_of(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(settings, "init", NULL);

	rig_ctl_assert_code(&r, 0);
	assert_says(r.out, "Warning: every client that reaches ZooKeeper can change 15 of these");
	assert_says(r.out, "zookeeper.auth_file");
	assert_says(r.out, "setAcl -R /nginx auth::cdrwa");
}

static void with_credentials_only_their_owner_may_use_the_znodes(void **state UNUSED)
{
	struct rig_ctl_result r;

	write_credentials("digest nginx:secret");
	r = rig_ctl(settings, "init", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_null(strstr(r.out, "Warning"));
	assert_true(rig_zk_is(zk, "/nginx/config/sites", ""));

	write_credentials("digest nginx:wrong");
	r = rig_ctl(settings, "init", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "/nginx/config cannot be created");
	assert_says(r.err, rig_path("secret"));
	assert_null(strstr(r.err, "wrong"));
	r = rig_ctl(NULL, "-s", rig_zookeeper_hosts(server), "init", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "Set zookeeper.auth_file");
}

static void the_json_has_its_keys(void **state UNUSED)
{
	struct rig_ctl_result r;
	json_t *j;

	rig_zk_set(zk, "/nginx/config/sites", "");
	r = rig_ctl(settings, "init", "--json", NULL);
	rig_ctl_assert_code(&r, 0);
	j = rig_ctl_json(&r);
	assert_int_equal(json_object_size(j), 4);
	assert_int_equal(json_array_size(json_object_get(j, "existed")), 3);
	assert_int_equal(json_array_size(json_object_get(j, "created")), 12);
	assert_int_equal(json_array_size(json_object_get(j, "world_writable")), 15);
	assert_says(json_string_value(json_object_get(j, "nginx_conf")), "include");
	json_decref(j);
}

static void a_missing_chroot_is_explained(void **state UNUSED)
{
	char hosts[128];
	struct rig_ctl_result r;

	snprintf(hosts, sizeof(hosts), "%s/prod/eu", rig_zookeeper_hosts(server));
	r = rig_ctl(NULL, "-s", hosts, "init", NULL);
	rig_ctl_assert_code(&r, 1);
	assert_says(r.err, "the chroot /prod/eu");
	assert_says(r.err, "create /prod\n");
	assert_says(r.err, "create /prod/eu\n");
	rig_zk_create(zk, "/prod/eu", NULL);
	r = rig_ctl(NULL, "-s", hosts, "init", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_true(rig_zk_exists(zk, "/prod/eu/nginx/config/sites"));
}

static void without_zookeeper_it_cannot_tell(void **state UNUSED)
{
	struct rig_ctl_result r =
		rig_ctl(NULL, "-s", "127.0.0.1:1", "--timeout", "300ms", "init", NULL);

	rig_ctl_assert_code(&r, 3);
	assert_says(r.err, "127.0.0.1:1");
	assert_string_equal(r.out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_znodes_are_created, setup),
		cmocka_unit_test_setup(what_comes_next_is_printed, setup),
		cmocka_unit_test_setup(what_exists_is_not_written, setup),
		cmocka_unit_test_setup(open_znodes_are_warned_of, setup),
		cmocka_unit_test_setup(with_credentials_only_their_owner_may_use_the_znodes, setup),
		cmocka_unit_test_setup(the_json_has_its_keys, setup),
		cmocka_unit_test_setup(a_missing_chroot_is_explained, setup),
		cmocka_unit_test_setup(without_zookeeper_it_cannot_tell, setup),
	};

	return cmocka_run_group_tests_name("zknginxctl init", tests, NULL, teardown);
}
