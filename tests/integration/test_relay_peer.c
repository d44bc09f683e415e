/*
 * The port of the relay is on loopback, where every process of the host can connect to it. Only the
 * connections of this process are taken, however many others there are.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig.h"
#include "zk/relay_parts.h"

#define OTHERS 40

struct port {
	int fd;
	struct sockaddr_in address;
};

static int setup(void **state)
{
	struct port *p = xcalloc(1, sizeof(*p));
	socklen_t size = sizeof(p->address);

	p->address = (struct sockaddr_in){ .sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&p->address, size), 0);
	assert_int_equal(listen(p->fd, SOMAXCONN), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&p->address, &size), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct port *p = *state;

	close(p->fd);
	free(p);
	return 0;
}

static int connect_to(const struct port *p)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)&p->address, sizeof(p->address)) < 0)
		die("connect: %m");
	return fd;
}

/* As another process: OTHERS connections, which end when the port closes them. The pipe says when
 * all are there. */
static pid_t connect_as_another_process(const struct port *p)
{
	int fds[OTHERS], ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < OTHERS; i++)
			fds[i] = connect_to(p);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (size_t i = 0; i < OTHERS; i++) {
			if (read(fds[i], &byte, 1) > 0)
				_exit(1);
		}
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void connections_of_other_processes_are_closed(void **state)
{
	struct port *p = *state;
	pid_t other = connect_as_another_process(p);

	assert_int_equal(relay_accept_own(p->fd), -1);
	assert_int_equal(rig_stop(other, 0), 0);
}

static void the_own_connection_is_found_among_many_others(void **state)
{
	struct port *p = *state;
	pid_t before = connect_as_another_process(p), after;
	int own = connect_to(p), taken;
	char byte;

	after = connect_as_another_process(p);
	taken = relay_accept_own(p->fd);
	assert_true(taken >= 0);
	assert_int_equal(write(own, "x", 1), 1);
	assert_int_equal(recv(taken, &byte, 1, MSG_WAITALL), 1);
	assert_int_equal(relay_accept_own(p->fd), -1);
	assert_int_equal(rig_stop(before, 0), 0);
	assert_int_equal(rig_stop(after, 0), 0);
	close(own);
	close(taken);
}

static void the_newest_of_two_own_connections_is_taken(void **state)
{
	struct port *p = *state;
	int first = connect_to(p), second = connect_to(p), taken = relay_accept_own(p->fd);
	char byte;

	assert_true(taken >= 0);
	assert_int_equal(read(first, &byte, 1), 0);
	assert_int_equal(write(taken, "x", 1), 1);
	assert_int_equal(read(second, &byte, 1), 1);
	close(first);
	close(second);
	close(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(connections_of_other_processes_are_closed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_own_connection_is_found_among_many_others,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_newest_of_two_own_connections_is_taken, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("relay peer", tests, NULL, NULL);
}
