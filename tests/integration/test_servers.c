/*
 * The daemon and the modules of nginx: servers that come and go without a reload, and everything
 * that has to end in one.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "rig_backends.h"
#include "rig_host.h"
#include "rig_module.h"

#define APP "/nginx/config/upstreams/app"

static struct rig_host h;
static int site, backend;
static pid_t backend_pid;
static struct rig_backends *backends;
static bool is_immutable;    /* the directory of generations */
static const char *settings; /* more of them */
static const char *loads;    /* what nginx.conf says to have the modules */

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

static const char *server(unsigned n)
{
	return rig_text("127.1.0.%u:%d", n, backend);
}

static const char *znode(unsigned n)
{
	return rig_text(APP "/%s", server(n));
}

static void set_config(const char *policy)
{
	rig_zk_set(h.zk, APP, policy);
	rig_zk_set(h.zk, znode(1), "");
	rig_zk_set(h.zk, "/nginx/config/sites/s",
		   rig_text("{\"listen\":[\"127.0.0.1:%d\"],\"locations\":"
			    "[{\"path\":\"/\",\"proxy\":\"app\"}]}",
			    site));
}

/* An nginx with the modules or without, and a site whose upstream has one server. */
static void start(bool modules, const char *nginx_settings, const char *policy)
{
	char *http = copy_of_module("ngx_http_zknginx_module.so");
	char *stream = copy_of_module("ngx_stream_zknginx_module.so");

	site = rig_port();
	backend = rig_port();
	rig_host_init(&h, "host");
	backend_pid = rig_module_backend(backend, rig_path("gate"));
	setenv("ZKNGINX_MODULE_SOCKET", rig_path("host.run/nginx.sock"), 1);
	loads = rig_text("load_module %s;\nload_module %s;", http, stream);
	h.nginx.main_text = modules ? loads : NULL;
	rig_nginx_configure(&h.nginx);
	h.nginx_settings = nginx_settings;
	rig_host_settings(&h, settings);
	set_config(policy);
	rig_host_start(&h);
}

static bool set_immutable(bool on)
{
	char *argv[] = { "chattr", on ? "+i" : "-i",
			 (char *)rig_text("%s/generations", h.nginx.state), NULL };

	is_immutable = on;
	return rig_run(NULL, argv) == 0;
}

static int tear_down(void **state UNUSED)
{
	if (is_immutable)
		set_immutable(false);
	if (backend_pid)
		rig_stop(backend_pid, SIGKILL);
	backend_pid = 0;
	if (backends)
		rig_backends_stop(backends);
	backends = NULL;
	settings = NULL;
	if (h.name)
		rig_host_fini(&h);
	h = (struct rig_host){ .name = NULL };
	rig_clean();
	return 0;
}

/* --- what nginx does ------------------------------------------------------------------------- */

/* Does one of these requests reach this server, or does none? */
static bool reaches(unsigned n)
{
	for (unsigned i = 0; i < 16; i++) {
		const char *body = rig_module_ask(site, "/", "127.0.0.1");

		if (strcmp(body, rig_text("127.1.0.%u", n)) == 0)
			return true;
	}
	return false;
}

static bool is_live_file(unsigned n)
{
	const char *text = rig_host_live(&h, "http.conf");

	return text && strstr(text, rig_text("server %s;", server(n)));
}

/* How the status says that the servers of the upstream come to nginx. */
static bool is_updated(const char *way)
{
	json_t *list = json_object_get(rig_host_status(&h), "upstreams");
	const json_t *first = json_array_get(list, 0);
	const char *text = json_string_value(json_object_get(first, "update"));

	return text && strcmp(text, way) == 0;
}

static unsigned reloads(void)
{
	return rig_nginx_reloads(&h.nginx);
}

#define ZONED "{\"zone\":\"128k\"}"

static void start_live(const char *nginx_settings)
{
	start(true, nginx_settings, ZONED);
	eventually(NULL, is_updated("live"));
}

/* --- without a reload ------------------------------------------------------------------------ */

static void servers_come_and_go_without_a_reload(void **state UNUSED)
{
	unsigned before;

	start_live(NULL);
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	rig_zk_delete(h.zk, znode(1));
	eventually(NULL, !reaches(1));
	rig_zk_set(h.zk, znode(2), "weight=3");
	eventually(NULL, is_live_file(2) == false && !is_live_file(1));
	eventually(NULL, rig_host_status_number(&h, "nginx.updates") >= 3);
	assert_int_equal(reloads(), before);
	assert_non_null(strstr(rig_read(h.log), " kind=servers result=applied "));
	rig_host_assert_no_problems(&h);
}

static void an_upstream_has_a_zone_by_default(void **state UNUSED)
{
	unsigned before;

	start(true, NULL, "{}");
	eventually(NULL, is_updated("live"));
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2) && is_live_file(2));
	assert_int_equal(reloads(), before);
}

/* --- servers that are not used --------------------------------------------------------------- */

/* Nothing is on disk before the test is over. */
#define NEVER_PERSISTED "persist_gap = \"1m\";"

static const char *other(void)
{
	return rig_text("127.0.0.1:%d", rig_backend_port(backends, 0));
}

/* Requests to the site reach the other backend. */
static bool is_visited(void)
{
	unsigned long before = rig_backend_visits(backends, 0);

	for (unsigned i = 0; i < 16; i++)
		rig_module_ask(site, "/", "127.0.0.1");
	return rig_backend_visits(backends, 0) > before;
}

/* A second server, which can fail. */
static void start_with_other(const char *policy)
{
	backends = rig_backends_start(1);
	start(true, NEVER_PERSISTED, policy);
	eventually(NULL, is_updated("live"));
	rig_zk_create(h.zk, rig_text(APP "/%s", other()), "");
	eventually(NULL, is_visited());
}

static void a_server_that_fails_its_checks_is_out_without_a_reload(void **state UNUSED)
{
	unsigned before;

	start_with_other("{\"check\":{\"interval\":\"100ms\",\"timeout\":\"80ms\","
			 "\"fall\":2,\"rise\":2}}");
	before = reloads();
	rig_backend_set(backends, 0, BACKEND_FAILS);
	eventually(NULL, !is_visited());
	assert_null(strstr(rig_host_live(&h, "http.conf"), " down;"));
	rig_backend_set(backends, 0, BACKEND_ANSWERS);
	eventually(NULL, is_visited());
	assert_int_equal(reloads(), before);
}

static bool metrics_have(const char *name, const char *address, int value)
{
	char *page = NULL;
	char *argv[] = { "curl",
			 "--silent",
			 "--unix-socket",
			 rig_path("metrics.sock"),
			 "http://zknginx/metrics",
			 NULL };

	if (rig_run(&page, argv) != 0)
		return false;
	return strstr(page,
		      rig_text("zknginx_upstream_server_%s{protocol=\"http\",upstream=\"app\","
			       "server=\"%s\"} %d\n",
			       name, address, value)) != NULL;
}

static void the_metrics_say_what_nginx_knows_of_each_server(void **state UNUSED)
{
	settings = rig_text("metrics = { listen = \"unix:%s\"; };", rig_path("metrics.sock"));
	start_with_other(ZONED);
	eventually(NULL, metrics_have("available", other(), 1));
	assert_true(metrics_have("connections", other(), 0));
	rig_backend_set(backends, 0, BACKEND_RESETS);
	eventually(NULL,
		   (rig_module_ask(site, "/", "127.0.0.1"),
		    metrics_have("failures", other(), 1) && metrics_have("available", other(), 0)));
	assert_true(metrics_have("available", server(1), 1));
	assert_true(metrics_have("failures", server(1), 0));
}

static void a_drained_server_is_out_without_a_reload(void **state UNUSED)
{
	const char *override = "/nginx/cluster/overrides/app";
	unsigned before;

	start_with_other("{}");
	before = reloads();
	rig_zk_set(h.zk, override, rig_text("{\"drain\":[\"%s\"]}", other()));
	eventually(NULL, !is_visited());
	eventually(NULL, json_array_size(json_object_get(rig_host_status(&h), "drains")) == 1);
	rig_zk_delete(h.zk, override);
	eventually(NULL, is_visited());
	assert_int_equal(reloads(), before);
}

/* --- on disk --------------------------------------------------------------------------------- */

static void what_the_workers_have_is_on_disk_soon_and_a_restart_serves_it(void **state UNUSED)
{
	unsigned before;

	start_live(NULL);
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	rig_zk_delete(h.zk, znode(1));
	eventually(NULL, is_live_file(2) && !is_live_file(1));
	eventually(NULL, rig_host_is(&h, "applied"));
	assert_int_equal(reloads(), before);
	rig_host_stop_daemon(&h, SIGKILL);
	rig_nginx_stop(&h.nginx);
	rig_nginx_start(&h.nginx);
	assert_true(reaches(2));
	assert_false(reaches(1));
}

static void a_worker_that_was_killed_changes_nothing(void **state UNUSED)
{
	unsigned before;
	const char *children;

	start_live(NULL);
	before = reloads();
	children = rig_read(rig_text("/proc/%d/task/%d/children", h.nginx.pid, h.nginx.pid));
	assert_true(atoi(children) > 1);
	assert_int_equal(kill(atoi(children), SIGKILL), 0);
	eventually(NULL, is_updated("live"));
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2) && is_live_file(2));
	rig_zk_create(h.zk, znode(3), "");
	eventually(NULL, reaches(3) && is_live_file(3));
	assert_true(reloads() <= before + 1); /* while its place was empty, one may have come */
}

/* --- what others do -------------------------------------------------------------------------- */

static void after_a_reload_by_someone_else_the_workers_get_them_again(void **state UNUSED)
{
	unsigned before;

	start_live(NEVER_PERSISTED);
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	assert_false(is_live_file(2));
	rig_nginx_send_hup(&h.nginx);
	eventually(NULL, reloads() == before + 1);
	eventually(NULL, rig_host_status_number(&h, "nginx.updates") >= 2);
	eventually(NULL, reaches(2));
	assert_false(is_live_file(2));
	assert_int_equal(reloads(), before + 1);
}

/* The workers before the reload never speak, so their end is not news. */
static void modules_that_are_loaded_later_are_used(void **state UNUSED)
{
	start(false, NULL, ZONED);
	eventually(NULL, reaches(1));
	eventually(NULL, rig_host_is(&h, "applied"));
	h.nginx.main_text = loads;
	rig_nginx_configure(&h.nginx);
	rig_nginx_send_hup(&h.nginx);
	eventually(NULL, is_updated("live"));
}

static void after_a_restart_of_nginx_the_workers_get_them_again(void **state UNUSED)
{
	start_live(NEVER_PERSISTED);
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	rig_nginx_stop(&h.nginx);
	rig_nginx_start(&h.nginx);
	eventually(NULL, reaches(2));
}

static void a_killed_daemon_leaves_what_it_gave_and_the_next_one_goes_on(void **state UNUSED)
{
	unsigned before;

	start_live(NEVER_PERSISTED);
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	rig_host_stop_daemon(&h, SIGKILL);
	assert_true(reaches(2));
	rig_host_start_daemon(&h);
	eventually(NULL, is_live_file(2) && is_updated("live"));
	before = reloads();
	rig_zk_create(h.zk, znode(3), "");
	eventually(NULL, reaches(3));
	assert_true(reaches(2));
	assert_int_equal(reloads(), before);
}

/* The next daemon wants what is on disk, and nginx has something else. */
static void other_servers_than_on_disk_end_in_a_reload(void **state UNUSED)
{
	unsigned before;

	start_live(NEVER_PERSISTED);
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	rig_host_stop_daemon(&h, SIGKILL);
	rig_zk_delete(h.zk, znode(2));
	rig_host_start_daemon(&h);
	eventually(NULL, reloads() == before + 1);
	eventually(NULL, !reaches(2));
	eventually(NULL, is_updated("live"));
	assert_int_equal(reloads(), before + 1);
}

/* The text cannot be tested, so it waits; the workers do not. */
static void while_nginx_conf_is_broken_servers_still_come(void **state UNUSED)
{
	const char *good;
	unsigned before;

	start_live(NULL);
	before = reloads();
	good = h.nginx.main_text;
	h.nginx.main_text = rig_text("%s\noops;", good);
	rig_nginx_configure(&h.nginx);
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	eventually(NULL, *rig_host_status_text(&h, "nginx.test_error"));
	rig_zk_create(h.zk, znode(3), "");
	eventually(NULL, reaches(3));
	assert_false(is_live_file(2));
	h.nginx.main_text = (char *)good;
	rig_nginx_configure(&h.nginx);
	eventually(NULL, is_live_file(2) && is_live_file(3));
	assert_int_equal(reloads(), before);
	eventually(NULL, rig_host_problem_count(&h) == 0);
}

static bool is_alerted(const char *words)
{
	const char *line = strstr(rig_read(h.log), "alert state-directory: ");

	return line && memmem(line, strcspn(line, "\n"), words, strlen(words));
}

static void while_the_state_directory_cannot_be_written_servers_still_come(void **state UNUSED)
{
	start_live(NULL);
	if (!set_immutable(true))
		skip(); /* not on this file system, or not root */
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	eventually(NULL, is_alerted("only changes of servers go live on this host: "));
	assert_true(is_alerted("nginx keeps serving generation 1 with other servers, which a "
			       "reload or restart would lose"));
	rig_zk_create(h.zk, znode(3), "");
	eventually(NULL, reaches(3));
	assert_true(set_immutable(false));
	eventually(NULL, is_live_file(2) && is_live_file(3));
	eventually(NULL, strstr(rig_read(h.log), "alert state-directory cleared"));
}

/* --- while the files are tested -------------------------------------------------------------- */

static const char *included;
static int gate = -1;

/* nginx -t reads two files: the first does not end before open_gate(). */
static void close_gate(void)
{
	included = rig_path("included.conf");
	rig_write(included, "\n");
	assert_int_equal(mkfifo(rig_path("nginx-gate"), 0644), 0);
	h.nginx.http_text =
		rig_text("ssl_password_file %s;\ninclude %s;", rig_path("nginx-gate"), included);
	rig_nginx_configure(&h.nginx);
}

/* nginx -t waits for the end of the first file. From now on nginx.conf is without it. */
static bool is_at_gate(void)
{
	gate = open(rig_path("nginx-gate"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (gate < 0)
		return false;
	h.nginx.http_text = rig_text("include %s;", included);
	rig_nginx_configure(&h.nginx);
	return true;
}

static void open_gate(void)
{
	close(gate);
	gate = -1;
}

/* The workers have two servers, and the files with the first of them are tested. */
static unsigned start_testing(void)
{
	unsigned before;

	start_live(NULL);
	before = reloads();
	close_gate();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2) && is_at_gate());
	rig_zk_create(h.zk, znode(3), "");
	eventually(NULL, reaches(3));
	assert_false(is_live_file(2));
	return before;
}

static void while_nginx_tests_the_files_servers_still_come(void **state UNUSED)
{
	unsigned before = start_testing();

	rig_zk_delete(h.zk, znode(1));
	eventually(NULL, !reaches(1));
	assert_false(is_live_file(2));
	open_gate();
	eventually(NULL, is_live_file(3) && !is_live_file(1));
	eventually(NULL, rig_host_is(&h, "applied"));
	assert_true(is_live_file(2) && reaches(2) && reaches(3));
	assert_int_equal(reloads(), before);
	rig_host_assert_no_problems(&h);
}

static void servers_that_came_while_nginx_tested_stay_when_it_refuses(void **state UNUSED)
{
	unsigned before = start_testing();

	rig_write(included, "oops;");
	open_gate();
	eventually(NULL, *rig_host_status_text(&h, "nginx.test_error"));
	assert_true(reaches(2) && reaches(3));
	rig_zk_create(h.zk, znode(4), "");
	eventually(NULL, reaches(4));
	assert_false(is_live_file(2));
	rig_write(included, "\n");
	eventually(NULL, is_live_file(2) && is_live_file(3) && is_live_file(4));
	assert_true(reaches(2) && reaches(3) && reaches(4));
	assert_int_equal(reloads(), before);
	eventually(NULL, rig_host_problem_count(&h) == 0);
}

static void after_a_reload_while_nginx_tests_the_workers_get_them_again(void **state UNUSED)
{
	unsigned before = start_testing();
	long updates = rig_host_status_number(&h, "nginx.updates");

	rig_nginx_send_hup(&h.nginx);
	eventually(NULL, reloads() == before + 1);
	eventually(NULL, rig_host_status_number(&h, "nginx.updates") > updates);
	eventually(NULL, reaches(2) && reaches(3));
	assert_false(is_live_file(2));
	open_gate();
	eventually(NULL, is_live_file(2) && is_live_file(3));
	eventually(NULL, rig_host_is(&h, "applied"));
	assert_true(reaches(2) && reaches(3));
}

static void more_than_servers_waits_while_nginx_tests(void **state UNUSED)
{
	unsigned before = start_testing();

	rig_zk_set(h.zk, APP, "{\"zone\":\"128k\",\"balance\":\"least_conn\"}");
	rig_zk_create(h.zk, znode(4), "");
	eventually(NULL, rig_host_status_number(&h, "zookeeper.nodes") >= 7);
	assert_false(is_live_file(2));
	open_gate();
	eventually(NULL, is_live_file(4) && strstr(rig_host_live(&h, "http.conf"), "least_conn"));
	eventually(NULL, reloads() == before + 1);
	eventually(NULL, rig_host_is(&h, "applied"));
	assert_true(reaches(2) && reaches(3) && reaches(4));
	assert_int_equal(reloads(), before + 1);
}

static void signal_workers(int number)
{
	char *at = rig_read(rig_text("/proc/%d/task/%d/children", h.nginx.pid, h.nginx.pid));

	for (long pid; (pid = strtol(at, &at, 10)) > 1;)
		kill((pid_t)pid, number);
}

/* The outcome of the files waits for the outcome of the change, which ends in a reload. */
static void the_files_are_out_while_the_workers_do_not_answer(void **state UNUSED)
{
	unsigned before = start_testing();
	long nodes = rig_host_status_number(&h, "zookeeper.nodes");

	signal_workers(SIGSTOP);
	rig_zk_create(h.zk, znode(4), "");
	eventually(NULL, rig_host_status_number(&h, "zookeeper.nodes") > nodes);
	open_gate();
	eventually(NULL, is_live_file(2));
	eventually(NULL, reloads() == before + 1);
	signal_workers(SIGCONT);
	eventually(NULL, is_live_file(3) && is_live_file(4));
	eventually(NULL, rig_host_is(&h, "applied"));
	assert_true(reaches(2) && reaches(3) && reaches(4));
	assert_int_equal(reloads(), before + 1);
	rig_host_assert_no_problems(&h);
}

/* --- reloads, as ever ------------------------------------------------------------------------ */

static void expect_a_reload(void)
{
	unsigned before = reloads();

	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	eventually(NULL, is_live_file(2));
	assert_int_equal(reloads(), before + 1);
	assert_int_equal(rig_host_status_number(&h, "nginx.updates"), 0);
}

static void without_the_module_nginx_is_reloaded(void **state UNUSED)
{
	start(false, NULL, ZONED);
	expect_a_reload();
}

static void without_a_zone_nginx_is_reloaded(void **state UNUSED)
{
	start(true, NULL, "{\"zone\":\"off\"}");
	eventually(NULL, is_updated("reload"));
	expect_a_reload();
}

static void the_setting_reload_reloads(void **state UNUSED)
{
	start(true, "servers = \"reload\";", ZONED);
	expect_a_reload();
}

static void more_than_servers_is_a_reload(void **state UNUSED)
{
	unsigned before;

	start_live(NEVER_PERSISTED);
	before = reloads();
	rig_zk_create(h.zk, znode(2), "");
	eventually(NULL, reaches(2));
	rig_zk_set(h.zk, APP, "{\"zone\":\"128k\",\"balance\":\"least_conn\"}");
	eventually(NULL, is_live_file(2) && strstr(rig_host_live(&h, "http.conf"), "least_conn"));
	eventually(NULL, reloads() == before + 1);
	assert_true(reaches(2));
	eventually(NULL, is_updated("live"));
}

/* --- who may speak --------------------------------------------------------------------------- */

static void only_a_worker_of_this_nginx_may_speak(void **state UNUSED)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct module_hello hello = { .protocol = MODULE_PROTOCOL,
				      .context = MODULE_HTTP,
				      .pid = (uint32_t)getpid(),
				      .cycle = UINT64_MAX };
	unsigned char frame[256];
	struct module_writer w = { .data = frame, .room = sizeof(frame) };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	start_live(NULL);
	strcpy(address.sun_path, rig_path("host.run/nginx.sock"));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	module_begin(&w, MODULE_HELLO);
	module_put_hello(&w, &hello);
	module_end(&w);
	send(fd, frame, w.size, MSG_NOSIGNAL);
	assert_true(recv(fd, frame, sizeof(frame), 0) <= 0);
	close(fd);
	assert_true(is_updated("live"));
}

static void a_socket_that_was_left_behind_is_replaced(void **state UNUSED)
{
	struct stat left, now;
	const char *path;

	start_live(NULL);
	path = rig_path("host.run/nginx.sock");
	assert_int_equal(stat(path, &left), 0);
	rig_host_stop_daemon(&h, SIGKILL);
	assert_int_equal(stat(path, &left), 0);
	rig_host_start_daemon(&h);
	eventually(NULL, is_updated("live"));
	assert_int_equal(stat(path, &now), 0);
	assert_true(now.st_ino != left.st_ino || now.st_ctim.tv_nsec != left.st_ctim.tv_nsec);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(servers_come_and_go_without_a_reload),
		TEST(an_upstream_has_a_zone_by_default),
		TEST(a_server_that_fails_its_checks_is_out_without_a_reload),
		TEST(the_metrics_say_what_nginx_knows_of_each_server),
		TEST(a_drained_server_is_out_without_a_reload),
		TEST(what_the_workers_have_is_on_disk_soon_and_a_restart_serves_it),
		TEST(a_worker_that_was_killed_changes_nothing),
		TEST(after_a_reload_by_someone_else_the_workers_get_them_again),
		TEST(modules_that_are_loaded_later_are_used),
		TEST(after_a_restart_of_nginx_the_workers_get_them_again),
		TEST(a_killed_daemon_leaves_what_it_gave_and_the_next_one_goes_on),
		TEST(other_servers_than_on_disk_end_in_a_reload),
		TEST(while_nginx_conf_is_broken_servers_still_come),
		TEST(while_the_state_directory_cannot_be_written_servers_still_come),
		TEST(while_nginx_tests_the_files_servers_still_come),
		TEST(servers_that_came_while_nginx_tested_stay_when_it_refuses),
		TEST(after_a_reload_while_nginx_tests_the_workers_get_them_again),
		TEST(more_than_servers_waits_while_nginx_tests),
		TEST(the_files_are_out_while_the_workers_do_not_answer),
		TEST(without_the_module_nginx_is_reloaded),
		TEST(without_a_zone_nginx_is_reloaded),
		TEST(the_setting_reload_reloads),
		TEST(more_than_servers_is_a_reload),
		TEST(only_a_worker_of_this_nginx_may_speak),
		TEST(a_socket_that_was_left_behind_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
