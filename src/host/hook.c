/*
 * The queue of commands that wait, and the one that runs.
 *
 * A job is one call of hooks_run(), copied. It is in `waiting`, or it is `running`, or it is over.
 * When it is over, its done() is called last of all, when nothing of the queue is used any more: so
 * done() may ask for the next run or free the queue. Every start goes through the loop: no job is
 * started within the call that asks for it.
 *
 * A newer job of a name goes to the end of the queue and not to the place of the older one, so that
 * jobs run in the order of the last requests.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "hook.h"
#include "hook_check.h"
#include "hook_words.h"
#include "sys/child.h"
#include "sys/timing.h"

#define KEPT_MAX 100
#define DROPS_TOLD (60 * USEC_PER_SEC)

struct job {
	TAILQ_ENTRY(job) link;
	struct hook_spec spec; /* with copies of name, argv and input */
};
TAILQ_HEAD(jobs, job);

struct hooks {
	sd_event *loop;
	sd_event_source *turn; /* starts the next job */
	struct jobs waiting;
	struct job *running;
	struct child *child;
	struct hook_tail output;
	struct log_limit drops;
};

/* --- jobs ------------------------------------------------------------------------------------- */

static const char *const *copy_argv(const char *const *argv)
{
	size_t count = 0;
	const char **copy;

	while (argv[count])
		count++;
	copy = xcalloc(count + 1, sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = xstrdup(argv[i]);
	return copy;
}

/* Never NULL: without input, standard input is an empty file. */
static const char *copy_input(const struct hook_spec *spec)
{
	char *copy = xmalloc(spec->input_size + 1);

	if (spec->input_size)
		memcpy(copy, spec->input, spec->input_size);
	return copy;
}

static struct job *job_new(const struct hook_spec *spec)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->spec = *spec;
	j->spec.name = xstrdup(spec->name);
	j->spec.argv = copy_argv(spec->argv);
	j->spec.input = copy_input(spec);
	return j;
}

static void job_free(struct job *j)
{
	for (size_t i = 0; j->spec.argv[i]; i++)
		free((void *)j->spec.argv[i]);
	free((void *)j->spec.argv);
	free((void *)j->spec.name);
	free((void *)j->spec.input);
	free(j);
}
DEFINE_CLEANUP(struct job *, job_free)

static void drop(struct hooks *h, struct job *j)
{
	TAILQ_REMOVE(&h->waiting, j, link);
	job_free(j);
}

/* --- one run ---------------------------------------------------------------------------------- */

static void arm(struct hooks *h)
{
	if (!h->running && !TAILQ_EMPTY(&h->waiting))
		sd_event_source_set_enabled(h->turn, SD_EVENT_ONESHOT);
}

static void finish(struct hooks *h, bool passed, const char *message)
{
	CLEANUP(job_freep) struct job *j = TAKE(h->running);
	struct hook_result r = { .name = j->spec.name, .passed = passed, .message = message };

	child_free(TAKE(h->child));
	arm(h);
	if (j->spec.done)
		j->spec.done(j->spec.ctx, &r);
	else if (!passed)
		log_warning("%s: %s", r.name, message);
}

static void on_output(void *ctx, const char *bytes, size_t size)
{
	struct hooks *h = ctx;

	hook_tail_add(&h->output, bytes, size);
}

static void on_end(void *ctx, const struct child_result *r)
{
	struct hooks *h = ctx;
	CLEANUP(freep) char *words = hook_words(r, &h->output, h->running->spec.deadline);

	finish(h, hook_passed(r), words);
}

/* The command's working directory: one that always exists and that no unmount has to wait for. */
static int leave_directory(void *ctx UNUSED, const char **what)
{
	*what = "cannot change to /";
	return chdir("/") < 0 ? errno : 0;
}

static int start(struct hooks *h, const struct hook_spec *job, struct err *e)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					     (char *)"LANG=C.UTF-8", (char *)"LC_ALL=C.UTF-8",
					     NULL };
	struct child_spec spec = {
		.path = job->argv[0],
		.argv = (char *const *)(uintptr_t)job->argv,
		.envp = environment,
		.input = job->input,
		.input_size = job->input_size,
		.deadline = job->deadline,
		.prepare = leave_directory,
		.on_output = on_output,
		.done = on_end,
		.ctx = h,
	};
	int rc;

	if (hook_open(job->argv[0], &spec.exec_fd, e) < 0)
		return -1;
	rc = child_spawn(h->loop, &spec, &h->child, e);
	if (spec.exec_fd >= 0)
		close(spec.exec_fd);
	return rc;
}

static int on_turn(sd_event_source *source UNUSED, void *ctx)
{
	struct hooks *h = ctx;
	struct err e;

	if (h->running || TAILQ_EMPTY(&h->waiting))
		return 0;
	h->running = TAILQ_FIRST(&h->waiting);
	TAILQ_REMOVE(&h->waiting, h->running, link);
	h->output.size = 0;
	if (start(h, &h->running->spec, &e) < 0)
		finish(h, false, e.text);
	return 0;
}

/* --- the queue -------------------------------------------------------------------------------- */

struct hooks *hooks_new(sd_event *loop)
{
	struct hooks *h = xcalloc(1, sizeof(*h));
	int rc;

	h->loop = sd_event_ref(loop);
	TAILQ_INIT(&h->waiting);
	rc = sd_event_add_defer(loop, &h->turn, on_turn, h);
	if (rc < 0)
		die("the event loop refused a source: %s", strerrordesc_np(-rc));
	sd_event_source_set_enabled(h->turn, SD_EVENT_OFF);
	return h;
}

void hooks_free(struct hooks *h)
{
	struct job *j;

	if (!h)
		return;
	sd_event_source_disable_unref(h->turn);
	child_free(h->child);
	if (h->running)
		job_free(h->running);
	while ((j = TAILQ_FIRST(&h->waiting)))
		drop(h, j);
	sd_event_unref(h->loop);
	free(h);
}

static struct job *first_of(const struct hooks *h, const char *name, size_t *count)
{
	struct job *j, *first = NULL;

	*count = 0;
	TAILQ_FOREACH(j, &h->waiting, link)
	{
		if (strcmp(j->spec.name, name) != 0)
			continue;
		first = first ?: j;
		++*count;
	}
	return first;
}

/* Drop what a new job of this name replaces. */
static void make_room(struct hooks *h, const struct hook_spec *spec)
{
	size_t count;
	struct job *oldest = first_of(h, spec->name, &count);
	unsigned untold;

	if (!oldest || (spec->keep_all && count < KEPT_MAX))
		return;
	if (spec->keep_all && log_limit_pass(&h->drops, timing_now(), DROPS_TOLD, &untold))
		log_warning("%s: %d runs are waiting already: the oldest is dropped", spec->name,
			    KEPT_MAX);
	drop(h, oldest);
}

void hooks_run(struct hooks *h, const struct hook_spec *spec)
{
	struct job *j;

	if (!spec->argv || !spec->argv[0])
		return;
	make_room(h, spec);
	j = job_new(spec);
	TAILQ_INSERT_TAIL(&h->waiting, j, link);
	arm(h);
}
