/*
 * The report: when it is made, and where it goes.
 *
 * STATE/status.json is replaced as a whole, the znodes go through the fleet (which spaces its
 * writes), systemd gets one line, and /metrics is made of the same value on each request. A report
 * waits a moment, so that the events of one deployment make one report.
 */
#include <stdlib.h>

#include <zknginx/log.h>

#include "core/status/known_problems.h"
#include "host/notify.h"
#include "publish.h"
#include "report.h"
#include "sys/disk.h"
#include "sys/timing.h"
#include "tally.h"

#define GATHER (50 * USEC_PER_MSEC)
#define HEARTBEAT (10 * USEC_PER_SEC)
#define LOG_PAUSE (60 * USEC_PER_SEC)

/* How long a problem may be half of a change: while no run is due, and in any case. */
#define GAP_MAX (5 * USEC_PER_SEC)
#define PATIENCE (30 * USEC_PER_SEC)

struct report {
	struct report_spec spec;
	const struct report_ops *ops;
	void *ctx;
	struct known_problems problems;
	struct tally tally;
	struct publish publish;
	struct log_limit limit;
	sd_event_source *timer;
};

/* --- problems ------------------------------------------------------------------------------- */

static void log_raised(const struct problem *p)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	problem_print(p, &text);
	log_warning("%s: %s (serving: %s)", p->znode, buf_str(&text), serving_name(p->serving));
}

static void log_resolved(const struct problem *p)
{
	log_notice("%s: resolved: %s", p->znode, p->message);
}

static const struct known_ops log_changes = { log_raised, log_resolved };

static struct known_times times(void)
{
	return (struct known_times){ .wall = timing_wall(), .monotonic = timing_now() };
}

void report_problems(struct report *r, const struct problems *problems)
{
	struct known_times now = times();

	known_problems_update(&r->problems, problems, &now, &log_changes);
	report_soon(r);
}

void report_unreadable(struct report *r, const struct problems *unreadable)
{
	struct known_times now = times();

	known_problems_replace_unreadable(&r->problems, unreadable, &now, &log_changes);
	report_soon(r);
}

static struct settling settling(const struct report *r)
{
	uint64_t gap = r->spec.settings->nginx.reload_gap;
	struct status_facts facts = { 0 };

	r->ops->facts(r->ctx, &facts);
	return (struct settling){
		.gap = gap < GAP_MAX ? gap : GAP_MAX,
		.patience = PATIENCE,
		.last_run = r->problems.last_run,
		.busy = facts.busy,
		.now = timing_now(),
	};
}

uint64_t report_conditions(const struct report *r, struct conditions *out)
{
	struct settling s = settling(r);

	known_problems_conditions(&r->problems, &s, out);
	return known_problems_settle_at(&r->problems, &s);
}

static char *status_path(const char *state_directory)
{
	return xasprintf("%s/status.json", state_directory);
}

void report_recall(const char *state_directory, struct problems *out)
{
	CLEANUP(freep) char *path = status_path(state_directory);
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct status s;

	if (disk_read_path(path, &text, NULL) < 0 ||
	    status_parse(arena, buf_str(&text), text.size, &s, NULL) < 0)
		return;
	for (size_t i = 0; i < s.problem_count; i++)
		problems_append(out, &s.problems[i].problem);
}

/* --- deployments ---------------------------------------------------------------------------- */

void report_outcome(struct report *r, const struct deployed *d)
{
	report_soon(r);
	tally_take(&r->tally, d, timing_wall());
}

/* --- the status ----------------------------------------------------------------------------- */

static enum status_state state_of(const struct report *r)
{
	struct status_facts facts = { 0 };

	r->ops->facts(r->ctx, &facts);
	facts.held = known_problems_are_held(&r->problems);
	facts.problems = r->problems.count;
	return status_choose(&facts);
}

/* The value is good until the next event, and while the arena is. */
static struct status make_status(const struct report *r, struct arena *scratch)
{
	struct status s = {
		.host = r->spec.host,
		.version = ZKNGINX_VERSION,
		.updated = timing_wall(),
		.state = state_of(r),
		.problems = r->problems.items,
		.problem_count = r->problems.count,
		.problem_total = r->problems.count,
	};

	tally_fill(&r->tally, &s);
	r->ops->fill(r->ctx, &s, scratch);
	return s;
}

void report_write_metrics(const struct report *r, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct status s = make_status(r, scratch);

	r->ops->fill_numbers(r->ctx, &s.numbers);
	status_write_metrics(&s, out);
}

void report_write_status(const struct report *r, struct buf *out)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct status s = make_status(r, scratch);

	status_write_json(&s, STATUS_PROBLEMS_MOST, out);
	buf_putc(out, '\n');
}

const char *report_not_ready(const struct report *r)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	struct status s = make_status(r, scratch);

	return status_not_ready(&s);
}

/* Not synced to the disk: after a crash of the host the next report replaces the file anyway. */
static void write_status_file(struct report *r, const struct buf *text)
{
	CLEANUP(freep) char *path = status_path(r->spec.settings->state.directory);
	unsigned suppressed;
	struct err e;

	if (disk_replace_path(path, 0644, text->data, text->size, DISK_VOLATILE, &e) == 0)
		return;
	if (log_limit_pass(&r->limit, timing_now(), LOG_PAUSE, &suppressed))
		log_warning("cannot write the status file: %s; nginx and ZooKeeper are not "
			    "affected",
			    e.text);
}

static void publish(struct report *r, const struct status *s, const struct buf *json)
{
	CLEANUP(freep)
	char *address = member_address(r->spec.settings->cluster.address, r->spec.host);
	struct settling settled = settling(r);
	struct publish_news news = {
		.status = s,
		.report = json,
		.member = { .address = address,
			    .id = r->spec.id,
			    .problems = (long)known_problems_settled(&r->problems, &settled) },
		.service = r->spec.settings->cluster.service,
		.started = r->spec.started,
	};

	if (!publish_is_news(&r->publish, s))
		return;
	r->ops->fill_member(r->ctx, &news.member);
	publish_news(&r->publish, r->spec.fleet, &news);
}

void report_now(struct report *r)
{
	CLEANUP(arena_freep) struct arena *scratch = arena_new();
	CLEANUP(buf_fini) struct buf json = BUF_INIT;
	CLEANUP(buf_fini) struct buf line = BUF_INIT;
	struct status s = make_status(r, scratch);

	status_write_json(&s, STATUS_PROBLEMS_MOST, &json);
	if (r->spec.fleet)
		publish(r, &s, &json);
	buf_putc(&json, '\n');
	write_status_file(r, &json);
	status_write_line(&s, &line);
	notify_status(buf_str(&line));
}

/* --- when ----------------------------------------------------------------------------------- */

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct report *r = userdata;

	r->ops->on_due(r->ctx);
	report_now(r);
	timing_arm(r->timer, HEARTBEAT);
	return 0;
}

void report_soon(struct report *r)
{
	uint64_t set = 0, soon = timing_now() + GATHER;

	sd_event_source_get_time(r->timer, &set);
	if (set > soon)
		timing_at(r->timer, soon);
}

void report_use_settings(struct report *r, const struct settings *settings)
{
	r->spec.settings = settings;
}

struct report *report_new(const struct report_spec *spec, const struct report_ops *ops, void *ctx)
{
	struct report *r = xcalloc(1, sizeof(*r));

	*r = (struct report){ .spec = *spec, .ops = ops, .ctx = ctx };
	known_problems_init(&r->problems);
	r->timer = timing_new(spec->loop, on_timer, r);
	timing_arm(r->timer, GATHER);
	return r;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	sd_event_source_disable_unref(r->timer);
	known_problems_fini(&r->problems);
	publish_fini(&r->publish);
	tally_fini(&r->tally);
	free(r);
}
