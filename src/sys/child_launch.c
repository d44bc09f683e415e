/*
 * From fork to exec. The daemon has threads, and a lock may be held by one that does not exist in
 * the child. So only async-signal-safe calls are made, nothing is allocated, and nothing is
 * formatted. Signals are blocked until the handlers are back to their defaults.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child_launch.h"

#define DESCRIPTORS_MAX 65536

int launch_descriptors(void)
{
	long most = sysconf(_SC_OPEN_MAX);

	return most > 0 && most < DESCRIPTORS_MAX ? (int)most : DESCRIPTORS_MAX;
}

static __attribute__((noreturn)) void give_up(const struct launch *l, int sys, const char *what)
{
	struct launch_failure f = { .sys = sys };
	size_t size = strnlen(what, sizeof(f.what) - 1);

	memcpy(f.what, what, size);
	if (write(l->failure, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static void reset_signals(void)
{
	static const int caught[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGALRM,
				      SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD };
	struct sigaction fallback = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaction(caught[i], &fallback, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A change of credentials clears the death signal, hence twice. */
static void die_with_parent(const struct launch *l)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		give_up(l, errno, "cannot set the parent-death signal of the child");
	if (getppid() != l->parent)
		_exit(127);
}

static void redirect_standard(const struct launch *l)
{
	if (dup2(l->input, STDIN_FILENO) < 0 || dup2(l->output, STDOUT_FILENO) < 0 ||
	    dup2(l->errors, STDERR_FILENO) < 0)
		give_up(l, errno, "cannot redirect the child's output");
}

static void close_others_on_exec(const struct launch *l)
{
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = 3; fd < l->descriptors; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void launch_child(const struct launch *l)
{
	const struct child_spec *s = l->spec;
	const char *what = "cannot prepare the child";
	int rc;

	setpgid(0, 0);
	reset_signals();
	die_with_parent(l);
	redirect_standard(l);
	if (s->prepare && (rc = s->prepare(s->prepare_ctx, &what)) != 0)
		give_up(l, rc, what);
	die_with_parent(l);
	close_others_on_exec(l);
	if (s->exec_fd >= 0)
		syscall(SYS_execveat, s->exec_fd, "", s->argv, s->envp, AT_EMPTY_PATH);
	else
		execve(s->path, s->argv, s->envp);
	rc = errno;
	give_up(l, rc, s->path ? s->path : "cannot execute the program");
}
