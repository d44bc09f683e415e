/*
 * A child listens, and a child of that child carries each connection, frame by frame. A frame is
 * four bytes of length, then in a request its number and its type, in a reply its number, a
 * transaction and an error. The first frame of each side is the handshake. An added request has the
 * number of the exists with the sign bit set; its reply comes right before the reply that it
 * decides.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_wire.h"

enum { TYPE_EXISTS = 3, TYPE_GET = 4, TYPE_PING = 11 };
#define NOAUTH (-102)
#define SPECIAL (-8) /* numbers from here up to -1 are events and pings */
#define REPLY_HEAD 16

struct tally {
	atomic_ulong requests, denied, pings;
	atomic_size_t tamper; /* which one is in force */
};

struct rig_wire {
	pid_t pid;
	int port;
	char *hosts;
	struct tally *tally;        /* shared with the children */
	rig_tamper *const *tampers; /* NULL: the server appears to have another version */
	size_t tamper_count;
};

struct side {
	int from, to;
	bool greeted;
	struct buf in;
};

static struct tally *tally;
static rig_tamper *const *tampers;
static size_t tamper_count;
static int32_t denied; /* the number of the exists whose znode may not be read; 0: none */

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int32_t number_at(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return (int32_t)ntohl(n);
}

static void put_number(char *p, int32_t number)
{
	uint32_t n = htonl((uint32_t)number);

	memcpy(p, &n, sizeof(n));
}

void rig_wire_put(int fd, const char *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = send(fd, bytes + done, size - done, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0);
		done += (size_t)n;
	}
}

/* The same path, read without a watch. */
static void ask_whether_readable(int server, const char *frame, size_t size)
{
	struct buf b = BUF_INIT;

	buf_put(&b, frame, size);
	put_number(b.data + 4, (int32_t)((uint32_t)number_at(frame + 4) | 0x80000000U));
	put_number(b.data + 8, TYPE_GET);
	b.data[size - 1] = 0;
	rig_wire_put(server, b.data, size);
	buf_fini(&b);
}

/* `frame` begins with its length. */
static void pass_request(const struct side *s, const char *frame, size_t size)
{
	int32_t type = size >= 12 ? number_at(frame + 8) : 0;

	atomic_fetch_add(type == TYPE_PING ? &tally->pings : &tally->requests, 1);
	if (type == TYPE_EXISTS && !tampers)
		ask_whether_readable(s->to, frame, size);
	rig_wire_put(s->to, frame, size);
}

static void tamper_with(const struct side *s, char *frame, size_t size)
{
	size_t which = atomic_load(&tally->tamper);

	if (which < tamper_count)
		tampers[which](s->to, frame, size);
	else
		rig_wire_put(s->to, frame, size);
}

static void pass_reply(const struct side *s, char *frame, size_t size)
{
	int32_t number = number_at(frame + 4);

	if (tampers) {
		tamper_with(s, frame, size);
		return;
	}
	if (size < 4 + REPLY_HEAD || (number < 0 && number >= SPECIAL)) {
		rig_wire_put(s->to, frame, size);
	} else if (number < 0) {
		denied = number_at(frame + 16) == NOAUTH ? number & 0x7fffffff : 0;
	} else if (number == denied) {
		put_number(frame, REPLY_HEAD);
		put_number(frame + 16, NOAUTH);
		rig_wire_put(s->to, frame, 4 + REPLY_HEAD);
		atomic_fetch_add(&tally->denied, 1);
		denied = 0;
	} else {
		rig_wire_put(s->to, frame, size);
	}
}

static void carry(struct side *s, bool from_client)
{
	char chunk[65536];
	ssize_t got = read(s->from, chunk, sizeof(chunk));
	size_t at = 0;

	if (got <= 0)
		_exit(0);
	buf_put(&s->in, chunk, (size_t)got);
	while (s->in.size - at >= 4) {
		size_t size = 4 + (size_t)number_at(s->in.data + at);

		if (s->in.size - at < size)
			break;
		if (!s->greeted)
			rig_wire_put(s->to, s->in.data + at, size);
		else if (from_client)
			pass_request(s, s->in.data + at, size);
		else
			pass_reply(s, s->in.data + at, size);
		s->greeted = true;
		at += size;
	}
	memmove(s->in.data, s->in.data + at, s->in.size - at);
	s->in.size -= at;
}

static void carry_all(int near, int target) __attribute__((noreturn));
static void carry_all(int near, int target)
{
	struct sockaddr_in a = loopback(target);
	int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct side client = { .from = near, .to = far, .in = BUF_INIT };
	struct side server = { .from = far, .to = near, .in = BUF_INIT };
	struct pollfd fds[] = { { .fd = near, .events = POLLIN }, { .fd = far, .events = POLLIN } };

	int on = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (far < 0 || connect(far, (struct sockaddr *)&a, sizeof(a)) < 0)
		_exit(0);
	for (;;) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[0].revents)
			carry(&client, true);
		if (fds[1].revents)
			carry(&server, false);
	}
}

static void serve(int listener, int target) __attribute__((noreturn));
static void serve(int listener, int target)
{
	signal(SIGCHLD, SIG_IGN); /* nothing waits for the ends of these children */
	for (;;) {
		int near = accept(listener, NULL, NULL);

		if (near >= 0 && fork() == 0) {
			close(listener);
			carry_all(near, target);
		}
		close(near);
	}
}

static void launch(struct rig_wire *w, int target)
{
	struct sockaddr_in a = loopback(w->port);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t parent = getpid();

	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(listener, 16) < 0)
		die("wire on port %d: %m", w->port);
	w->pid = fork();
	if (w->pid < 0)
		die("fork: %m");
	if (w->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		tally = w->tally;
		tampers = w->tampers;
		tamper_count = w->tamper_count;
		/* this child must not keep the test's sockets open */
		dup2(listener, 3);
		close_range(4, ~0U, 0);
		serve(3, target);
	}
	close(listener);
}

struct rig_wire *rig_wire_start(int target)
{
	return rig_wire_start_tampered(target, NULL, 0);
}

void rig_wire_tamper(struct rig_wire *w, size_t which)
{
	atomic_store(&w->tally->tamper, which);
}

struct rig_wire *rig_wire_start_tampered(int target, rig_tamper *const *with, size_t count)
{
	struct rig_wire *w = xcalloc(1, sizeof(*w));

	w->tampers = with;
	w->tamper_count = count;
	w->port = rig_port();
	w->hosts = xasprintf("127.0.0.1:%d", w->port);
	w->tally = mmap(NULL, sizeof(*w->tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (w->tally == MAP_FAILED)
		die("mmap: %m");
	rig_wire_tamper(w, count);
	launch(w, target);
	return w;
}

void rig_wire_stop(struct rig_wire *w)
{
	if (!w)
		return;
	rig_stop(w->pid, SIGKILL);
	munmap(w->tally, sizeof(*w->tally));
	free(w->hosts);
	free(w);
}

int rig_wire_port(const struct rig_wire *w)
{
	return w->port;
}

const char *rig_wire_hosts(const struct rig_wire *w)
{
	return w->hosts;
}

unsigned long rig_wire_requests(const struct rig_wire *w)
{
	return atomic_load(&w->tally->requests);
}

unsigned long rig_wire_denied(const struct rig_wire *w)
{
	return atomic_load(&w->tally->denied);
}

unsigned long rig_wire_pings(const struct rig_wire *w)
{
	return atomic_load(&w->tally->pings);
}
