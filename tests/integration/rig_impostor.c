/*
 * One epoll loop in a child. What the client sends is read and dropped, so that the end of a
 * connection is an orderly one and nothing that was said is lost with a reset.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_impostor.h"

#define SPOKEN ((uint64_t)1 << 32) /* to this client, in what epoll knows of it */

struct rig_impostor {
	pid_t pid;
	atomic_uint *count; /* shared with the child */
};

struct speech {
	const void *bytes;
	size_t size;
	bool close_after;
};

static int listen_on(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 128) < 0)
		die("impostor on port %d: %m", port);
	return fd;
}

static void add(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die("epoll_ctl: %m");
}

static void welcome(int epoll, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		add(epoll, fd);
}

static void speak(int epoll, int fd, const struct speech *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)fd | SPOKEN };

	send(fd, s->bytes, s->size, MSG_NOSIGNAL);
	if (s->close_after)
		shutdown(fd, SHUT_WR);
	if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e) < 0)
		die("epoll_ctl: %m");
}

/* An answer is one to the client's request: one that comes before that is hostile by itself. */
static void listen_to(int epoll, uint64_t client, const struct speech *s)
{
	int fd = (int)(client & ~SPOKEN);
	char chunk[4096];

	if (read(fd, chunk, sizeof(chunk)) <= 0)
		close(fd);
	else if (!(client & SPOKEN))
		speak(epoll, fd, s);
}

static void serve(int listener, const struct speech *s, atomic_uint *count)
	__attribute__((noreturn));
static void serve(int listener, const struct speech *s, atomic_uint *count)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e;

	add(epoll, listener);
	for (;;) {
		if (epoll_wait(epoll, &e, 1, -1) != 1)
			continue;
		if (e.data.u64 != (uint64_t)listener) {
			listen_to(epoll, e.data.u64, s);
			continue;
		}
		welcome(epoll, listener);
		atomic_fetch_add(count, 1);
	}
}

struct rig_impostor *rig_impostor_start(int port, const void *bytes, size_t size, bool close_after)
{
	struct speech s = { bytes, size, close_after };
	struct rig_impostor *i = xcalloc(1, sizeof(*i));
	int listener = listen_on(port);
	pid_t parent = getpid();

	i->count = mmap(NULL, sizeof(*i->count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (i->count == MAP_FAILED)
		die("mmap: %m");
	i->pid = fork();
	if (i->pid < 0)
		die("fork: %m");
	if (i->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		/* the test's sockets must not be held open from here */
		dup2(listener, 3);
		close_range(4, ~0U, 0);
		serve(3, &s, i->count);
	}
	close(listener);
	return i;
}

void rig_impostor_stop(struct rig_impostor *i)
{
	if (!i)
		return;
	rig_stop(i->pid, SIGKILL);
	munmap(i->count, sizeof(*i->count));
	free(i);
}

unsigned rig_impostor_count(const struct rig_impostor *i)
{
	return atomic_load(i->count);
}
