/*
 * The pages of metrics.listen, scraped by curl and by raw sockets, with the server running
 * in this process's own loop.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "host/http.h"
#include "rig.h"

static sd_event *loop;
static struct http *server;
static int port;
static unsigned scrapes;

static void write_page(void *ctx, const struct http_request *request, struct http_reply *out)
{
	assert_ptr_equal(ctx, &scrapes);
	assert_true(request->is_local);
	out->type = "text/x-test";
	buf_printf(&out->body, "zknginx_scrapes_total %u\naccepts %s\n# EOF\n", ++scrapes,
		   request->accept ? request->accept : "nothing");
}

static void write_refusal(void *ctx UNUSED, const struct http_request *request UNUSED,
			  struct http_reply *out)
{
	out->status = 503;
	buf_puts(&out->body, "nginx does not run\n");
}

static const struct http_page pages[] = { { "/metrics", write_page },
					  { "/readyz", write_refusal } };

static int serve(const char *listen, struct http **out, struct err *e)
{
	const struct http_spec spec = { listen, pages, ARRAY_SIZE(pages) };

	return http_new(loop, &spec, &scrapes, out, e);
}

static int set_up(void **state UNUSED)
{
	char listen[64];
	struct err e;

	port = rig_port();
	scrapes = 0;
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	if (sd_event_new(&loop) < 0)
		return -1;
	return serve(listen, &server, &e);
}

static int tear_down(void **state UNUSED)
{
	http_free(server);
	server = NULL;
	loop = sd_event_unref(loop);
	rig_clean();
	return 0;
}

static bool ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* curl's whole output (headers too) for a path, with one option more. */
static char *scrape(const char *path, const char *option, const char *value)
{
	static unsigned count;
	char *log = rig_path("curl-%u", count++), url[128];
	char *argv[] = { "curl",        "--silent",   "--show-error", "--include", "--noproxy",
			 "*",           "--max-time", "30",           url,         (char *)option,
			 (char *)value, NULL };
	int status = -1;
	pid_t pid;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
	pid = rig_start(log, argv);
	eventually(loop, ended(pid, &status));
	assert_int_equal(status, 0);
	return rig_read(log);
}

static int connect_raw(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* … which fails when there is no room in the line. */
static int connect_soon(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = 10 };

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void a_scrape_gets_the_metrics_of_now(void **state UNUSED)
{
	char *reply = scrape("/metrics", NULL, NULL);

	assert_non_null(strstr(reply, "HTTP/1.1 200 "));
	assert_non_null(strstr(reply, "Content-Type: text/x-test\r\n"));
	assert_non_null(strstr(reply, "\r\n\r\nzknginx_scrapes_total 1\n"));
	/* each scrape asks again; a query string changes nothing */
	reply = scrape("/metrics?x=1", NULL, NULL);
	assert_non_null(strstr(reply, "zknginx_scrapes_total 2\n"));
}

static void a_head_request_gets_no_body(void **state UNUSED)
{
	char *reply = scrape("/metrics", "--head", NULL);

	assert_non_null(strstr(reply, "HTTP/1.1 200 "));
	assert_non_null(strstr(reply, "Content-Length: "));
	assert_null(strstr(reply, "zknginx_scrapes_total"));
}

static void a_page_sees_what_the_client_accepts(void **state UNUSED)
{
	char *reply = scrape("/metrics", "--header", "Accept: application/openmetrics-text;q=0.5");

	assert_non_null(strstr(reply, "accepts application/openmetrics-text;q=0.5\n"));
	reply = scrape("/metrics", "--header", "Accept:");
	assert_non_null(strstr(reply, "accepts nothing\n"));
}

static void a_page_may_answer_with_another_status(void **state UNUSED)
{
	char *reply = scrape("/readyz", NULL, NULL);

	assert_non_null(strstr(reply, "HTTP/1.1 503 "));
	assert_non_null(strstr(reply, "\r\n\r\nnginx does not run\n"));
}

static void another_path_is_not_found(void **state UNUSED)
{
	assert_non_null(strstr(scrape("/", NULL, NULL), "there are /metrics /readyz\n"));
	assert_non_null(strstr(scrape("/", NULL, NULL), "HTTP/1.1 404 "));
	assert_non_null(strstr(scrape("/metrics/", NULL, NULL), "HTTP/1.1 404 "));
	assert_int_equal(scrapes, 0);
}

static void another_method_is_not_allowed(void **state UNUSED)
{
	char *reply = scrape("/metrics", "--data", "some=body");

	assert_non_null(strstr(reply, "HTTP/1.1 405 "));
	assert_non_null(strstr(reply, "Allow: GET, HEAD\r\n"));
	assert_non_null(strstr(scrape("/metrics", "--request", "DELETE"), "HTTP/1.1 405 "));
	assert_int_equal(scrapes, 0);
}

/* Neither half a request nor more connections than places block other clients. */
static void slow_clients_do_not_block_others(void **state UNUSED)
{
	static const char half[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n";
	int slow = connect_raw(), crowd[64];

	assert_int_equal(write(slow, half, sizeof(half) - 1), sizeof(half) - 1);
	assert_non_null(strstr(scrape("/metrics", NULL, NULL), "HTTP/1.1 200 "));
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		crowd[i] = connect_raw();
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
	assert_non_null(strstr(scrape("/metrics", NULL, NULL), "HTTP/1.1 200 "));
	close(slow);
}

static bool answers(int fd, int *status)
{
	char reply[64] = "";

	if (recv(fd, reply, sizeof(reply) - 1, MSG_DONTWAIT) > 0)
		sscanf(reply, "HTTP/1.1 %d", status);
	return *status;
}

/* They send a byte now and then, so none of them is silent for long enough to be disconnected. */
static bool trickle_until(const int *crowd, size_t count, int honest, int *status)
{
	for (size_t i = 0; i < count; i++)
		send(crowd[i], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	return answers(honest, status);
}

static void half_requests_that_never_end_leave_a_place_for_others(void **state UNUSED)
{
	static const char half[] = "GET /metrics HTTP/1.1\r\nX: ",
			  whole[] = "GET /metrics HTTP/1.0\r\n\r\n";
	int crowd[80], honest, status = 0;

	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = connect_raw();
		send(crowd[i], half, sizeof(half) - 1, MSG_NOSIGNAL);
		rig_turns(loop, 3);
	}
	honest = connect_raw();
	send(honest, whole, sizeof(whole) - 1, MSG_NOSIGNAL);
	eventually(loop, trickle_until(crowd, ARRAY_SIZE(crowd), honest, &status));
	assert_int_equal(status, 200);
	close(honest);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
}

/* All at once, before the server has seen the first one; then an honest one, which waits in line.
 */
static void a_crowd_that_comes_at_once_delays_nobody(void **state UNUSED)
{
	static const char half[] = "GET /metrics HTTP/1.1\r\nX: ",
			  whole[] = "GET /metrics HTTP/1.0\r\n\r\n";
	int crowd[200], honest, status = 0;

	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		crowd[i] = connect_soon();
		send(crowd[i], half, sizeof(half) - 1, MSG_NOSIGNAL);
	}
	honest = connect_soon();
	assert_int_equal(send(honest, whole, sizeof(whole) - 1, MSG_NOSIGNAL), sizeof(whole) - 1);
	eventually(loop, answers(honest, &status));
	assert_int_equal(status, 200);
	close(honest);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
}

static bool has_ended(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

/* The oldest connection of all, but it is used. */
static void a_client_that_sends_requests_is_not_shut_down_for_silent_ones(void **state UNUSED)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
	int used = connect_raw(), crowd[40], status = 0;
	char reply[1024];

	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++) {
		send(used, request, sizeof(request) - 1, MSG_NOSIGNAL);
		status = 0;
		eventually(loop, answers(used, &status));
		assert_int_equal(status, 200);
		while (recv(used, reply, sizeof(reply), MSG_DONTWAIT) > 0)
			;
		crowd[i] = connect_raw();
		rig_turns(loop, 3);
	}
	eventually(loop, has_ended(crowd[0]));
	assert_false(has_ended(used));
	close(used);
	for (size_t i = 0; i < ARRAY_SIZE(crowd); i++)
		close(crowd[i]);
}

/* The timer disconnects a client that sends nothing: there is no event for it. */
static void a_silent_client_is_disconnected(void **state UNUSED)
{
	int silent = connect_raw();
	char byte;

	eventually(loop, recv(silent, &byte, 1, MSG_DONTWAIT) == 0);
	close(silent);
}

static void an_address_in_use_is_an_error_that_names_it(void **state UNUSED)
{
	char listen[64];
	struct http *second = NULL;
	struct err e = { 0 };

	snprintf(listen, sizeof(listen), "127.0.0.1:%d", port);
	assert_int_equal(serve(listen, &second, &e), -1);
	assert_int_equal(e.code, ERR_SYS);
	assert_non_null(strstr(e.text, listen));
	assert_non_null(strstr(e.text, "in use"));
	assert_int_equal(serve("nonsense", &second, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
}

static void it_listens_on_ipv6(void **state UNUSED)
{
	struct http *six = NULL;
	char listen[64];
	int other = rig_port(), fd;
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)other),
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct err e = { 0 };

	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(listen, sizeof(listen), "[::1]:%d", other);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		if (fd >= 0)
			close(fd);
		skip(); /* a machine without IPv6 */
	}
	close(fd);
	assert_int_equal(serve(listen, &six, &e), 0);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	http_free(six);
}

static int connect_local(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void it_listens_on_a_unix_socket_and_removes_it(void **state UNUSED)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	const char *path = rig_path("metrics.sock");
	CLEANUP(freep) char *listen = xasprintf("unix:%s", path);
	struct http *local = NULL;
	struct err e = { 0 };
	int fd, status = 0;

	assert_int_equal(serve(listen, &local, &e), 0);
	fd = connect_local(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, request, sizeof(request) - 1), sizeof(request) - 1);
	eventually(loop, answers(fd, &status));
	assert_int_equal(status, 200);
	close(fd);
	http_free(local);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_unix_socket_that_was_left_over_is_replaced_and_one_in_use_is_not(void **state UNUSED)
{
	const char *path = rig_path("left.sock");
	CLEANUP(freep) char *listen_on = xasprintf("unix:%s", path);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct http *local = NULL, *second = NULL;
	struct err e = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd); /* as of a daemon that was killed */
	assert_int_equal(serve(listen_on, &local, &e), 0);
	assert_int_equal(serve(listen_on, &second, &e), -1);
	assert_non_null(strstr(e.text, "in use"));
	fd = connect_local(path);
	assert_true(fd >= 0); /* the first one still listens */
	close(fd);
	http_free(local);
}

static void a_file_in_the_place_of_a_unix_socket_stays(void **state UNUSED)
{
	const char *path = rig_path("file");
	CLEANUP(freep) char *listen_on = xasprintf("unix:%s", path);
	struct http *local = NULL;
	struct err e = { 0 };

	rig_write(path, "precious");
	assert_int_equal(serve(listen_on, &local, &e), -1);
	assert_string_equal(rig_read(path), "precious");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_scrape_gets_the_metrics_of_now, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_head_request_gets_no_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_path_is_not_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_method_is_not_allowed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(slow_clients_do_not_block_others, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			half_requests_that_never_end_leave_a_place_for_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_crowd_that_comes_at_once_delays_nobody, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_client_that_sends_requests_is_not_shut_down_for_silent_ones, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_silent_client_is_disconnected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_address_in_use_is_an_error_that_names_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(it_listens_on_ipv6, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_page_sees_what_the_client_accepts, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_page_may_answer_with_another_status, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(it_listens_on_a_unix_socket_and_removes_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_unix_socket_that_was_left_over_is_replaced_and_one_in_use_is_not, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_file_in_the_place_of_a_unix_socket_stays, set_up,
						tear_down),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
