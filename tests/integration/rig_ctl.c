/* Runs of zknginxctl. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_ctl.h"

#define ARGUMENTS_MOST 40

static const char *binary(void)
{
	return getenv("ZKNGINXCTL") ?: "build/zknginxctl";
}

/* argv of a run; `more` ends with NULL. */
static void fill(const char *argv[ARGUMENTS_MOST], const char *settings, const char *const *more)
{
	size_t n = 0;

	argv[n++] = binary();
	if (settings) {
		argv[n++] = "-c";
		argv[n++] = settings;
	}
	while (*more && n < ARGUMENTS_MOST - 1)
		argv[n++] = *more++;
	argv[n] = NULL;
}

static void collect(const char *more[ARGUMENTS_MOST], const char *first, va_list args)
{
	size_t n = 0;

	for (const char *s = first; s && n < ARGUMENTS_MOST - 1; s = va_arg(args, const char *))
		more[n++] = s;
	more[n] = NULL;
}

static int status_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct rig_ctl_result rig_ctl_with(const char *settings, const char *input,
				   const char *const *arguments)
{
	extern char **environ;
	static unsigned runs;
	const char *argv[ARGUMENTS_MOST];
	char *in = rig_path("ctl.in.%u", runs), *out = rig_path("ctl.out.%u", runs),
	     *err = rig_path("ctl.err.%u", runs);
	posix_spawn_file_actions_t files;
	struct rig_ctl_result r = { .code = -1 };
	int status = 0;
	pid_t pid;

	runs++;
	rig_write(in, "%s", input ?: "");
	fill(argv, settings, arguments);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, in, O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (posix_spawn(&pid, argv[0], &files, NULL, (char **)argv, environ) != 0)
		fail_msg("cannot run %s", argv[0]);
	posix_spawn_file_actions_destroy(&files);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	r.code = status_code(status);
	r.out = rig_read(out) ?: "";
	r.err = rig_read(err) ?: "";
	unlink(in);
	unlink(out);
	unlink(err);
	return r;
}

struct rig_ctl_result rig_ctl(const char *settings, const char *argument, ...)
{
	const char *more[ARGUMENTS_MOST];
	va_list args;

	va_start(args, argument);
	collect(more, argument, args);
	va_end(args);
	return rig_ctl_with(settings, NULL, more);
}

json_t *rig_ctl_json(const struct rig_ctl_result *r)
{
	json_error_t error;
	json_t *value = json_loads(r->out, 0, &error);

	if (!value)
		fail_msg("no JSON (%s): %s%s", error.text, r->out, r->err);
	return value;
}

void rig_ctl_assert_code(const struct rig_ctl_result *r, int code)
{
	if (r->code == code)
		return;
	fprintf(stderr, "--- standard output\n%s--- standard error\n%s", r->out, r->err);
	fail_msg("exit status %d, expected %d", r->code, code);
}

void rig_ctl_assert_says(const struct rig_ctl_result *r, const char *text)
{
	if (!strstr(r->err, text) && !strstr(r->out, text))
		fail_msg("\"%s\" is not in: %s%s", text, r->out, r->err);
}

const char *rig_json_keys(const json_t *object)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	static char keys[1024];
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
		buf_printf(&text, "%s%s", text.size ? " " : "", key);
	snprintf(keys, sizeof(keys), "%s", buf_str(&text));
	return keys;
}

const char *rig_json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

/* --- on a terminal ---------------------------------------------------------------------------- */

struct rig_terminal {
	pid_t pid;
	int fd;
	struct buf shown;
	bool ended;
	int status;
};

struct rig_terminal *rig_terminal_run(unsigned columns, const char *const *argv)
{
	struct rig_terminal *t = xcalloc(1, sizeof(*t));
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = 40 };

	t->pid = forkpty(&t->fd, NULL, NULL, &size);
	if (t->pid < 0)
		fail_msg("no pseudo-terminal: %s", strerror(errno));
	if (t->pid == 0) {
		setenv("TERM", "xterm", 1);
		unsetenv("NO_COLOR");
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	fcntl(t->fd, F_SETFD, FD_CLOEXEC);
	return t;
}

struct rig_terminal *rig_terminal_ctl(const char *settings, unsigned columns, const char *argument,
				      ...)
{
	const char *argv[ARGUMENTS_MOST], *more[ARGUMENTS_MOST];
	va_list args;

	va_start(args, argument);
	collect(more, argument, args);
	va_end(args);
	fill(argv, settings, more);
	return rig_terminal_run(columns, argv);
}

const char *rig_terminal_shown(struct rig_terminal *t)
{
	char chunk[4096];
	ssize_t got;

	while ((got = read(t->fd, chunk, sizeof(chunk))) > 0)
		buf_put(&t->shown, chunk, (size_t)got);
	return buf_str(&t->shown);
}

bool rig_terminal_shows(struct rig_terminal *t, const char *text)
{
	return strstr(rig_terminal_shown(t), text);
}

void rig_terminal_type(struct rig_terminal *t, const char *text)
{
	size_t size = strlen(text);

	if (write(t->fd, text, size) != (ssize_t)size)
		fail_msg("cannot type %s", text);
}

pid_t rig_terminal_pid(const struct rig_terminal *t)
{
	return t->pid;
}

bool rig_terminal_ended(struct rig_terminal *t, int *code)
{
	rig_terminal_shown(t);
	if (!t->ended && waitpid(t->pid, &t->status, WNOHANG) == t->pid) {
		t->ended = true;
		rig_terminal_shown(t);
	}
	if (t->ended && code)
		*code = status_code(t->status);
	return t->ended;
}

void rig_terminal_free(struct rig_terminal *t)
{
	if (!t)
		return;
	if (!t->ended) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	close(t->fd);
	buf_fini(&t->shown);
	free(t);
}
