/* See load.h. Both processes share the counts; the child has one poll loop. */
#include <errno.h>
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
#include <time.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "../integration/rig.h"
#include "load.h"

#define INTERVAL (USEC_PER_SEC / LOAD_RATE)
#define PATIENCE (30 * USEC_PER_SEC) /* for one answer */
#define OPEN_MOST (LOAD_RATE * 32)

struct load {
	atomic_ulong sent, failed, worst; /* worst: of the good answers, microseconds */
	char first[128];
	pid_t pid;
	int port;
	char body[16];
};

struct request {
	uint64_t begun;
	bool written;
	char answer[512];
	size_t size;
};

struct requests {
	struct pollfd fds[OPEN_MOST];
	struct request items[OPEN_MOST];
	size_t count;
};

static void count_failure(struct load *l, const char *why)
{
	time_t now = time(NULL);
	char at[16];

	if (atomic_fetch_add(&l->failed, 1) != 0)
		return;
	strftime(at, sizeof(at), "%H:%M:%S", gmtime(&now));
	snprintf(l->first, sizeof(l->first), "%s %.100s", at, why);
}

static void send_one(struct load *l, struct requests *r)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)l->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	atomic_fetch_add(&l->sent, 1);
	if (fd < 0 || r->count == OPEN_MOST) {
		count_failure(l, "too many requests without an answer");
	} else if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS) {
		count_failure(l, strerror(errno));
	} else {
		r->fds[r->count] = (struct pollfd){ .fd = fd, .events = POLLOUT };
		r->items[r->count++] = (struct request){ .begun = rig_now() };
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void finish(struct load *l, struct requests *r, size_t i, const char *why)
{
	unsigned long took = rig_now() - r->items[i].begun;

	close(r->fds[i].fd);
	if (why)
		count_failure(l, why);
	else if (took > atomic_load(&l->worst))
		atomic_store(&l->worst, took);
	r->count--;
	r->fds[i] = r->fds[r->count];
	r->items[i] = r->items[r->count];
}

static bool is_good(const struct load *l, const struct request *q)
{
	const char *body = strstr(q->answer, "\r\n\r\n");

	return strncmp(q->answer, "HTTP/1.1 200 ", 13) == 0 && body &&
	       strncmp(body + 4, l->body, strlen(l->body)) == 0;
}

static void write_request(struct load *l, struct requests *r, size_t i)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n";

	if (send(r->fds[i].fd, text, sizeof(text) - 1, MSG_NOSIGNAL) != sizeof(text) - 1) {
		finish(l, r, i, strerror(errno));
		return;
	}
	r->items[i].written = true;
	r->fds[i].events = POLLIN;
}

static void read_answer(struct load *l, struct requests *r, size_t i)
{
	struct request *q = &r->items[i];
	ssize_t got = read(r->fds[i].fd, q->answer + q->size, sizeof(q->answer) - 1 - q->size);

	if (got > 0)
		q->size += (size_t)got;
	else if (got < 0)
		finish(l, r, i, strerror(errno));
	else
		finish(l, r, i,
		       is_good(l, q) ? NULL
		       : q->size     ? q->answer
				     : "closed without an answer");
}

static void look_at(struct load *l, struct requests *r, size_t i)
{
	if (rig_now() - r->items[i].begun > PATIENCE)
		finish(l, r, i, "no answer in 30 seconds");
	else if (r->fds[i].revents && !r->items[i].written)
		write_request(l, r, i);
	else if (r->fds[i].revents)
		read_answer(l, r, i);
}

static void run(struct load *l) __attribute__((noreturn));
static void run(struct load *l)
{
	static struct requests r;
	uint64_t due = rig_now();

	for (;;) {
		uint64_t now = rig_now();

		for (; due <= now; due += INTERVAL)
			send_one(l, &r);
		if (poll(r.fds, r.count, (int)((due - now + 999) / 1000)) < 0)
			continue;
		for (size_t i = r.count; i-- > 0;)
			look_at(l, &r, i);
	}
}

struct load *load_start(int port, const char *body)
{
	pid_t parent = getpid(), pid;
	struct load *l =
		mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (l == MAP_FAILED)
		die("mmap: %m");
	l->port = port;
	snprintf(l->body, sizeof(l->body), "%s", body);
	pid = fork();
	if (pid < 0)
		die("fork: %m");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		run(l);
	}
	l->pid = pid;
	return l;
}

struct load_counts load_counts(const struct load *l)
{
	struct load_counts c = { .sent = l->sent,
				 .failed = l->failed,
				 .worst_ms = (double)l->worst / 1000.0 };

	snprintf(c.first, sizeof(c.first), "%.*s", (int)strcspn(l->first, "\r\n"), l->first);
	return c;
}

void load_stop(struct load *l)
{
	if (!l)
		return;
	rig_stop(l->pid, SIGKILL);
	munmap(l, sizeof(*l));
}
