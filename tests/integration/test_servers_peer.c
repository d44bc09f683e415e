/* What the daemon takes from the socket of nginx's workers. The workers are children of this test,
 * which stands in the place of the master. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nginx/servers.h"
#include "rig.h"

static sd_event *loop;
static struct servers *servers;
static struct master us;
static unsigned strangers;
static pid_t worker;
static bool sends_state; /* after its hello */

static const struct master *master(void *ctx UNUSED)
{
	return &us;
}

static void on_stranger(void *ctx UNUSED)
{
	strangers++;
}

static void on_news(void *ctx UNUSED)
{
}

static void on_changed(void *ctx UNUSED, const char *error UNUSED)
{
}

static int set_up(void **state UNUSED)
{
	static const struct servers_ops ops = { master, on_stranger, on_news, on_changed };

	us = (struct master){ .pid = getpid(), .pidfd = -1 };
	strangers = 0;
	sends_state = false;
	setenv("RUNTIME_DIRECTORY", rig_path("run"), 1);
	assert_true(sd_event_new(&loop) >= 0);
	servers = servers_new(loop, &ops, NULL);
	servers_use(servers, true);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	if (worker)
		rig_stop(worker, SIGKILL);
	worker = 0;
	servers_free(servers);
	sd_event_unref(loop);
	rig_clean();
	return 0;
}

static size_t hello(unsigned char *frames, size_t room, uint32_t protocol, uint32_t pid);

/* A child that sends these bytes (NULL: a hello of its own, with this protocol), and ends when the
 * daemon has closed the connection. */
static void say(const void *bytes, size_t size, uint32_t protocol)
{
	unsigned char own[512];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char byte;
	int fd;

	strcpy(address.sun_path, rig_path("run/nginx.sock"));
	worker = fork();
	if (worker)
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	if (!bytes)
		size = hello(own, sizeof(own), protocol, (uint32_t)getpid());
	send(fd, bytes ?: own, size, MSG_NOSIGNAL);
	_exit(recv(fd, &byte, 1, 0) <= 0 ? 0 : 2); /* unread bytes make it a reset */
}

static bool has_ended(void)
{
	int status;

	if (waitpid(worker, &status, WNOHANG) != worker)
		return false;
	worker = 0;
	assert_int_equal(status, 0);
	return true;
}

static size_t hello(unsigned char *frames, size_t room, uint32_t protocol, uint32_t pid)
{
	struct module_writer w = { .data = frames, .room = room };
	const struct module_hello h = {
		.protocol = protocol, .context = MODULE_HTTP, .pid = pid, .cycle = 7
	};
	const struct module_upstream u = { .name = { "app", 3 }, .servers = 1 };

	module_begin(&w, MODULE_HELLO);
	module_put_hello(&w, &h);
	assert_true(module_end(&w));
	module_begin(&w, MODULE_UPSTREAM);
	module_put_upstream(&w, &u);
	assert_true(module_end(&w));
	module_begin(&w, MODULE_READY);
	module_put_id(&w, 1);
	assert_true(module_end(&w));
	if (!sends_state)
		return w.size;
	module_begin(&w, MODULE_STATE);
	module_put_state(&w,
			 &(struct module_state){ { "app", 3 }, { "10.0.0.1:80", 11 }, 0, 0, 1 });
	assert_true(module_end(&w));
	return w.size;
}

static void expect_refusal(const void *bytes, size_t size)
{
	say(bytes, size, 0);
	eventually(loop, has_ended());
	assert_false(servers_has_module(servers));
}

static void a_worker_that_says_hello_has_the_module_until_it_ends(void **state UNUSED)
{
	say(NULL, 0, MODULE_PROTOCOL);
	eventually(loop, servers_has_module(servers));
	rig_stop(worker, SIGKILL);
	worker = 0;
	eventually(loop, !servers_has_module(servers));
}

static void another_version_of_the_protocol_is_refused(void **state UNUSED)
{
	say(NULL, 0, MODULE_PROTOCOL + 1);
	eventually(loop, has_ended());
	assert_false(servers_has_module(servers));
}

static void a_hello_for_another_process_is_refused(void **state UNUSED)
{
	unsigned char frames[512];

	expect_refusal(frames, hello(frames, sizeof(frames), MODULE_PROTOCOL, (uint32_t)getpid()));
}

static void bytes_that_are_no_frame_are_refused(void **state UNUSED)
{
	expect_refusal("GET / HTTP/1.1\r\n\r\n", 18);
}

static void frames_before_a_hello_are_refused(void **state UNUSED)
{
	unsigned char frame[64];
	struct module_writer w = { .data = frame, .room = sizeof(frame) };

	module_begin(&w, MODULE_READY);
	module_put_id(&w, 0);
	assert_true(module_end(&w));
	expect_refusal(frame, w.size);
}

static void a_state_that_was_not_asked_for_is_refused(void **state UNUSED)
{
	sends_state = true;
	say(NULL, 0, MODULE_PROTOCOL);
	eventually(loop, has_ended());
	eventually(loop, !servers_has_module(servers));
}

static void a_child_of_another_process_is_refused_unheard(void **state UNUSED)
{
	us.pid = 1;
	say(NULL, 0, MODULE_PROTOCOL);
	eventually(loop, has_ended());
	assert_false(servers_has_module(servers));
	assert_int_equal(strangers, 1);
}

static void a_second_daemon_leaves_the_socket_to_the_first(void **state UNUSED)
{
	static const struct servers_ops ops = { master, on_stranger, on_news, on_changed };
	struct servers *second = servers_new(loop, &ops, NULL);

	servers_use(second, true);
	servers_free(second);
	expect_refusal("0123456789", 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_worker_that_says_hello_has_the_module_until_it_ends),
		TEST(another_version_of_the_protocol_is_refused),
		TEST(a_hello_for_another_process_is_refused),
		TEST(bytes_that_are_no_frame_are_refused),
		TEST(frames_before_a_hello_are_refused),
		TEST(a_state_that_was_not_asked_for_is_refused),
		TEST(a_child_of_another_process_is_refused_unheard),
		TEST(a_second_daemon_leaves_the_socket_to_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
