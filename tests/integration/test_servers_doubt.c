/*
 * The daemon and the modules of nginx when something is wrong between them: what a worker says, or
 * does not say. Each ends in a reload, with the reason in the log, and with the right servers in
 * nginx. Also streams without a reload, and the guards while nothing is on disk.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_host.h"
#include "rig_module.h"

#define CONFIG "/nginx/config"
#define POOL "/pools/app"
/* Nothing is on disk before the test is over. */
#define NEVER_PERSISTED "persist_gap = \"1m\";"
#define SERVERS 9 /* 127.1.0.1 and so on */

static struct rig_host h;
static int http, tcp, udp, backend; /* ports */
static pid_t backend_pid, udp_pid;

/* --- servers --------------------------------------------------------------------------------- */

/* Answers each datagram with the address that it was sent to. */
static void answer_datagrams(void)
{
	struct pollfd each[SERVERS];
	char bytes[64], name[INET_ADDRSTRLEN];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0; i < SERVERS; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET,
					  .sin_port = htons((uint16_t)backend),
					  .sin_addr.s_addr = htonl(0x7f010001 + i) };

		each[i] = (struct pollfd){ socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0 };
		if (bind(each[i].fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			_exit(1);
	}
	while (poll(each, SERVERS, -1) > 0) {
		for (unsigned i = 0; i < SERVERS; i++) {
			struct sockaddr_in from;
			socklen_t size = sizeof(from);
			int n = snprintf(name, sizeof(name), "127.1.0.%u", i + 1);

			if (each[i].revents && recvfrom(each[i].fd, bytes, sizeof(bytes), 0,
							(struct sockaddr *)&from, &size) >= 0)
				sendto(each[i].fd, name, (size_t)n, 0, (struct sockaddr *)&from,
				       size);
		}
	}
	_exit(0);
}

static const char *server(unsigned n)
{
	return rig_text("127.1.0.%u:%d", n, backend);
}

static const char *znode(const char *upstream, unsigned n)
{
	return rig_text(CONFIG "/upstreams/%s/%s", upstream, server(n));
}

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

static void set_site(const char *name, const char *protocol, const char *listen, const char *rest)
{
	rig_zk_set(h.zk, rig_text(CONFIG "/sites/%s", name),
		   rig_text("{%s\"listen\":[\"%s\"],%s}", protocol, listen, rest));
}

/* An upstream "app" of this policy, with the first server if it discovers none. */
static void set_app(const char *policy)
{
	rig_zk_set(h.zk, CONFIG "/upstreams/app", policy);
	if (!strstr(policy, "discover"))
		rig_zk_set(h.zk, znode("app", 1), "");
	set_site("s", "", rig_text("127.0.0.1:%d", http),
		 "\"locations\":[{\"path\":\"/\",\"proxy\":\"app\"}]");
}

static void set_streams(void)
{
	static const char protocol[] = "\"protocol\":\"stream\",";

	rig_zk_set(h.zk, CONFIG "/upstreams/tcp", "{\"protocol\":\"stream\"}");
	rig_zk_set(h.zk, CONFIG "/upstreams/udp", "{\"protocol\":\"stream\"}");
	rig_zk_set(h.zk, znode("tcp", 1), "");
	rig_zk_set(h.zk, znode("udp", 1), "");
	set_site("tcp", protocol, rig_text("127.0.0.1:%d", tcp), "\"proxy\":\"tcp\"");
	set_site("udp", protocol, rig_text("127.0.0.1:%d udp", udp),
		 "\"proxy\":\"udp\",\"udp\":{\"requests\":1,\"responses\":1}");
}

static void init(const char *nginx_settings)
{
	char *http_module = copy_of_module("ngx_http_zknginx_module.so");
	char *stream_module = copy_of_module("ngx_stream_zknginx_module.so");

	http = rig_port();
	tcp = rig_port();
	udp = rig_port();
	backend = rig_port();
	rig_host_init(&h, "host");
	backend_pid = rig_module_backend(backend, rig_path("gate"));
	setenv("ZKNGINX_MODULE_SOCKET", rig_path("host.run/nginx.sock"), 1);
	setenv("ZKNGINX_MODULE_FAULTS", rig_path("fault"), 1);
	h.nginx.main_text =
		rig_text("load_module %s;\nload_module %s;", http_module, stream_module);
	rig_nginx_configure(&h.nginx);
	h.nginx_settings = nginx_settings;
	rig_host_settings(&h, NULL);
}

static void start_app(const char *nginx_settings)
{
	init(nginx_settings);
	set_app("{}");
	rig_host_start(&h);
}

static int tear_down(void **state UNUSED)
{
	if (backend_pid)
		rig_stop(backend_pid, SIGKILL);
	if (udp_pid)
		rig_stop(udp_pid, SIGKILL);
	backend_pid = udp_pid = 0;
	if (h.name)
		rig_host_fini(&h);
	h = (struct rig_host){ .name = NULL };
	rig_clean();
	return 0;
}

static void set_fault(const char *text)
{
	rig_write(rig_path("fault"), "%s\n", text);
}

/* --- what nginx does ------------------------------------------------------------------------- */

static bool reaches_at(int port, unsigned n)
{
	for (unsigned i = 0; i < 4 * SERVERS; i++) {
		if (strcmp(rig_module_ask(port, "/", "127.0.0.1"), rig_text("127.1.0.%u", n)) == 0)
			return true;
	}
	return false;
}

static bool reaches(unsigned n)
{
	return reaches_at(http, n);
}

static bool is_live_file(const char *file, unsigned n)
{
	const char *text = rig_host_live(&h, file);

	return text && strstr(text, rig_text("server %s;", server(n)));
}

/* How the status says that the servers of each upstream come to nginx, and why. */
static bool is_updated(const char *way, const char *why)
{
	json_t *list = json_object_get(rig_host_status(&h), "upstreams");
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(json_object_get(item, "update"));
		const char *reason = json_string_value(json_object_get(item, "why"));

		if (!text || strcmp(text, way) != 0 || (why && !strstr(reason ?: "", why)))
			return false;
	}
	return json_array_size(list) > 0;
}

static unsigned reloads(void)
{
	return rig_nginx_reloads(&h.nginx);
}

static unsigned count_in_log(const char *words)
{
	unsigned n = 0;

	for (const char *at = rig_read(h.log); (at = strstr(at, words)); at++)
		n++;
	return n;
}

/* --- answers --------------------------------------------------------------------------------- */

#define FAILED "nginx is reloaded, because its servers could not be changed without: "

/* After the reload nginx has the right servers, and the next ones come without. */
static void expect_one_reload(unsigned n, const char *words)
{
	unsigned before = reloads();

	rig_zk_create(h.zk, znode("app", n), "");
	eventually(NULL, strstr(rig_read(h.log), words));
	rig_write(rig_path("fault"), "%s", "");
	eventually(NULL, reaches(n) && is_live_file("http.conf", n) && reloads() > before);
	eventually(NULL, is_updated("live", NULL));
	rig_zk_set(h.zk, znode("app", n), "down");
	eventually(NULL, !reaches(n));
	assert_int_equal(reloads(), before + 1);
	rig_host_assert_no_problems(&h);
}

static void each_answer_that_is_no_success_ends_in_a_reload(void **state UNUSED)
{
	static const enum module_result results[] = { MODULE_BUSY,         MODULE_NO_MEMORY,
						      MODULE_NO_UPSTREAM,  MODULE_NOT_DYNAMIC,
						      MODULE_OTHER_DIGEST, MODULE_LEAVING };

	start_app(NULL);
	eventually(NULL, is_updated("live", NULL));
	for (unsigned i = 0; i < ARRAY_SIZE(results); i++) {
		set_fault(rig_text("answer %u", results[i]));
		expect_one_reload(2 + i, rig_text(FAILED "%s", module_result_text(results[i])));
	}
}

static void other_servers_after_a_change_end_in_a_reload(void **state UNUSED)
{
	start_app(NULL);
	eventually(NULL, is_updated("live", NULL));
	set_fault("digest 1");
	expect_one_reload(2, FAILED "the upstream has other servers after the change");
}

static void signal_workers(int signal)
{
	char *children = rig_text(
		"%s", rig_read(rig_text("/proc/%d/task/%d/children", h.nginx.pid, h.nginx.pid)));
	unsigned count = 0;

	for (char *at = children; *at >= '0'; at += *at == ' ', count++)
		assert_int_equal(kill((pid_t)strtol(at, &at, 10), signal), 0);
	assert_true(count >= 2);
}

static void workers_that_do_not_answer_end_in_a_reload(void **state UNUSED)
{
	unsigned before;

	start_app(NULL);
	eventually(NULL, is_updated("live", NULL));
	before = reloads();
	signal_workers(SIGSTOP);
	rig_zk_create(h.zk, znode("app", 2), "");
	eventually(NULL,
		   strstr(rig_read(h.log), FAILED "the worker of nginx did not answer in time"));
	eventually(NULL, reloads() == before + 1);
	signal_workers(SIGCONT); /* it carries the change out, in lists that nobody uses any more */
	eventually(NULL, reaches(2) && is_live_file("http.conf", 2));
	eventually(NULL, is_updated("live", NULL));
	rig_zk_create(h.zk, znode("app", 3), "");
	eventually(NULL, reaches(3) && reaches(2));
	assert_int_equal(reloads(), before + 1);
	rig_host_assert_no_problems(&h);
}

/* --- hello ----------------------------------------------------------------------------------- */

static void a_module_of_another_protocol_is_logged_once_and_reloads(void **state UNUSED)
{
	static const char words[] =
		"servers of upstreams cannot be changed without a reload: worker ";
	unsigned before;

	set_fault("protocol 1");
	start_app(NULL);
	eventually(NULL,
		   strstr(rig_read(h.log), "its module speaks another version of the protocol; "
					   "install the module of this version and restart "
					   "nginx"));
	eventually(NULL, rig_host_is(&h, "applied"));
	assert_int_equal(json_array_size(json_object_get(rig_host_status(&h), "upstreams")), 0);
	for (unsigned n = 2; n < 4; n++) {
		before = reloads();
		rig_zk_create(h.zk, znode("app", n), "");
		eventually(NULL, reaches(n) && is_live_file("http.conf", n));
		assert_int_equal(reloads(), before + 1);
	}
	assert_int_equal(count_in_log(words), 1);
	assert_int_equal(rig_host_status_number(&h, "nginx.updates"), 0);
}

/* Workers that never have what is on disk: nginx is loaded once more, and no more for that. */
static void other_servers_in_each_hello_end_in_one_reload_and_no_more(void **state UNUSED)
{
	static const char words[] =
		"nginx has other servers in the upstream app than it was given; "
		"it is reloaded";
	unsigned before;

	set_fault("hello 1");
	start_app(NULL);
	eventually(NULL, count_in_log(words) == 1);
	eventually(NULL, is_updated("reload", "the upstream has other servers"));
	eventually(NULL, rig_host_is_quiet(&h));
	before = reloads();
	rig_zk_create(h.zk, znode("app", 2), "");
	eventually(NULL, reaches(2) && is_live_file("http.conf", 2));
	eventually(NULL, rig_host_is_quiet(&h));
	assert_int_equal(reloads(), before + 1);
	assert_int_equal(count_in_log(words), 1);
	set_fault("none 1");
	rig_nginx_send_hup(&h.nginx);
	eventually(NULL, is_updated("live", NULL));
	before = reloads();
	rig_zk_create(h.zk, znode("app", 3), "");
	eventually(NULL, reaches(3) && reaches(2));
	assert_int_equal(reloads(), before);
}

/* --- stream ---------------------------------------------------------------------------------- */

static bool datagram_reaches(unsigned n)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)udp),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval most = { .tv_sec = 1 };
	char answer[64];
	bool found = false;

	for (unsigned i = 0; i < 16 && !found; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		ssize_t size;

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
		sendto(fd, "?", 1, 0, (struct sockaddr *)&to, sizeof(to));
		size = recv(fd, answer, sizeof(answer) - 1, 0);
		close(fd);
		answer[size > 0 ? size : 0] = '\0';
		found = strcmp(answer, rig_text("127.1.0.%u", n)) == 0;
	}
	return found;
}

static void start_streams(const char *nginx_settings)
{
	init(nginx_settings);
	udp_pid = fork();
	if (udp_pid == 0)
		answer_datagrams();
	set_streams();
	rig_host_start(&h);
	eventually(NULL, is_updated("live", NULL));
	eventually(NULL, reaches_at(tcp, 1) && datagram_reaches(1));
}

static void servers_of_streams_come_and_go_without_a_reload(void **state UNUSED)
{
	unsigned before;

	start_streams(NULL);
	before = reloads();
	rig_zk_create(h.zk, znode("tcp", 2), "");
	rig_zk_create(h.zk, znode("udp", 2), "weight=2");
	eventually(NULL, reaches_at(tcp, 2) && datagram_reaches(2));
	rig_zk_delete(h.zk, znode("tcp", 1));
	rig_zk_set(h.zk, znode("udp", 1), "down");
	eventually(NULL, !reaches_at(tcp, 1) && !datagram_reaches(1));
	eventually(NULL, is_live_file("stream.conf", 2) && !is_live_file("stream.conf", 1));
	assert_int_equal(reloads(), before);
	rig_host_assert_no_problems(&h);
}

static void a_connection_of_a_stream_outlives_its_server(void **state UNUSED)
{
	const char *head;
	unsigned before;
	int fd;

	start_streams(NEVER_PERSISTED);
	before = reloads();
	rig_zk_create(h.zk, znode("tcp", 2), "");
	eventually(NULL, reaches_at(tcp, 2));
	rig_zk_set(h.zk, znode("tcp", 2), "down");
	eventually(NULL, !reaches_at(tcp, 2));
	rig_write(rig_path("gate"), "0");
	fd = rig_module_request(tcp, "/slow", "127.0.0.1");
	rig_zk_set(h.zk, znode("tcp", 2), "");
	eventually(NULL, reaches_at(tcp, 2));
	rig_zk_delete(h.zk, znode("tcp", 1));
	eventually(NULL, !reaches_at(tcp, 1));
	rig_write(rig_path("gate"), "2");
	assert_string_equal(rig_module_answer(fd, &head), "127.1.0.1");
	assert_int_equal(reloads(), before);
}

static void an_answer_that_is_no_success_ends_in_a_reload_of_streams(void **state UNUSED)
{
	unsigned before;

	start_streams(NULL);
	before = reloads();
	set_fault(rig_text("answer %u", MODULE_BUSY));
	rig_zk_create(h.zk, znode("udp", 2), "");
	eventually(NULL, strstr(rig_read(h.log), FAILED "another worker changes the upstream"));
	eventually(NULL, datagram_reaches(2) && is_live_file("stream.conf", 2));
	eventually(NULL, reloads() == before + 1);
}

/* --- the guards ------------------------------------------------------------------------------ */

/* Applications that came after the last publication, and vanish all at once. */
static void servers_that_were_never_on_disk_are_held_when_all_vanish(void **state UNUSED)
{
	struct rig_zk *first, *second;
	unsigned before;

	init(NEVER_PERSISTED);
	first = rig_zk_connect(rig_zookeeper_hosts(h.zookeeper));
	second = rig_zk_connect(rig_zookeeper_hosts(h.zookeeper));
	rig_zk_create(h.zk, POOL, NULL);
	rig_zk_create_ephemeral(first, rig_text(POOL "/%s", server(1)), NULL);
	rig_zk_create_ephemeral(first, rig_text(POOL "/%s", server(2)), NULL);
	set_app("{\"discover\":{\"path\":\"" POOL "\",\"format\":\"address\"},\"max_shrink\":20}");
	rig_host_start(&h);
	eventually(NULL, is_updated("live", NULL));
	before = reloads();
	rig_zk_create_ephemeral(second, rig_text(POOL "/%s", server(3)), NULL);
	rig_zk_create_ephemeral(second, rig_text(POOL "/%s", server(4)), NULL);
	eventually(NULL, reaches(3) && reaches(4));
	assert_false(is_live_file("http.conf", 3));
	rig_zk_close(second);
	eventually(NULL, rig_host_has_problem(&h, CONFIG "/upstreams/app", "guard", "previous",
					      "2 of 4 servers were lost at once"));
	assert_true(reaches(1) && reaches(2) && reaches(3) && reaches(4));
	assert_int_equal(reloads(), before);
	rig_zk_close(first);
	eventually(NULL, rig_host_has_problem(&h, CONFIG "/upstreams/app", "guard", "previous",
					      "4 of 4 servers were lost at once"));
	assert_true(reaches(1) && reaches(2) && reaches(3) && reaches(4));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_answer_that_is_no_success_ends_in_a_reload),
		TEST(other_servers_after_a_change_end_in_a_reload),
		TEST(workers_that_do_not_answer_end_in_a_reload),
		TEST(a_module_of_another_protocol_is_logged_once_and_reloads),
		TEST(other_servers_in_each_hello_end_in_one_reload_and_no_more),
		TEST(servers_of_streams_come_and_go_without_a_reload),
		TEST(a_connection_of_a_stream_outlives_its_server),
		TEST(an_answer_that_is_no_success_ends_in_a_reload_of_streams),
		TEST(servers_that_were_never_on_disk_are_held_when_all_vanish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
