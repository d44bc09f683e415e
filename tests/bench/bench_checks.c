/*
 * What the checks cost: the checker alone, with so many servers (default 5,000) that are checked
 * every two seconds, for so many seconds (default 20). The servers are addresses of loopback, and
 * one process answers for all of them. The processor time is that of the checker's process, the
 * kernel's part of it included.
 *
 *	bench_checks [SERVERS [SECONDS [tcp]]]
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "core/compose/compose.h"
#include "host/checker.h"
#include "sys/timing.h"

#define ROOT "/nginx/config"

/* --- the servers ------------------------------------------------------------------------------ */

static int listen_everywhere(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &size) < 0)
		die("listen: %s", strerrordesc_np(errno));
	*port = ntohs(a.sin_port);
	return fd;
}

static void answer(int epoll, int fd, int listener)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	struct epoll_event e = { .events = EPOLLIN };
	char request[4096];

	if (fd == listener) {
		e.data.fd = accept(listener, NULL, NULL);
		if (e.data.fd >= 0)
			epoll_ctl(epoll, EPOLL_CTL_ADD, e.data.fd, &e);
	} else if (recv(fd, request, sizeof(request), 0) <= 0) {
		close(fd);
	} else {
		send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL);
	}
}

static void serve(int listener)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[256], e = { .events = EPOLLIN, .data.fd = listener };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++)
			answer(epoll, events[i].data.fd, listener);
	}
}

/* --- the checks ------------------------------------------------------------------------------- */

static struct model *model_of(unsigned servers, int port, bool tcp)
{
	struct tree_builder b;
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	static const struct policy policy = { .level = POLICY_SAFE };
	const char *check = tcp ? "{\"check\":{\"type\":\"tcp\"}}" : "{\"check\":{}}";

	tree_builder_init(&b);
	tree_builder_add(&b, &(struct znode){ .path = ROOT "/upstreams/u",
					      .data = check,
					      .size = strlen(check) });
	for (unsigned i = 0; i < servers; i++)
		tree_builder_add(&b, &(struct znode){ .path = arena_printf(
							      a, ROOT "/upstreams/u/127.1.%u.%u:%d",
							      i / 250, i % 250 + 1, port),
						      .data = "" });
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return compose_accepted(t, ROOT, &policy, NULL);
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int on_over(sd_event_source *s, uint64_t now UNUSED, void *ctx UNUSED)
{
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

static void run_for(sd_event *loop, uint64_t usec)
{
	sd_event_source *timer = timing_new(loop, on_over, NULL);
	uint64_t end = timing_now() + usec;

	while (timing_now() < end)
		sd_event_run(loop, end - timing_now());
	sd_event_source_disable_unref(timer);
}

static void on_nothing(void *ctx UNUSED)
{
}

static bool is_not_live(void *ctx UNUSED, const char *upstream UNUSED)
{
	return false;
}

int main(int argc, char **argv)
{
	static const struct checker_ops ops = { on_nothing, is_not_live, on_nothing };
	unsigned servers = argc > 1 ? (unsigned)atoi(argv[1]) : 5000;
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 20;
	struct rlimit files = { 65536, 65536 };
	int port, listener;
	sd_event *loop;
	struct checker *c;
	struct checker_counts before, after;
	double spent;
	pid_t pid;

	setrlimit(RLIMIT_NOFILE, &files);
	listener = listen_everywhere(&port);
	pid = fork();
	if (pid == 0)
		serve(listener);
	close(listener);
	sd_event_default(&loop);
	c = checker_new(loop, &ops, NULL);
	checker_follow(c, model_of(servers, port, argc > 3));
	run_for(loop, 4 * USEC_PER_SEC); /* all connections are made */
	before = checker_counts(c);
	spent = cpu();
	run_for(loop, seconds * USEC_PER_SEC);
	spent = cpu() - spent;
	after = checker_counts(c);
	printf("%u servers every 2 s: %.2f %% of one core, %.1f us a check, %lu good, %lu bad, "
	       "%lu late, %lu sockets\n",
	       servers, 100 * spent / seconds,
	       1e6 * spent / (double)(after.good + after.bad - before.good - before.bad),
	       after.good - before.good, after.bad - before.bad, after.late - before.late,
	       after.sockets);
	kill(pid, SIGKILL);
	return 0;
}
