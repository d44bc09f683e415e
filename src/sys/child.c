/*
 * The parent's side of fork: a child is three pipes, a pidfd and a timer in the loop.
 *
 * `done` is called once, when the pidfd has reported the end and all pipes are at their end. When
 * the child ends, the rest of its process group is killed before the child is reaped: only until
 * then is the number of the group certain to be its own. A descendant that left the group may keep
 * a pipe open; it is waited for until the deadline at most. A child that even SIGKILL does not end
 * (a dead NFS server) is left to the loop, which reaps it when it ends.
 *
 * A child that another process starts (spec.launch) has the end of a socket to that process in the
 * place of the pidfd. That process kills its group and reaps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "child_elsewhere.h"
#include "child_errors.h"
#include "child_input.h"
#include "child_launch.h"

#define AFTER_KILL USEC_PER_SEC /* how long a killed child is waited for */
#define PIPE_ROOM (1024 * 1024) /* fewer wake-ups when nginx dumps its whole configuration */
#define READS_A_TURN 32

enum stream_kind { STREAM_OUTPUT, STREAM_ERRORS, STREAM_FAILURE, STREAM_N };

struct stream {
	struct child *child;
	int fd;
	sd_event_source *source;
	struct buf kept;
};

struct child {
	sd_event *loop;
	pid_t pid; /* 0: another process's child */
	int pidfd; /* … our end of its control socket */
	sd_event_source *end, *timer;
	struct stream streams[STREAM_N];
	bool ended, timed_out, finished;
	bool orphaned; /* the process that had started it ended first */
	struct child_status status;
	bool keep_output;
	void (*on_output)(void *ctx, const char *bytes, size_t size);
	void (*done)(void *ctx, const struct child_result *r);
	void *ctx;
	char failure[sizeof(struct launch_failure) + 128];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void stream_close(struct stream *s)
{
	s->source = sd_event_source_disable_unref(s->source);
	close_fd(&s->fd);
}

static void stop_watching(struct child *c)
{
	c->end = sd_event_source_disable_unref(c->end);
	c->timer = sd_event_source_disable_unref(c->timer);
	for (size_t i = 0; i < STREAM_N; i++)
		stream_close(&c->streams[i]);
}

/* NULL: it became the program, and ran to its end. */
static const char *failure_words(struct child *c)
{
	const struct buf *b = &c->streams[STREAM_FAILURE].kept;
	struct launch_failure f;

	if (b->size < sizeof(f))
		return c->orphaned ? "the process that had started it has ended" : NULL;
	memcpy(&f, b->data, sizeof(f));
	f.what[sizeof(f.what) - 1] = '\0';
	snprintf(c->failure, sizeof(c->failure), "%s%s%s", f.what, f.sys ? ": " : "",
		 f.sys ? strerrordesc_np(f.sys) ?: "error" : "");
	return c->failure;
}

static void finish(struct child *c)
{
	struct child_result r = {
		.failure = failure_words(c),
		.timed_out = c->timed_out,
		.exited = c->ended && c->status.code == CLD_EXITED,
		.code = c->ended ? c->status.status : SIGKILL,
		.output = &c->streams[STREAM_OUTPUT].kept,
		.errors = &c->streams[STREAM_ERRORS].kept,
	};

	c->finished = true;
	stop_watching(c);
	c->done(c->ctx, &r);
}

static void finish_if_over(struct child *c)
{
	if (!c->ended || c->finished)
		return;
	for (size_t i = 0; i < STREAM_N; i++) {
		if (c->streams[i].fd >= 0)
			return;
	}
	finish(c);
}

/* --- output ----------------------------------------------------------------------------------- */

static void stream_take(struct stream *s, const char *bytes, size_t size)
{
	struct child *c = s->child;

	if (s == &c->streams[STREAM_OUTPUT]) {
		if (c->on_output)
			c->on_output(c->ctx, bytes, size);
		if (c->keep_output && s->kept.size + size <= CHILD_OUTPUT_LIMIT)
			buf_put(&s->kept, bytes, size);
		return;
	}
	buf_put(&s->kept, bytes, size);
	child_errors_limit(&s->kept);
}

/* A bounded number of reads a turn: a child that writes without end must not block the loop. */
static int on_readable(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *ctx)
{
	struct stream *s = ctx;
	char chunk[65536];

	for (int turn = 0; turn < READS_A_TURN; turn++) {
		ssize_t got = read(fd, chunk, sizeof(chunk));

		if (got > 0) {
			stream_take(s, chunk, (size_t)got);
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return 0;
		stream_close(s);
		finish_if_over(s->child);
		return 0;
	}
	return 0;
}

/* --- end and deadline ------------------------------------------------------------------------- */

static void kill_group(const struct child *c)
{
	if (c->ended)
		return;
	if (c->pid == 0) {
		shutdown(c->pidfd, SHUT_WR);
		return;
	}
	kill(-c->pid, SIGKILL);
	kill(c->pid, SIGKILL);
}

/* False: it has not ended. */
static bool reap(struct child *c)
{
	siginfo_t info = { 0 };

	kill_group(c);
	if (waitid(P_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG) < 0)
		c->status = (struct child_status){ CLD_KILLED, SIGKILL }; /* reaped elsewhere */
	else if (info.si_pid != 0)
		c->status = (struct child_status){ info.si_code, info.si_status };
	return c->status.code != 0;
}

static int on_end(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *ctx)
{
	struct child *c = ctx;

	if (c->pid == 0)
		c->orphaned = !elsewhere_status(c->pidfd, &c->status);
	else if (!reap(c))
		return 0;
	c->ended = true;
	c->end = sd_event_source_disable_unref(c->end);
	finish_if_over(c);
	return 0;
}

/* A pidfd and the socket to another process are readable then. */
static bool has_ended(const struct child *c)
{
	struct pollfd end = { .fd = c->pidfd, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

/* A loop that is late finds both at once: the child was not late. Its output is read then. */
static int on_deadline(sd_event_source *source, uint64_t at UNUSED, void *ctx)
{
	struct child *c = ctx;

	if (c->ended || c->timed_out) {
		finish(c);
		return 0;
	}
	sd_event_source_set_time_relative(source, AFTER_KILL);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (has_ended(c))
		return on_end(c->end, c->pidfd, EPOLLIN, c);
	c->timed_out = true;
	kill_group(c);
	return 0;
}

/* --- spawning --------------------------------------------------------------------------------- */

static int watch(struct child *c, uint64_t deadline, struct err *e)
{
	int rc = sd_event_add_io(c->loop, &c->end, c->pidfd, EPOLLIN, on_end, c);

	for (size_t i = 0; rc >= 0 && i < STREAM_N; i++) {
		struct stream *s = &c->streams[i];

		rc = sd_event_add_io(c->loop, &s->source, s->fd, EPOLLIN, on_readable, s);
	}
	if (rc >= 0 && deadline != NEVER)
		rc = sd_event_add_time_relative(c->loop, &c->timer, CLOCK_MONOTONIC, deadline,
						USEC_PER_MSEC, on_deadline, c);
	if (rc >= 0)
		return 0;
	errno = -rc;
	return err_sys(e, "cannot watch a child process");
}

/* The read ends stay in the streams, the write ends go into `l`. */
static int open_pipes(struct child *c, struct launch *l, struct err *e)
{
	int *const write_ends[STREAM_N] = {
		[STREAM_OUTPUT] = &l->output,
		[STREAM_ERRORS] = &l->errors,
		[STREAM_FAILURE] = &l->failure,
	};

	for (size_t i = 0; i < STREAM_N; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return err_sys(e, "cannot make a pipe");
		c->streams[i].fd = ends[0];
		*write_ends[i] = ends[1];
		if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
			return err_sys(e, "cannot make a pipe non-blocking");
	}
	fcntl(l->output, F_SETPIPE_SZ, PIPE_ROOM); /* optional */
	l->input = child_input_open(l->spec->input, l->spec->input_size, e);
	return l->input < 0 ? -1 : 0;
}

/* No handler of ours may run in the child: signals are blocked until it has reset them. */
static pid_t fork_quietly(const struct launch *l)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		launch_child(l);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int start(struct child *c, const struct launch *l, struct err *e)
{
	if (l->spec->launch)
		return elsewhere_start(l, &c->pidfd, e);
	c->pid = fork_quietly(l);
	if (c->pid < 0) {
		c->pid = 0;
		return err_sys(e, "cannot fork");
	}
	setpgid(c->pid, c->pid); /* the child does so too; either may be first */
	c->pidfd = pidfd_open(c->pid, 0);
	return c->pidfd < 0 ? err_sys(e, "cannot open a pidfd") : 0;
}

static struct child *child_new(sd_event *loop, const struct child_spec *spec)
{
	struct child *c = xcalloc(1, sizeof(*c));

	c->loop = sd_event_ref(loop);
	c->pidfd = -1;
	c->keep_output = spec->keep_output;
	c->on_output = spec->on_output;
	c->done = spec->done;
	c->ctx = spec->ctx;
	for (size_t i = 0; i < STREAM_N; i++)
		c->streams[i] = (struct stream){ .child = c, .fd = -1 };
	return c;
}

int child_spawn(sd_event *loop, const struct child_spec *spec, struct child **out, struct err *e)
{
	CLEANUP(child_freep) struct child *c = child_new(loop, spec);
	struct launch l = { .spec = spec,
			    .input = -1,
			    .output = -1,
			    .errors = -1,
			    .failure = -1,
			    .descriptors = launch_descriptors(),
			    .parent = getpid() };
	int rc = open_pipes(c, &l, e);

	if (rc == 0)
		rc = start(c, &l, e);
	close_fd(&l.input);
	close_fd(&l.output);
	close_fd(&l.errors);
	close_fd(&l.failure);
	if (rc < 0 || watch(c, spec->deadline, e) < 0)
		return -1;
	*out = TAKE(c);
	return 0;
}

int child_run(const struct child_spec *spec, struct err *e)
{
	CLEANUP(sd_event_unrefp) sd_event *loop = NULL;
	CLEANUP(child_freep) struct child *c = NULL;
	int rc = sd_event_new(&loop);

	if (rc >= 0 && child_spawn(loop, spec, &c, e) < 0)
		return -1;
	while (rc >= 0 && !c->finished)
		rc = sd_event_run(loop, UINT64_MAX);
	if (rc >= 0)
		return 0;
	errno = -rc;
	return err_sys(e, "cannot wait for a child process");
}

/* --- freeing ---------------------------------------------------------------------------------- */

static int on_late_end(sd_event_source *source, int fd, uint32_t events UNUSED, void *ctx UNUSED)
{
	waitid(P_PIDFD, (id_t)fd, &(siginfo_t){ 0 }, WEXITED | WNOHANG);
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	sd_event_source_set_floating(source, false); /* frees it, and closes the pidfd */
	return 0;
}

/* The loop reaps a killed child when the kernel has ended it; we do not wait for that. */
static void reap_later(struct child *c)
{
	sd_event_source *late = NULL;

	if (c->pidfd < 0 ||
	    sd_event_add_io(c->loop, &late, c->pidfd, EPOLLIN, on_late_end, NULL) < 0) {
		waitpid(c->pid, NULL, 0);
		return;
	}
	sd_event_source_set_io_fd_own(late, true);
	c->pidfd = -1;
	sd_event_source_set_floating(late, true);
	sd_event_source_unref(late);
}

void child_free(struct child *c)
{
	if (!c)
		return;
	stop_watching(c);
	if (c->pid > 0 && !c->ended) {
		kill_group(c);
		reap_later(c);
	}
	close_fd(&c->pidfd);
	for (size_t i = 0; i < STREAM_N; i++)
		buf_fini(&c->streams[i].kept);
	sd_event_unref(c->loop);
	free(c);
}
