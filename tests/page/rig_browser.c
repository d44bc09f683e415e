/* One line of JSON for each step, and one for its answer. */
#include "../integration/rig.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_browser.h"

struct rig_browser {
	pid_t pid;
	int to, from;
	struct buf text;
};

/* Its standard error is that of the test. */
static void become_node(int in, int out)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execlp("node", "node", "tests/page/browser.mjs", NULL);
	_exit(127);
}

struct rig_browser *rig_browser_start(void)
{
	struct rig_browser *b = xcalloc(1, sizeof(*b));
	int to[2], from[2];

	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	b->pid = fork();
	assert_true(b->pid >= 0);
	if (b->pid == 0)
		become_node(to[0], from[1]);
	close(to[0]);
	close(from[1]);
	b->to = to[1];
	b->from = from[0];
	fcntl(b->from, F_SETFL, O_NONBLOCK);
	return b;
}

static bool has_line(struct rig_browser *b)
{
	char *room = buf_room(&b->text, 65536);
	ssize_t got = read(b->from, room, 65536);

	if (got > 0)
		buf_grow(&b->text, (size_t)got);
	if (got == 0)
		fail_msg("the browser has ended");
	return b->text.size && strchr(buf_str(&b->text), '\n');
}

/* A step ends by itself (browser.mjs), within the patience of the rig; the first one waits for the
 * start of a browser as well. */
static void await_line(struct rig_browser *b)
{
	uint64_t give_up = rig_now() + 3 * RIG_PATIENCE;

	while (!has_line(b)) {
		if (rig_now() > give_up)
			fail_msg("the browser does not answer");
		rig_pause(NULL);
	}
}

static void send_step(struct rig_browser *b, const char *step, va_list args)
{
	json_t *line = json_object(), *list = json_array();
	const char *word;
	char *text;

	while ((word = va_arg(args, const char *)))
		json_array_append_new(list, json_string(word));
	json_object_set_new(line, "step", json_string(step));
	json_object_set_new(line, "args", list);
	text = json_dumps(line, JSON_COMPACT);
	assert_true(dprintf(b->to, "%s\n", text) > 0);
	free(text);
	json_decref(line);
}

const char *rig_browser_step(struct rig_browser *b, const char *step, ...)
{
	const char *result, *error;
	va_list args;
	json_t *answer;

	va_start(args, step);
	send_step(b, step, args);
	va_end(args);
	await_line(b);
	answer = json_loads(buf_str(&b->text), 0, NULL);
	assert_non_null(answer);
	error = json_string_value(json_object_get(answer, "error"));
	if (error)
		fail_msg("%s: %s", step, error);
	result = rig_text("%s", json_string_value(json_object_get(answer, "value")) ?: "");
	json_decref(answer);
	buf_clear(&b->text);
	return result;
}

void rig_browser_stop(struct rig_browser *b)
{
	int status;

	rig_browser_step(b, "end", NULL);
	close(b->to);
	assert_int_equal(waitpid(b->pid, &status, 0), b->pid);
	assert_int_equal(status, 0);
	close(b->from);
	buf_fini(&b->text);
	free(b);
}
