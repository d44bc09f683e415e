/*
 * The report: one status value, filled in from every wing, told to everybody.
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

#include "daemon.h"
#include "host/notify.h"

#define GATHER (50 * USEC_PER_MSEC)
#define HEARTBEAT (10 * USEC_PER_SEC)

/* Of a report that could not be stored whole, so many problems are left in. */
#define PROBLEMS_PUBLISHED 500

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
	log_warning("%s: %s%s%s (serving: %s)", p->znode, p->field, *p->field ? ": " : "",
		    p->message, serving_name(p->serving));
}

static void log_mended(const struct problem *p)
{
	log_notice("%s: mended: %s", p->znode, p->message);
}

/* Both lists are sorted: a problem that stood before keeps its time. */
void report_problems(struct daemon *d, const struct problems *problems)
{
	struct report *r = &d->report;
	struct arena *arena = arena_new();
	struct status_problem *list = arena_array(arena, struct status_problem, problems->count);
	uint64_t now = now_wall();
	size_t j = 0;

	for (size_t i = 0; i < problems->count; i++) {
		int order = 1;

		list[i] = (struct status_problem){ copy_problem(arena, &problems->items[i]), now };
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
	problems_fini(&problems);
}

/* Does a guard keep something that ZooKeeper does not have any more? */
static bool is_held(const struct report *r)
{
	for (size_t i = 0; i < r->problem_count; i++) {
		const struct problem *p = &r->problems[i].problem;

		if (p->kind == PROBLEM_GUARD && p->serving == SERVING_PREVIOUS)
			return true;
	}
	return false;
}

/* --- the value ------------------------------------------------------------------------------ */

enum status_state report_state(const struct daemon *d)
{
	struct nginx_status nginx;

	deploy_nginx_status(d->deploy, &nginx);
	if (session_state(mirror_session(d->mirror)) != SESSION_CONNECTED)
		return STATUS_DISCONNECTED;
	if (!d->tree)
		return STATUS_WAITING;
	if (d->attempt.model || d->dirty || d->discovery.waiting)
		return STATUS_DEPLOYING;
	if (d->refusal.message)
		return STATUS_REJECTED;
	if (strcmp(nginx.state, "running") != 0 || !nginx.included)
		return STATUS_WAITING;
	if (is_held(&d->report))
		return STATUS_HELD;
	return d->report.problem_count ? STATUS_DEGRADED : STATUS_APPLIED;
}

static uint64_t to_wall(uint64_t monotonic)
{
	return now_wall() - (now_monotonic() - monotonic);
}

static void fill_zookeeper(const struct daemon *d, struct status *s)
{
	const struct session *session = mirror_session(d->mirror);

	s->zookeeper.state = session_state_name(session_state(session));
	s->zookeeper.server = session_server(session);
	s->zookeeper.session = session_id(session);
	s->zookeeper.since = to_wall(session_since(session));
	s->zookeeper.nodes = mirror_nodes(d->mirror);
	s->zookeeper.watches = mirror_watches(d->mirror);
	s->zookeeper.reconnects = session_reconnects(session);
	s->zookeeper.requests = session_requests(session);
}

static void fill_nginx(const struct daemon *d, struct status *s)
{
	struct nginx_status nginx;

	deploy_nginx_status(d->deploy, &nginx);
	s->nginx.state = nginx.state;
	s->nginx.pid = nginx.pid;
	s->nginx.workers = nginx.workers;
	s->nginx.old_workers = nginx.old_workers;
	s->nginx.reloads = nginx.reloads;
	s->nginx.included = nginx.included;
	s->nginx.sandbox = nginx.sandbox;
}

/* `discovery` is the caller's to free. */
static struct status fill(const struct daemon *d, struct status_discovery **discovery)
{
	const struct report *r = &d->report;
	struct status s = {
		.host = d->host,
		.version = ZKNGINX_VERSION,
		.updated = now_wall(),
		.state = report_state(d),
		.revision_seen = d->seen,
		.revision_applied = d->applied,
		.generation = stage_live(d->stage),
		.problems = r->problems,
		.problem_count = r->problem_count,
	};

	s.discovery = *discovery = discovery_status(d->good, &s.discovery_count);
	fill_zookeeper(d, &s);
	fill_nginx(d, &s);
	s.deployments.applied = r->applied;
	s.deployments.rejected = r->rejected;
	s.deployments.rolled_back = r->rolled_back;
	s.deployments.last_generation = r->last_generation;
	s.deployments.last_at = r->last_at;
	s.deployments.last_total_ms = r->last_total_ms;
	memcpy(s.deployments.stages_ms, r->stages_ms, sizeof(r->stages_ms));
	return s;
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
	r->last_at = now_wall();
	r->last_total_ms = o->total_ms;
	for (size_t i = 0; i < STAGE_N; i++)
		r->stages_ms[i] = d->attempt.stages_ms[i] + o->stages_ms[i];
	r->last_total_ms += d->attempt.stages_ms[STAGE_DECODE] + d->attempt.stages_ms[STAGE_RENDER];
}

void report_metrics(void *daemon, struct buf *out)
{
	CLEANUP(freep) struct status_discovery *discovery = NULL;
	struct status s = fill(daemon, &discovery);

	status_write_metrics(&s, out);
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
	if (log_limit_pass(&limit, now_monotonic(), 60 * USEC_PER_SEC, &suppressed))
		log_warning(
			"%s: the status cannot be written; nginx and ZooKeeper are not affected",
			path);
}

static void write_member(const struct daemon *d, const struct status *s, struct buf *out)
{
	json_auto_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "host", d->host, "address",
				   d->settings->cluster.address, "state",
				   status_state_name(s->state), "revision", d->applied, "nginx",
				   strcmp(s->nginx.state, "running") == 0 ? "up" : "down",
				   "version", ZKNGINX_VERSION);
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	if (!text)
		die("out of memory");
	buf_puts(out, text);
	free(text);
}

/* A report that says the same but for its time and its counters is not worth a write to ZooKeeper.
 */
static bool is_news(struct daemon *d, struct status s)
{
	struct buf bare = BUF_INIT;
	bool news;

	s.updated = 0;
	s.zookeeper.requests = 0;
	status_write_json(&s, PROBLEMS_PUBLISHED, &bare);
	news = bare.size != d->report.written.size ||
	       memcmp(bare.data, d->report.written.data, bare.size) != 0;
	buf_fini(&d->report.written);
	d->report.written = bare;
	return news;
}

void report_now(struct daemon *d)
{
	CLEANUP(freep) struct status_discovery *discovery = NULL;
	struct status s = fill(d, &discovery);
	struct buf json = BUF_INIT, line = BUF_INIT, member = BUF_INIT;

	status_write_json(&s, 0, &json);
	buf_putc(&json, '\n');
	write_status_file(d, &json);
	status_write_line(&s, &line);
	notify_status(buf_str(&line));
	if (d->fleet && is_news(d, s)) {
		buf_clear(&json);
		status_write_json(&s, PROBLEMS_PUBLISHED, &json);
		write_member(d, &s, &member);
		fleet_publish(d->fleet, &(struct fleet_news){ .member = member.data,
							      .member_size = member.size,
							      .report = json.data,
							      .report_size = json.size });
	}
	buf_fini(&json);
	buf_fini(&line);
	buf_fini(&member);
}

static void arm(struct daemon *d, uint64_t when)
{
	int rc = sd_event_source_set_time(d->report.timer, when);

	if (rc >= 0)
		rc = sd_event_source_set_enabled(d->report.timer, SD_EVENT_ONESHOT);
	if (rc < 0)
		die("sd-event: timer: %s", strerrordesc_np(-rc));
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct daemon *d = userdata;

	report_now(d);
	arm(d, now_monotonic() + HEARTBEAT);
	return 0;
}

void report_soon(struct daemon *d)
{
	uint64_t set = 0, soon = now_monotonic() + GATHER;

	if (!d->report.timer)
		return;
	sd_event_source_get_time(d->report.timer, &set);
	if (set > soon)
		arm(d, soon);
}

void report_init(struct daemon *d)
{
	int rc;

	d->report.arena = arena_new();
	rc = sd_event_add_time(d->loop, &d->report.timer, CLOCK_MONOTONIC, now_monotonic() + GATHER,
			       1000, on_timer, d);
	if (rc < 0)
		die("sd-event: timer: %s", strerrordesc_np(-rc));
}

void report_fini(struct daemon *d)
{
	sd_event_source_disable_unref(TAKE(d->report.timer));
	arena_free(TAKE(d->report.arena));
	buf_fini(&d->report.written);
}
