/* A child that the page no longer waits for ends by itself: an action is not half done. */
#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

#include <zknginx/arena.h>

#include "core/text/json_text.h"
#include "sys/child.h"
#include "task.h"

#define TASKS_MOST 8
#define TASKS_READING 6 /* of these at most: the others are for actions */
#define DEADLINE (180 * USEC_PER_SEC)
#define OUTPUT_MOST ((size_t)32 << 20)
#define GLOBALS 10

struct task {
	struct web_request *request; /* NULL: the place is free */
	struct child *child;
};

struct tasks {
	const struct ctl *ctl;
	struct task items[TASKS_MOST];
};

void task_add(struct task_words *w, const char *word)
{
	if (w->count == TASK_WORDS)
		die("a command with too many words");
	w->items[w->count++] = word;
}

/* --- the end ---------------------------------------------------------------------------------- */

static json_t *messages_json(const struct child_result *r)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (r->failure)
		buf_printf(&text, "the command did not run: %s", r->failure);
	else if (r->timed_out)
		buf_puts(&text, "the command was ended after 3 minutes; \"zknginxctl status\" "
				"shows what it has done");
	else
		buf_put(&text, buf_str(r->errors), r->errors->size);
	return json_text(buf_str(&text));
}

static void answer(struct web_request *request, const struct child_result *r)
{
	struct buf text = BUF_INIT;
	json_t *j = json_object(), *result = NULL;

	if (r->output->size <= OUTPUT_MOST)
		result = json_loadb(buf_str(r->output), r->output->size, JSON_DECODE_ANY, NULL);
	json_put(j, "code",
		 json_integer(r->exited && !r->timed_out && !r->failure ? r->code : CTL_UNKNOWN));
	json_put(j, "result", result ?: json_null());
	json_put(j, "messages", messages_json(r));
	json_print(j, JSON_COMPACT, &text);
	web_answer(request, MHD_HTTP_OK, WEB_JSON, &text);
}

static void on_done(void *ctx, const struct child_result *r)
{
	struct task *t = ctx;
	struct web_request *request = TAKE(t->request);

	answer(request, r);
	child_free(TAKE(t->child));
}

/* --- the beginning ---------------------------------------------------------------------------- */

static size_t put_globals(const struct ctl *ctl, struct arena *a, char **argv)
{
	size_t n = 0;

	argv[n++] = arena_strdup(a, "zknginxctl");
	argv[n++] = arena_strdup(a, "--json");
	argv[n++] = arena_printf(a, "--timeout=%llums",
				 (unsigned long long)(ctl->timeout / USEC_PER_MSEC));
	if (ctl->settings_given)
		argv[n++] = arena_printf(a, "--config=%s", ctl->settings_path);
	if (ctl->servers)
		argv[n++] = arena_printf(a, "--servers=%s", ctl->servers);
	return n;
}

static int spawn(struct task *t, const struct ctl *ctl, const struct task_words *w, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	char *argv[GLOBALS + TASK_WORDS + 1] = { 0 };
	size_t n = put_globals(ctl, a, argv);
	const struct child_spec spec = {
		.path = "/proc/self/exe",
		.exec_fd = -1,
		.argv = argv,
		.envp = environ,
		.deadline = DEADLINE,
		.keep_output = true,
		.done = on_done,
		.ctx = t,
	};

	for (size_t i = 0; i < w->count; i++)
		argv[n++] = arena_strdup(a, w->items[i]);
	return child_spawn(ctl->loop, &spec, &t->child, e);
}

static struct task *free_place(struct tasks *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!t->items[i].request)
			return &t->items[i];
	}
	return NULL;
}

void task_run(struct tasks *t, struct web_request *r, const struct task_words *w, bool acts)
{
	size_t count = acts ? TASKS_MOST : TASKS_READING;
	struct task *place = free_place(t, count);
	struct err e;

	if (!place) {
		web_refuse(r, MHD_HTTP_SERVICE_UNAVAILABLE,
			   "%zu commands run for pages: try again when one has ended", count);
		return;
	}
	if (spawn(place, t->ctl, w, &e) < 0) {
		web_refuse(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "the command does not start: %s",
			   e.text);
		return;
	}
	place->request = r;
	web_wait(r);
}

/* --- life ------------------------------------------------------------------------------------- */

struct tasks *tasks_new(const struct ctl *ctl)
{
	struct tasks *t = xcalloc(1, sizeof(*t));

	t->ctl = ctl;
	return t;
}

void tasks_free(struct tasks *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < TASKS_MOST; i++) {
		child_free(t->items[i].child);
		if (t->items[i].request)
			web_refuse(t->items[i].request, MHD_HTTP_SERVICE_UNAVAILABLE,
				   "zknginxctl ends");
	}
	free(t);
}
