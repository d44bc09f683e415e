/*
 * One thread, one poll(): the channel, and for each run the child's pidfd and the control socket
 * whose other end the daemon holds.
 *
 * A run is over when the child has ended. Before it is reaped, the rest of its process group is
 * killed: only until then is the number of the group certain to be its own.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/log.h>
#include <zknginx/tree.h>

#include "generation.h"
#include "helper_serve.h"
#include "helper_wire.h"
#include "sys/child_launch.h"
#include "sys/renounce.h"
#include "sys/service.h"

#define RUNS_MAX 16 /* a killed one may take its time */

struct run {
	pid_t pid; /* 0: there is none */
	int pidfd, control;
	bool released; /* the daemon does not wait for it any more */
};

struct server {
	int channel;
	const char *state;
	bool lends;
	int patience; /* for the watchdog of systemd; only a helper with a unit has one */
	struct run runs[RUNS_MAX];
};

/* --- what is asked for ------------------------------------------------------------------------ */

/* A generation of our state directory, and nothing that a symbolic link leads to. */
static bool is_generation(const struct server *s, const char *path)
{
	CLEANUP(freep) char *all = xasprintf("%s/generations", s->state);
	CLEANUP(freep) char *real_all = realpath(all, NULL), *real = realpath(path, NULL);
	char *name = real ? strrchr(real, '/') : NULL;
	unsigned long n;

	if (!name || !real_all)
		return false;
	*name = '\0';
	return strcmp(real, real_all) == 0 && generation_parse(name + 1, &n);
}

/* The kernel's own file systems are not covered; /dev/shm is none of them. */
static bool may_be_covered(enum cover_kind kind, const char *path)
{
	static const char *const never[] = { "/proc", "/sys", "/dev" };
	CLEANUP(freep) char *directory = xstrdup(path), *real = NULL;
	char *slash = strrchr(directory, '/');

	if (kind == COVER_PARENT && slash)
		*slash = '\0';
	real = realpath(directory, NULL);
	return !real || path_is_within(real, "/dev/shm") ||
	       !path_is_within_any(real, never, ARRAY_SIZE(never));
}

static bool is_absolute_or_empty(const char *path)
{
	return path[0] == '/' || !path[0];
}

/* NULL, or why this is not run. */
static const char *refusal(const struct server *s, const struct enclosed *q)
{
	if (!is_absolute_or_empty(q->binary) || !is_absolute_or_empty(q->config) ||
	    !is_absolute_or_empty(q->live))
		return "the helper process takes only absolute paths";
	if (q->kind == ENCLOSED_TEST ? !is_generation(s, q->staged) : *q->staged != '\0')
		return "the helper process tests only generations of the state directory";
	for (size_t i = 0; i < q->cover_count; i++) {
		if (!may_be_covered(q->covers[i].kind, q->covers[i].path))
			return "the helper process covers no file system of the kernel";
	}
	return NULL;
}

/* --- runs ------------------------------------------------------------------------------------- */

static void report(int control, struct child_status status)
{
	if (send(control, &status, sizeof(status), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("a run of nginx has ended, and the daemon does not wait for it");
	close(control);
}

static void report_failure(const struct child_ends *ends, int sys, const char *what)
{
	struct launch_failure f = { .sys = sys };
	size_t size = strnlen(what, sizeof(f.what) - 1);

	memcpy(f.what, what, size);
	if (write(ends->failure, &f, sizeof(f)) < 0)
		log_warning("%s", what);
	report(ends->control, (struct child_status){ CLD_EXITED, 127 });
}

static pid_t start_child(const struct child_spec *spec, const struct child_ends *ends)
{
	const struct launch l = {
		.spec = spec,
		.input = ends->input,
		.output = ends->output,
		.errors = ends->errors,
		.failure = ends->failure,
		.descriptors = launch_descriptors(),
		.parent = getpid(),
	};
	pid_t pid = fork();

	if (pid == 0)
		launch_child(&l);
	if (pid > 0)
		setpgid(pid, pid); /* the child does so too; either may be first */
	return pid;
}

static struct run *free_place(struct server *s)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (!s->runs[i].pid)
			return &s->runs[i];
	}
	return NULL;
}

static void begin(struct server *s, const struct enclosed *q, const struct child_ends *ends)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct run *place = free_place(s);
	const char *refused = place ? refusal(s, q) : "too many runs of nginx at one time";
	struct enclosed_child child;
	struct err e;

	if (refused || enclosed_prepare(q, a, &child, &e) < 0) {
		report_failure(ends, 0, refused ?: e.text);
		return;
	}
	place->pid = start_child(&child.spec, ends);
	if (place->pid < 0) {
		place->pid = 0;
		report_failure(ends, errno, "the helper process cannot fork");
	} else {
		place->pidfd = pidfd_open(place->pid, 0);
		place->control = ends->control;
		place->released = false;
	}
	enclosed_fini(&child);
}

static void kill_group(const struct run *r)
{
	kill(-r->pid, SIGKILL);
	kill(r->pid, SIGKILL);
}

static void on_end(struct run *r)
{
	siginfo_t info = { 0 };

	kill_group(r);
	if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0)
		return;
	report(r->control, (struct child_status){ info.si_code, info.si_status });
	close(r->pidfd);
	*r = (struct run){ 0 };
}

/* The daemon has shut its end down or closed it. */
static void on_release(struct run *r)
{
	kill_group(r);
	r->released = true;
}

/* --- the channel ------------------------------------------------------------------------------ */

static void answer(const struct server *s, const struct look *q, struct helper_message *m)
{
	struct look_answer a;
	bool gives = q->kind == LOOK_LOG || q->kind == LOOK_MAPS ||
		     (q->kind == LOOK_EXECUTABLE && s->lends);
	int fd;

	look(q, &a, &fd);
	helper_put_answer(m, &a, gives ? fd : -1);
	if (helper_send(s->channel, m) < 0)
		log_debug("the daemon does not take an answer");
	if (fd >= 0)
		close(fd);
}

/* As the daemon may: it has ended. */
static __attribute__((noreturn)) void leave(struct server *s)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (s->runs[i].pid)
			kill_group(&s->runs[i]);
	}
	_exit(0);
}

static void on_message(struct server *s)
{
	static struct helper_message m;
	struct child_ends ends;
	struct enclosed q;
	struct look l;

	if (helper_receive(s->channel, &m) < 0) {
		if (errno != EMSGSIZE)
			leave(s);
		log_warning("the helper process got a message that is too long");
		return;
	}
	if (helper_get_look(&m, &l)) {
		helper_close_all(&m);
		answer(s, &l, &m);
		return;
	}
	if (helper_get_run(&m, &q, &ends)) {
		size_t kept = m.fd_count - 1; /* the last one is the control socket */

		begin(s, &q, &ends);
		m.fd_count = kept;
	} else {
		log_warning("the helper process got a message that it does not understand");
	}
	helper_close_all(&m);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void wait_and_act(struct server *s)
{
	struct pollfd fds[1 + 2 * RUNS_MAX];

	fds[0] = (struct pollfd){ .fd = s->channel, .events = POLLIN };
	for (size_t i = 0; i < RUNS_MAX; i++) {
		const struct run *r = &s->runs[i];

		fds[1 + 2 * i] = (struct pollfd){ .fd = r->pid ? r->pidfd : -1, .events = POLLIN };
		fds[2 + 2 * i] = (struct pollfd){ .fd = r->pid && !r->released ? r->control : -1,
						  .events = POLLIN | POLLRDHUP };
	}
	service_is_alive();
	if (poll(fds, ARRAY_SIZE(fds), s->patience) < 0)
		return;
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (fds[1 + 2 * i].revents)
			on_end(&s->runs[i]);
		else if (fds[2 + 2 * i].revents)
			on_release(&s->runs[i]);
	}
	if (fds[0].revents)
		on_message(s);
}

bool helper_lends(const struct nginx_settings *nginx)
{
	struct err e;

	return nginx->sandbox == SANDBOX_FALLBACK || enclosed_probe("", &e) < 0;
}

void helper_serve(int channel, const char *state, bool lends)
{
	struct server s = {
		.channel = channel, .state = state, .lends = lends, .patience = service_patience()
	};
	struct err e;

	if (renounce_all_but_enclosing(&e) < 0)
		log_warning("%s", e.text);
	for (;;)
		wait_and_act(&s);
}
