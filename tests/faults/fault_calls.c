/*
 * Failure and death at each system call of a deployment: F4 and F5.
 *
 * One deployment is recorded with strace: the calls of the daemon's loop thread, which deploys.
 * Then for each kind of call and each k up to the recorded number, in a deployment of its own, the
 * k-th call fails once; and, again, the daemon is killed when it enters that call. Each time nginx
 * ends up with the new text by itself (a daemon that has ended is started again, as systemd does),
 * and what must hold at each instant is looked at all the time, as in the other cases.
 */
#include <stdlib.h>
#include <sys/wait.h>

#include <zknginx/err.h>

#include "ground.h"

#define CALLS_MOST 30 /* of one kind */

/* What a deployment may call, and how that fails. */
static const struct call {
	const char *name, *error;
} calls[] = {
	{ "openat", "EMFILE" },
	{ "mkdirat", "ENOSPC" },
	{ "write", "EIO" },
	{ "fsync", "EIO" },
	{ "renameat", "EIO" },
	{ "renameat2", "EIO" },
	{ "rename", "EIO" },
	{ "symlinkat", "ENOSPC" },
	{ "unlinkat", "EROFS" },
	{ "unlink", "EROFS" },
	{ "fchmod", "EPERM" },
	{ "fchown", "EPERM" },
	{ "fchownat", "EPERM" },
	{ "close", "EIO" },
	{ "read", "EIO" },
	{ "readlinkat", "EIO" },
	{ "readlink", "EIO" },
	{ "getdents64", "EIO" },
	{ "newfstatat", "ENOMEM" },
	{ "pipe2", "EMFILE" },
	{ "clone3", "EAGAIN" },
	{ "clone", "EAGAIN" },
	{ "vfork", "EAGAIN" },
	{ "pidfd_open", "EMFILE" },
	{ "pidfd_send_signal", "EPERM" },
	{ "mmap", "ENOMEM" },
	{ "brk", "ENOMEM" },
	{ "lseek", "EIO" },
	{ "pread64", "EIO" },
	{ "copy_file_range", "EIO" },
	{ "socket", "EMFILE" },
	{ "sendto", "ENOBUFS" },
	{ "epoll_ctl", "ENOMEM" },
	{ "timerfd_settime", "EINVAL" },
};

static unsigned counts[ARRAY_SIZE(calls)];

static struct {
	unsigned tried, hit, ended;
	double worst; /* s until the new text was served */
} sum;

/* --- the daemon ------------------------------------------------------------------------------- */

static bool is_dead(struct ground *g)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)g->host.daemon, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

static bool converges(struct ground *g)
{
	if (is_dead(g)) {
		sum.ended++;
		waitpid(g->host.daemon, NULL, 0);
		rig_host_start_daemon(&g->host);
	}
	return ground_serves(g) && rig_host_is(&g->host, "applied");
}

/* --- the tracer ------------------------------------------------------------------------------- */

static bool is_traced(struct ground *g)
{
	char path[64];
	const char *text, *line;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)g->host.daemon);
	text = rig_read(path);
	line = text ? strstr(text, "TracerPid:") : NULL;
	return line && strtol(line + 10, NULL, 10) != 0;
}

/* Only the loop thread: that of the process's own number. */
static pid_t start_tracer(struct ground *g, const char *trace, const char *inject, const char *out)
{
	char pid[16];
	char *argv[] = { "strace",
			 "-qq",
			 "-p",
			 pid,
			 "-o",
			 (char *)out,
			 "-e",
			 (char *)trace,
			 inject ? "-e" : NULL,
			 (char *)inject,
			 NULL };
	pid_t tracer;

	snprintf(pid, sizeof(pid), "%d", (int)g->host.daemon);
	unlink(out);
	tracer = rig_start(rig_path("strace.log"), argv);
	eventually(NULL, is_traced(g) || is_dead(g));
	return tracer;
}

/* strace lets go of the daemon. */
static void end_tracer(pid_t tracer)
{
	rig_stop(tracer, SIGTERM);
}

static bool has_taken_effect(const char *out)
{
	const char *text = rig_read(out);

	return text && (strstr(text, "(INJECTED)") || strstr(text, "killed by SIGKILL"));
}

/*
 * The daemon makes calls also without a deployment. So the last injection may have ended it after
 * the deployment, and strace can attach to no dead process: then the daemon is started, and all is
 * done again. Or this injection has ended it before anybody saw that it is traced: that is its
 * effect.
 */
static pid_t start_injecting(struct ground *g, const char *trace, const char *inject,
			     const char *out)
{
	pid_t tracer;

	for (;;) {
		eventually(NULL, converges(g));
		tracer = start_tracer(g, trace, inject, out);
		if (is_traced(g))
			return tracer;
		end_tracer(tracer);
		if (has_taken_effect(out))
			return 0;
	}
}

static unsigned count_in(const char *text, const char *name)
{
	size_t size = strlen(name);
	unsigned count = 0;

	for (const char *line = text; line && *line; line = strchr(line, '\n'), line += !!line)
		count += strncmp(line, name, size) == 0 && line[size] == '(';
	return count;
}

static void deploy(struct ground *g)
{
	ground_edit(g);
	eventually(NULL, ground_serves(g));
	eventually(NULL, rig_host_is(&g->host, "applied"));
}

static void record(struct ground *g)
{
	char *trace = xstrdup("trace=");
	const char *out = rig_path("record");
	pid_t tracer;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		char *longer = xasprintf("%s%s?%s", trace, i ? "," : "", calls[i].name);

		free(trace);
		trace = longer;
	}
	deploy(g);
	tracer = start_tracer(g, trace, NULL, out);
	deploy(g);
	end_tracer(tracer);
	free(trace);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		counts[i] = count_in(rig_read(out) ?: "", calls[i].name);
		if (counts[i] > CALLS_MOST)
			counts[i] = CALLS_MOST;
	}
}

/* --- one injection ---------------------------------------------------------------------------- */

static void inject_at(struct ground *g, const struct call *c, unsigned nth, bool kill)
{
	char trace[64], inject[128];
	const char *out = rig_path("injected");
	pid_t tracer;
	uint64_t begun;

	snprintf(trace, sizeof(trace), "trace=?%s", c->name);
	snprintf(inject, sizeof(inject), "inject=%s:%s%s:when=%u", c->name,
		 kill ? "signal=" : "error=", kill ? "SIGKILL" : c->error, nth);
	tracer = start_injecting(g, trace, inject, out);
	ground_edit(g);
	begun = rig_now();
	eventually(NULL, converges(g));
	if ((double)(rig_now() - begun) / 1e6 > sum.worst)
		sum.worst = (double)(rig_now() - begun) / 1e6;
	if (tracer)
		end_tracer(tracer);
	sum.tried++;
	sum.hit += has_taken_effect(out);
	if (*invariants_broken(g->invariants))
		fail_msg("%s of %s: %s", inject, c->name, invariants_broken(g->invariants));
}

static void enumerate(struct ground *g, bool kill)
{
	unsigned kinds = 0;

	memset(&sum, 0, sizeof(sum));
	record(g);
	fault(g);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		kinds += counts[i] > 0;
		for (unsigned nth = 1; nth <= counts[i]; nth++)
			inject_at(g, &calls[i], nth, kill);
	}
	notes(g,
	      "%u injections over %u calls, %u took effect, the daemon ended %u times, slowest "
	      "%.1f s; ",
	      sum.tried, kinds, sum.hit, sum.ended, sum.worst);
	assert_true(sum.hit > 50);
	heals(g);
	recovers_with_an_edit(g);
	fault(g); /* for what it uses: a daemon that was started again is not the one of before */
}

static void each_call_fails_once(struct ground *g)
{
	enumerate(g, false);
}

static void the_daemon_dies_at_each_call(struct ground *g)
{
	enumerate(g, true);
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("F4", "each system call of a deployment fails", each_call_fails_once),
		FAULT_CASE("F5", "death at each system call of a deployment",
			   the_daemon_dies_at_each_call),
	};

	return fault_run(cases, ARRAY_SIZE(cases));
}
