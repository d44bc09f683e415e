/*
 * slow_start: the weight of a server that comes rises, without a reload. A real ZooKeeper, a real
 * nginx with the modules, and backends that count their requests.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_backends.h"
#include "rig_ctl.h"
#include "rig_host.h"
#include "rig_module.h"

#define APP "/nginx/config/upstreams/app"
#define OVERRIDE "/nginx/cluster/overrides/app"

static struct rig_host h;
static struct rig_backends *backends;
static int site;
static const char *settings; /* of nginx{}, of the next host */

/* --- a host ---------------------------------------------------------------------------------- */

/* nginx -t runs as another user, who has to be able to read the modules. */
static char *copy_of_module(const char *name)
{
	const char *from = rig_module_file(name);
	char *to = rig_path("%s", name);
	char *argv[] = { "cp", (char *)from, to, NULL };

	assert_int_equal(rig_run(NULL, argv), 0);
	return to;
}

static const char *server(size_t i)
{
	return rig_text("127.0.0.1:%d", rig_backend_port(backends, i));
}

static const char *znode(size_t i)
{
	return rig_text(APP "/%s", server(i));
}

/* A site whose upstream has the first two backends. */
static void start(bool modules, const char *policy)
{
	site = rig_port();
	backends = rig_backends_start(3);
	rig_host_init(&h, "web1");
	setenv("ZKNGINX_MODULE_SOCKET", rig_path("web1.run/nginx.sock"), 1);
	if (modules)
		h.nginx.main_text =
			rig_text("load_module %s;", copy_of_module("ngx_http_zknginx_module.so"));
	rig_nginx_configure(&h.nginx);
	h.nginx_settings = settings;
	rig_host_settings(&h, NULL);
	rig_zk_set(h.zk, APP, policy);
	rig_zk_set(h.zk, znode(0), "");
	rig_zk_set(h.zk, znode(1), "");
	rig_zk_set(h.zk, "/nginx/config/sites/s",
		   rig_text("{\"listen\":[\"127.0.0.1:%d\"],\"locations\":"
			    "[{\"path\":\"/\",\"proxy\":\"app\"}]}",
			    site));
	rig_host_start(&h);
	eventually(NULL, rig_host_is(&h, "applied"));
}

static int tear_down(void **state UNUSED)
{
	if (h.name)
		rig_host_fini(&h);
	if (backends)
		rig_backends_stop(TAKE(backends));
	h = (struct rig_host){ .name = NULL };
	settings = NULL;
	rig_clean();
	return 0;
}

/* --- what is seen ---------------------------------------------------------------------------- */

/* How many of so many requests reach a backend. */
static unsigned long share_of(size_t i, unsigned requests)
{
	unsigned long before = rig_backend_visits(backends, i);

	for (unsigned n = 0; n < requests; n++)
		assert_int_equal(rig_nginx_get(site, "/", NULL, NULL), 200);
	return rig_backend_visits(backends, i) - before;
}

/* Of three servers, this one gets far less than its third, but something. */
static bool is_slow(size_t i)
{
	unsigned long share = share_of(i, 86);

	return share >= 1 && share <= 4;
}

static bool has_its_part(size_t i, unsigned of)
{
	unsigned long share = share_of(i, 10 * of);

	return share >= 9 && share <= 11;
}

static const char *state(void)
{
	json_t *list = json_object_get(rig_host_status(&h), "slow_starts");
	json_t *one = json_object_get(json_array_get(list, 0), "state");

	return json_string_value(one) ?: "";
}

static size_t ramps(void)
{
	return json_array_size(json_object_get(rig_host_status(&h), "ramps"));
}

static unsigned reloads(void)
{
	return rig_nginx_reloads(&h.nginx);
}

#define SLOW(time) "{\"slow_start\":\"" time "\"}"

/* With its full weight. */
static bool is_in_file(size_t i)
{
	return strstr(rig_host_live(&h, "http.conf"), rig_text("server %s;", server(i)));
}

/* The ramp of the third server has begun. */
static void begin(void)
{
	start(true, SLOW("1h"));
	eventually(NULL, strcmp(state(), "on") == 0);
	assert_int_equal(ramps(), 0);
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, ramps() == 1 && is_slow(2));
	eventually(NULL, is_in_file(2));
}

/* --- ramps ----------------------------------------------------------------------------------- */

static bool is_shown(const char *text)
{
	struct rig_ctl_result r = rig_ctl(h.settings, "upstreams", "app", NULL);

	return r.code == 0 && strstr(r.out, text);
}

static void the_share_of_a_new_server_grows_to_its_part_without_a_reload(void **s UNUSED)
{
	unsigned before;
	unsigned long updates;
	json_t *ramp;

	begin();
	before = reloads();
	ramp = json_array_get(json_object_get(rig_host_status(&h), "ramps"), 0);
	assert_string_equal(json_string_value(json_object_get(ramp, "server")), server(2));
	eventually(NULL, is_shown(rig_text("%s has 4 %% of its weight 1", server(2))));
	assert_true(is_shown("starting") && is_shown("0.04 of 1"));
	updates = (unsigned long)rig_host_status_number(&h, "nginx.updates");
	rig_zk_set(h.zk, APP, SLOW("40s"));
	eventually(NULL, share_of(2, 86) > 6);
	assert_int_equal(ramps(), 1);
	rig_zk_set(h.zk, APP, SLOW("20s"));
	eventually(NULL, ramps() == 0);
	assert_true(has_its_part(0, 3) && has_its_part(1, 3) && has_its_part(2, 3));
	eventually(NULL, !is_shown("starting"));
	assert_int_equal(reloads(), before);
	assert_int_equal(rig_host_status_number(&h, "nginx.updates"), updates);
	rig_host_assert_no_problems(&h);
}

static void a_drained_server_that_comes_back_starts_slowly(void **s UNUSED)
{
	unsigned before;

	start(true, SLOW("1h"));
	eventually(NULL, strcmp(state(), "on") == 0);
	rig_zk_set(h.zk, OVERRIDE, rig_text("{\"drain\":[\"%s\"]}", server(1)));
	eventually(NULL, share_of(1, 10) == 0);
	eventually(NULL, rig_host_is(&h, "applied"));
	before = reloads();
	rig_zk_delete(h.zk, OVERRIDE);
	eventually(NULL, ramps() == 1 && is_slow(1));
	assert_int_equal(reloads(), before);
}

static void a_server_whose_checks_fail_in_its_ramp_begins_another(void **s UNUSED)
{
	unsigned before;

	start(true, "{\"slow_start\":\"1h\",\"check\":{\"interval\":\"100ms\","
		    "\"timeout\":\"80ms\",\"fall\":2,\"rise\":2}}");
	eventually(NULL, strcmp(state(), "on") == 0);
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, ramps() == 1 && is_slow(2));
	before = reloads();
	rig_backend_set(backends, 2, BACKEND_FAILS);
	eventually(NULL, ramps() == 0 && share_of(2, 10) == 0);
	assert_true(has_its_part(0, 2));
	rig_backend_set(backends, 2, BACKEND_ANSWERS);
	eventually(NULL, ramps() == 1 && is_slow(2));
	assert_int_equal(reloads(), before);
}

static void a_server_may_change_and_vanish_in_its_ramp(void **s UNUSED)
{
	unsigned before;

	begin();
	before = reloads();
	rig_zk_set(h.zk, znode(2), "weight=20");
	eventually(NULL, !is_slow(2) && ramps() == 1);
	rig_zk_set(h.zk, znode(2), "weight=1");
	eventually(NULL, is_slow(2));
	rig_zk_delete(h.zk, znode(2));
	eventually(NULL, ramps() == 0 && share_of(2, 10) == 0);
	assert_true(has_its_part(0, 2));
	assert_int_equal(reloads(), before);
	rig_host_assert_no_problems(&h);
}

static int report_version(void)
{
	int version;

	rig_zk_get_version(h.zk, "/nginx/cluster/reports/web1", &version);
	return version;
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned count = 0;

	while ((text = strstr(text, word)) != NULL) {
		text++;
		count++;
	}
	return count;
}

/* What else is new at the start may be written as well. */
static void the_steps_of_a_ramp_are_neither_logged_nor_written_to_zookeeper(void **s UNUSED)
{
	int before;

	start(true, SLOW("20s"));
	eventually(NULL, strcmp(state(), "on") == 0);
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, ramps() == 1);
	before = report_version();
	eventually(NULL, ramps() == 0);
	assert_true(report_version() <= before + 6);
	assert_int_equal(count_of(rig_read(h.log), "slow_start"), 1);
	assert_int_equal(count_of(rig_read(h.log), "changes of servers"), 1);
}

/* --- what others do -------------------------------------------------------------------------- */

static void after_a_reload_by_someone_else_a_ramp_goes_on(void **s UNUSED)
{
	unsigned before;

	begin();
	before = reloads();
	rig_nginx_send_hup(&h.nginx);
	eventually(NULL, reloads() == before + 1 && is_slow(2));
	assert_int_equal(ramps(), 1);
	rig_zk_set(h.zk, APP, "{\"slow_start\":\"1h\",\"balance\":\"least_conn\"}");
	eventually(NULL, reloads() == before + 2 && rig_host_is(&h, "applied"));
	eventually(NULL, is_slow(2));
	rig_zk_set(h.zk, APP, "{}");
	eventually(NULL, has_its_part(2, 3) && ramps() == 0);
}

static void servers_that_come_with_a_reload_start_slowly(void **s UNUSED)
{
	start(true, SLOW("1h"));
	eventually(NULL, strcmp(state(), "on") == 0);
	rig_host_stop_daemon(&h, SIGTERM);
	rig_host_start_daemon(&h);
	eventually(NULL, strcmp(state(), "on") == 0 && rig_host_is(&h, "applied"));
	rig_zk_create(h.zk, "/nginx/config/snippets", "");
	rig_zk_set(h.zk, "/nginx/config/sites/s",
		   rig_text("{\"listen\":[\"127.0.0.1:%d\"],\"locations\":"
			    "[{\"path\":\"/\",\"proxy\":\"app\"},"
			    "{\"path\":\"/x\",\"return\":204}]}",
			    site));
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, ramps() == 1 && is_slow(2));
}

static void a_killed_worker_ends_no_ramp(void **s UNUSED)
{
	const char *children;

	begin();
	children = rig_read(rig_text("/proc/%d/task/%d/children", h.nginx.pid, h.nginx.pid));
	assert_true(atoi(children) > 1);
	assert_int_equal(kill(atoi(children), SIGKILL), 0);
	eventually(NULL, strcmp(state(), "on") == 0 && is_slow(2));
	rig_zk_delete(h.zk, znode(1));
	eventually(NULL, share_of(1, 10) == 0);
	assert_int_equal(ramps(), 1);
}

static void a_daemon_that_ends_ends_its_ramps_without_a_reload(void **s UNUSED)
{
	unsigned before;

	begin();
	before = reloads();
	rig_host_stop_daemon(&h, SIGTERM);
	eventually(NULL, has_its_part(2, 3));
	rig_host_start_daemon(&h);
	eventually(NULL, strcmp(state(), "on") == 0 && rig_host_is(&h, "applied"));
	eventually(NULL, has_its_part(2, 3));
	assert_int_equal(ramps(), 0);
	assert_int_equal(reloads(), before);
}

static void a_killed_daemon_leaves_a_ramp_that_the_next_one_ends(void **s UNUSED)
{
	unsigned before;

	begin();
	before = reloads();
	rig_host_stop_daemon(&h, SIGKILL);
	assert_true(is_slow(2));
	rig_host_start_daemon(&h);
	eventually(NULL, strcmp(state(), "on") == 0 && has_its_part(2, 3));
	assert_int_equal(ramps(), 0);
	assert_int_equal(reloads(), before + 1);
}

/* The files do not have the server yet, so it goes with the reload, and comes again. */
static void a_reload_before_a_server_is_on_disk_begins_its_ramp_again(void **s UNUSED)
{
	unsigned before;

	settings = "persist_gap = \"1m\";";
	start(true, SLOW("1h"));
	eventually(NULL, strcmp(state(), "on") == 0);
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, ramps() == 1 && is_slow(2));
	rig_nginx_send_hup(&h.nginx);
	eventually(NULL, reloads() == before + 1);
	eventually(NULL, ramps() == 1 && is_slow(2));
	assert_false(is_in_file(2));
	assert_int_equal(reloads(), before + 1);
}

/* A signal to each worker of nginx. */
static void signal_workers(int signal)
{
	char *list =
		strdup(rig_read(rig_text("/proc/%d/task/%d/children", h.nginx.pid, h.nginx.pid)));

	for (char *pid = strtok(list, " "); pid; pid = strtok(NULL, " "))
		kill(atoi(pid), signal);
	free(list);
}

static void a_step_without_an_answer_ends_the_ramps_with_a_reload(void **s UNUSED)
{
	unsigned before;

	begin();
	before = reloads();
	signal_workers(SIGSTOP);
	rig_zk_set(h.zk, APP, SLOW("60s"));
	eventually(NULL, strstr(rig_read(h.log), "because weights could not be changed without"));
	signal_workers(SIGCONT);
	eventually(NULL, reloads() == before + 1 && has_its_part(2, 3));
	eventually(NULL, ramps() == 0 && rig_host_is(&h, "applied"));
	rig_zk_delete(h.zk, znode(2));
	eventually(NULL, !is_in_file(2));
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, ramps() == 1);
	assert_int_equal(reloads(), before + 1);
}

static void the_setting_reload_ends_the_ramps(void **s UNUSED)
{
	begin();
	h.nginx_settings = "servers = \"reload\";";
	rig_host_settings(&h, NULL);
	assert_int_equal(kill(h.daemon, SIGHUP), 0);
	eventually(NULL, has_its_part(2, 3) && ramps() == 0);
	assert_string_equal(state(), "no effect: no worker of nginx has the module");
}

/* --- where there is none --------------------------------------------------------------------- */

static void without_the_module_the_status_says_that_it_has_no_effect(void **s UNUSED)
{
	start(false, SLOW("1h"));
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, has_its_part(2, 3));
	assert_string_equal(state(), "no effect: no worker of nginx has the module");
	assert_int_equal(ramps(), 0);
	eventually(NULL, is_shown("slow_start 1h on web1: no effect: no worker of nginx has"));
}

static void where_keys_choose_servers_it_has_no_effect(void **s UNUSED)
{
	start(true, "{\"slow_start\":\"1h\",\"balance\":\"hash $request_uri consistent\"}");
	eventually(NULL, strstr(state(), "no effect: it is not possible with the balancing"));
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, rig_host_status_number(&h, "nginx.updates") == 1);
	assert_int_equal(ramps(), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_share_of_a_new_server_grows_to_its_part_without_a_reload),
		TEST(the_steps_of_a_ramp_are_neither_logged_nor_written_to_zookeeper),
		TEST(a_drained_server_that_comes_back_starts_slowly),
		TEST(a_server_whose_checks_fail_in_its_ramp_begins_another),
		TEST(a_server_may_change_and_vanish_in_its_ramp),
		TEST(after_a_reload_by_someone_else_a_ramp_goes_on),
		TEST(servers_that_come_with_a_reload_start_slowly),
		TEST(a_killed_worker_ends_no_ramp),
		TEST(a_daemon_that_ends_ends_its_ramps_without_a_reload),
		TEST(a_killed_daemon_leaves_a_ramp_that_the_next_one_ends),
		TEST(a_reload_before_a_server_is_on_disk_begins_its_ramp_again),
		TEST(a_step_without_an_answer_ends_the_ramps_with_a_reload),
		TEST(the_setting_reload_ends_the_ramps),
		TEST(without_the_module_the_status_says_that_it_has_no_effect),
		TEST(where_keys_choose_servers_it_has_no_effect),
	};

	return cmocka_run_group_tests_name("slow_start", tests, NULL, NULL);
}
