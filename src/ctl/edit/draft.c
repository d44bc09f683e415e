/* The file, the editor's process, and signals. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "draft.h"
#include "sys/disk.h"

/* --- signals --------------------------------------------------------------------------------- */

static char kept[512]; /* what a signal's handler writes */
static size_t kept_size;

static void on_signal(int signal)
{
	ssize_t ignored = write(STDERR_FILENO, kept, kept_size);

	(void)ignored;
	_exit(128 + signal);
}

static void handle(int signal, void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(signal, &action, NULL);
}

static void handle_all(void (*handler)(int signal))
{
	static const int ends[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		handle(ends[i], handler);
}

static void say_where_on_signals(const char *path)
{
	int size = snprintf(kept, sizeof(kept),
			    "\nzknginxctl: interrupted; what you typed is in %s\n", path);

	kept_size = size < (int)sizeof(kept) ? (size_t)size : sizeof(kept) - 1;
	handle_all(on_signal);
}

/* --- the file -------------------------------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t put = write(fd, data + done, size - done);

		if (put < 0 && errno != EINTR)
			return -1;
		done += put > 0 ? (size_t)put : 0;
	}
	return 0;
}

int draft_new(const char *name, const char *suffix, const char *data, size_t size, char **path,
	      struct err *e)
{
	const char *directory = getenv("TMPDIR");
	CLEANUP(freep)
	char *file = xasprintf("%s/zknginx-%s-XXXXXX%s",
			       directory && *directory ? directory : "/tmp", name, suffix);
	int fd = mkstemps(file, (int)strlen(suffix)), rc;

	if (fd < 0)
		return err_sys(e, "%s", file);
	rc = write_all(fd, data, size) < 0 ? err_sys(e, "%s", file) : 0;
	if (close(fd) < 0 && rc == 0)
		rc = err_sys(e, "%s", file);
	if (rc < 0) {
		unlink(file);
		return -1;
	}
	say_where_on_signals(file);
	*path = TAKE(file);
	return 0;
}

bool draft_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

int draft_read(const char *path, struct buf *out, struct err *e)
{
	return disk_read_path(path, out, e);
}

void draft_remove(const char *path)
{
	handle_all(SIG_DFL);
	unlink(path);
}

/* --- the editor ------------------------------------------------------------------------------ */

static bool is_in_path(const char *name)
{
	CLEANUP(freep) char *list = xstrdup(getenv("PATH") ?: "/usr/bin:/bin");
	char *rest = list;

	for (char *directory; (directory = strsep(&rest, ":"));) {
		CLEANUP(freep) char *file = xasprintf("%s/%s", directory, name);

		if (access(file, X_OK) == 0)
			return true;
	}
	return false;
}

static const char *choose_editor(void)
{
	static const char *const variables[] = { "VISUAL", "EDITOR" };
	static const char *const names[] = { "editor", "vi", "nano" };

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		const char *value = getenv(variables[i]);

		if (value && *value)
			return value;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (is_in_path(names[i]))
			return names[i];
	}
	return NULL;
}

/* The value may have arguments ("code --wait"), so a shell takes it apart. */
static int spawn_editor(const char *editor, const char *path, pid_t *pid)
{
	extern char **environ;
	CLEANUP(freep) char *script = xasprintf("exec %s \"$@\"", editor);
	CLEANUP(freep) char *file = xstrdup(path);
	char *argv[] = { (char *)"sh", (char *)"-c", script, (char *)"sh", file, NULL };
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int rc;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, "/bin/sh", NULL, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

static int refuse_status(const char *editor, int status, struct err *e)
{
	if (WIFSIGNALED(status))
		return err_set(e, ERR_REFUSED, "the editor \"%s\" was killed by signal %d (%s)",
			       editor, WTERMSIG(status), sigdescr_np(WTERMSIG(status)) ?: "");
	if (WEXITSTATUS(status))
		return err_set(e, ERR_REFUSED, "the editor \"%s\" failed with exit status %d",
			       editor, WEXITSTATUS(status));
	return 0;
}

int draft_edit(const char *path, struct err *e)
{
	const char *editor = choose_editor();
	int status = 0, rc;
	pid_t pid;

	if (!editor)
		return err_set(e, ERR_REFUSED, "there is no editor: set $EDITOR");
	fflush(stdout);
	handle(SIGINT, SIG_IGN); /* Ctrl-C is for the editor */
	handle(SIGQUIT, SIG_IGN);
	rc = spawn_editor(editor, path, &pid);
	if (rc != 0) {
		errno = rc;
		rc = err_sys(e, "cannot run the editor \"%s\"", editor);
	}
	while (rc == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	handle(SIGINT, on_signal);
	handle(SIGQUIT, on_signal);
	return rc < 0 ? -1 : refuse_status(editor, status, e);
}
