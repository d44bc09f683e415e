/*
 * The report: one status value (report_status.c), told to everybody.
 *
 * STATE/status.json is replaced by rename, the report and member znodes go through
 * the fleet (which spaces its writes), systemd gets one line, and /metrics reads
 * the same value when it is scraped. Changes are gathered for a moment, so that a
 * deployment's flurry of events is one report.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "host/notify.h"
#include "report.h"

#define GATHER (50 * USEC_PER_MSEC)
#define HEARTBEAT (10 * USEC_PER_SEC)

/* --- problems and since when ---------------------------------------------------------------- */

static struct problem copy_problem(struct arena *a, const struct problem *p)
{
	struct problem copy = *p;

	copy.znode = arena_strdup(a, p->znode);
	copy.field = arena_strdup(a, p->field);
	copy.message = arena_strdup(a, p->message);
	return copy;
}

static void log_new(const struct problem *p)
{
	char line[32] = "";

	if (p->line)
		snprintf(line, sizeof(line), "line %u: ", p->line);
	log_warning("%s: %s%s%s%s (serving: %s)", p->znode, line, p->field, *p->field ? ": " : "",
		    p->message, serving_name(p->serving));
}

static void log_mended(const struct problem *p)
{
	log_notice("%s: mended: %s", p->znode, p->message);
}

static enum problem_kind kind_of(const char *name)
{
	int kind = 0;

	while (kind + 1 < PROBLEM_KIND_N &&
	       strcmp(problem_kind_name((enum problem_kind)kind), name ?: "") != 0)
		kind++;
	return (enum problem_kind)kind;
}

/* What was a problem before this start is none of the revision that runs on trial. */
static void recall_problems(struct daemon *d)
{
	CLEANUP(freep) char *path = xasprintf("%s/status.json", d->settings->state.directory);
	json_auto_t *report = json_load_file(path, 0, NULL);
	const json_t *problems = json_object_get(report, "problems");

	for (size_t i = 0; i < json_array_size(problems); i++) {
		const json_t *p = json_array_get(problems, i);
		const char *znode = json_string_value(json_object_get(p, "znode"));
		const char *message = json_string_value(json_object_get(p, "message"));

		if (znode && message)
			problems_add(&d->problems, znode,
				     kind_of(json_string_value(json_object_get(p, "kind"))),
				     json_string_value(json_object_get(p, "field")), "%s", message);
	}
}

/*
 * A znode that goes from one problem to another has had one all the time. Both lists are sorted by
 * znode; *at is kept from call to call.
 */
static uint64_t found_at(const struct report *r, const char *znode, size_t *at, uint64_t now)
{
	int order = 1;

	while (*at < r->problem_count &&
	       (order = strcmp(r->problems[*at].problem.znode, znode)) < 0)
		++*at;
	return *at < r->problem_count && order == 0 ? r->problems[*at].found : now;
}

/* Both lists are sorted: a problem that stood before keeps its time. */
void report_problems(struct daemon *d, const struct problems *problems)
{
	struct report *r = &d->report;
	struct arena *arena = arena_new();
	struct status_problem *list = arena_array(arena, struct status_problem, problems->count);
	uint64_t now = timing_wall();
	size_t j = 0, same = 0;

	r->last_run = timing_now();
	for (size_t i = 0; i < problems->count; i++) {
		struct problem p = copy_problem(arena, &problems->items[i]);
		int order = 1;

		list[i] =
			(struct status_problem){ p, now, found_at(r, p.znode, &same, r->last_run) };
		while (j < r->problem_count &&
		       (order = problem_compare(&r->problems[j].problem, &list[i].problem)) < 0)
			log_mended(&r->problems[j++].problem);
		if (j < r->problem_count && order == 0)
			list[i].since = r->problems[j++].since;
		else
			log_new(&list[i].problem);
	}
	while (j < r->problem_count)
		log_mended(&r->problems[j++].problem);
	arena_free(r->arena);
	r->arena = arena;
	r->problems = list;
	r->problem_count = problems->count;
	report_soon(d);
}

void report_obstacles(struct daemon *d)
{
	uint64_t last_run = d->report.last_run;
	struct problems problems;

	problems_init(&problems);
	mirror_problems(d->mirror, &problems);
	for (size_t i = 0; i < d->report.problem_count; i++) {
		const struct problem *p = &d->report.problems[i].problem;
		struct problem *again;

		if (p->kind == PROBLEM_ACCESS)
			continue;
		again = problems_add(&problems, p->znode, p->kind, p->field, "%s", p->message);
		again->line = p->line;
		again->serving = p->serving;
	}
	problems_sort(&problems);
	report_problems(d, &problems);
	d->report.last_run = last_run; /* the config was not looked at */
	problems_fini(&problems);
}

void report_outcome(struct daemon *d, const struct outcome *o)
{
	struct report *r = &d->report;

	report_soon(d);
	if (o->result == DEPLOY_UNCHANGED)
		return;
	r->applied += o->result == DEPLOY_APPLIED || o->result == DEPLOY_DEFERRED;
	r->rejected += o->result == DEPLOY_REFUSED || o->result == DEPLOY_REJECTED ||
		       o->result == DEPLOY_DIED;
	r->rolled_back += o->result == DEPLOY_REJECTED || o->result == DEPLOY_DIED;
	r->last_generation = o->generation;
	r->last_at = timing_wall();
	r->last_total_ms = o->total_ms;
	for (size_t i = 0; i < STEP_N; i++)
		r->steps_ms[i] = d->attempt.steps_ms[i] + o->steps_ms[i];
	r->last_total_ms += d->attempt.steps_ms[STEP_DECODE] + d->attempt.steps_ms[STEP_RENDER];
}

/* --- telling it ----------------------------------------------------------------------------- */

static int write_file(const char *path, const struct buf *text, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	ssize_t put;

	if (fd < 0)
		return err_sys(e, "%s", path);
	put = write(fd, text->data, text->size);
	if (put == (ssize_t)text->size)
		return close(fd) < 0 ? err_sys(e, "%s", path) : 0;
	if (put >= 0)
		errno = ENOSPC;
	err_sys(e, "%s", path);
	close(fd);
	return -1;
}

/* No fsync: after a crash of the host the next report replaces it anyway. */
static void write_status_file(const struct daemon *d, const struct buf *text)
{
	CLEANUP(freep) char *path = xasprintf("%s/status.json", d->settings->state.directory);
	CLEANUP(freep) char *fresh = xasprintf("%s.new", path);
	static struct log_limit limit;
	unsigned suppressed;
	struct err e;

	if (write_file(fresh, text, &e) == 0 && rename(fresh, path) == 0)
		return;
	if (log_limit_pass(&limit, timing_now(), 60 * USEC_PER_SEC, &suppressed))
		log_warning(
			"%s: the status cannot be written; nginx and ZooKeeper are not affected",
			path);
}

void report_metrics(void *daemon, struct buf *out)
{
	CLEANUP(scratch_fini) struct scratch scratch = { 0 };
	struct status s = report_fill(daemon, &scratch);

	status_write_metrics(&s, out);
}

/* A report that says the same but for its time and its counters is not worth a write to ZooKeeper.
 */
static bool is_news(struct daemon *d, struct status s)
{
	struct buf bare = BUF_INIT;
	bool news;

	s.updated = 0;
	s.zookeeper.requests = 0;
	s.nginx.tests = 0;
	s.probe.requests = s.probe.connections = 0;
	status_write_json(&s, PROBLEMS_PUBLISHED, &bare);
	news = bare.size != d->report.written.size ||
	       memcmp(bare.data, d->report.written.data, bare.size) != 0;
	buf_fini(&d->report.written);
	d->report.written = bare;
	return news;
}

void report_now(struct daemon *d)
{
	CLEANUP(scratch_fini) struct scratch scratch = { 0 };
	CLEANUP(buf_fini) struct buf json = BUF_INIT;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct status s = report_fill(d, &scratch);

	status_write_json(&s, 0, &json);
	buf_putc(&json, '\n');
	write_status_file(d, &json);
	status_write_line(&s, &line);
	notify_status(buf_str(&line));
	if (d->fleet && is_news(d, s))
		report_publish(d, &s);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	alarm_update(d); /* not in the last report, after the loop: no timer can be set any more */
	report_now(d);
	timing_arm(d->report.timer, HEARTBEAT);
	return 0;
}

void report_soon(struct daemon *d)
{
	uint64_t set = 0, soon = timing_now() + GATHER;

	if (!d->report.timer)
		return;
	sd_event_source_get_time(d->report.timer, &set);
	if (set > soon)
		timing_at(d->report.timer, soon);
}

void report_init(struct daemon *d)
{
	d->report.arena = arena_new();
	recall_problems(d);
	d->report.timer = timing_new(d->loop, on_timer, d);
	timing_arm(d->report.timer, GATHER);
}

void report_fini(struct daemon *d)
{
	sd_event_source_disable_unref(TAKE(d->report.timer));
	arena_free(TAKE(d->report.arena));
	buf_fini(&d->report.written);
}
