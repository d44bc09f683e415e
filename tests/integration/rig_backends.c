/* See rig_backends.h. What both processes know is in memory that they share. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rig_backends.h"

#define SOCKETS 256
#define DRIP 100 /* ms */

struct backend {
	int port, listener;
	_Atomic enum rig_backend_mode mode;
	_Atomic unsigned long checks, visits;
};

struct rig_backends {
	struct backend each[RIG_BACKENDS_MOST];
	size_t count;
	pid_t pid;
};

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct visitor {
	struct backend *backend;
	size_t left; /* of an answer that drips */
};

static struct rig_backends *all;
static struct pollfd sockets[SOCKETS];
static struct visitor visitors[SOCKETS];
static nfds_t open_sockets;

static void add(int fd, struct backend *b)
{
	if (fd < 0)
		return;
	if (open_sockets == SOCKETS) {
		close(fd);
		return;
	}
	visitors[open_sockets] = (struct visitor){ .backend = b };
	sockets[open_sockets++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void drop(nfds_t i, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };

	if (reset)
		setsockopt(sockets[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(sockets[i].fd);
	sockets[i] = sockets[--open_sockets];
	visitors[i] = visitors[open_sockets];
}

static void say(int fd, const char *text)
{
	send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* False: the connection is over. */
static bool take_request(nfds_t i)
{
	struct visitor *v = &visitors[i];
	enum rig_backend_mode mode;
	char request[4096];
	ssize_t got = recv(sockets[i].fd, request, sizeof(request) - 1, 0);

	if (got <= 0)
		return false;
	request[got] = '\0';
	if (strstr(request, "zknginxd-check"))
		v->backend->checks++;
	else
		v->backend->visits++;
	mode = v->backend->mode;
	switch (mode) {
	case BACKEND_ANSWERS:
		say(sockets[i].fd, answer);
		return true;
	case BACKEND_FAILS:
		say(sockets[i].fd, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
		return true;
	case BACKEND_BABBLES:
		say(sockets[i].fd, "220 mail.example.com ESMTP\r\n");
		return true;
	case BACKEND_DRIPS:
		v->left = strlen(answer);
		return true;
	case BACKEND_HANGS:
		return true;
	default:
		return false;
	}
}

static void drip(void)
{
	for (nfds_t i = 0; i < open_sockets; i++) {
		struct visitor *v = &visitors[i];

		if (v->left)
			send(sockets[i].fd, answer + strlen(answer) - v->left--, 1, MSG_NOSIGNAL);
	}
}

static void serve(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < all->count; i++)
		add(all->each[i].listener, &all->each[i]);
	for (;;) {
		if (poll(sockets, open_sockets, DRIP) == 0)
			drip();
		for (nfds_t i = open_sockets; i-- > 0;) {
			if (!sockets[i].revents)
				continue;
			if (i < all->count)
				add(accept(sockets[i].fd, NULL, NULL), visitors[i].backend);
			else if (!take_request(i))
				drop(i, visitors[i].backend->mode == BACKEND_RESETS);
		}
	}
}

static void listen_on(struct backend *b)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const int yes = 1;

	b->port = rig_port();
	a.sin_port = htons((uint16_t)b->port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(b->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(b->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(b->listener, 64) < 0)
		fail_msg("port %d: %m", b->port);
}

struct rig_backends *rig_backends_start(size_t count)
{
	pid_t pid;

	all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(all != MAP_FAILED && count <= RIG_BACKENDS_MOST);
	all->count = count;
	for (size_t i = 0; i < count; i++)
		listen_on(&all->each[i]);
	pid = fork();
	if (pid == 0)
		serve();
	all->pid = pid; /* only here: the child shares this memory */
	for (size_t i = 0; i < count; i++)
		close(all->each[i].listener);
	return all;
}

void rig_backends_stop(struct rig_backends *b)
{
	if (!b)
		return;
	kill(b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
	munmap(b, sizeof(*b));
}

int rig_backend_port(const struct rig_backends *b, size_t i)
{
	return b->each[i].port;
}

void rig_backend_set(struct rig_backends *b, size_t i, enum rig_backend_mode mode)
{
	b->each[i].mode = mode;
}

unsigned long rig_backend_checks(const struct rig_backends *b, size_t i)
{
	return b->each[i].checks;
}

unsigned long rig_backend_visits(const struct rig_backends *b, size_t i)
{
	return b->each[i].visits;
}
