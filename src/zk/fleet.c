/*
 * This host's two znodes in the fleet. Each is a record: what is wanted, what was sent
 * last, at most one request under way, and a pause after a failure that only time mends.
 * Everything is driven by one function, which looks at what there is to do and is called
 * whenever something has changed.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "fleet_parts.h"
#include "sys/timing.h"

#define PATIENCE (5 * USEC_PER_SEC)
#define REPORT_GAP USEC_PER_SEC
#define PARENTS_TRIES 3 /* others may be deleting them; but not for ever */
#define PAUSE (5 * USEC_PER_SEC)

bool fleet_is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

bool fleet_is_current(const struct record *r)
{
	return r->stored && r->wanted.size == r->sent.size &&
	       memcmp(buf_str(&r->wanted), buf_str(&r->sent), r->sent.size) == 0;
}

const struct buf *fleet_take_up(struct record *r)
{
	buf_clear(&r->sent);
	buf_put(&r->sent, buf_str(&r->wanted), r->wanted.size);
	r->busy = true;
	r->stored = false;
	return &r->sent;
}

void fleet_succeed(struct fleet *f, struct record *r)
{
	f->tries = 0;
	r->complained = ZOK;
}

void fleet_pause(struct fleet *f, struct record *r)
{
	r->paused = true;
	timing_arm(f->pause, PAUSE / 4 * 3 + timing_random(PAUSE / 2));
}

void fleet_rest(struct fleet *f, struct record *r, int rc)
{
	if (r->complained != rc)
		log_warning("%s cannot be written: %s", r->path, zerror(rc));
	r->complained = rc;
	fleet_pause(f, r);
}

/* --- the znodes above ------------------------------------------------------------------------ */

static void on_parent(void *ctx, const struct session_reply *r)
{
	struct fleet *f = ctx;

	/* Whatever else it came to: the znode below will tell. */
	if (fleet_is_lost(r->rc))
		f->tries = 0;
	if (--f->parents == 0)
		fleet_step(f);
}

static void make_parents_of(struct fleet *f, const char *path)
{
	CLEANUP(freep) char *copy = xstrdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		f->parents++;
		session_create(f->session, copy, NULL, 0, 0, on_parent, f);
		*slash = '/';
	}
}

void fleet_make_parents(struct fleet *f, struct record *r)
{
	if (f->parents)
		return;
	if (f->tries++ == PARENTS_TRIES) {
		f->tries = 0;
		fleet_rest(f, r, ZNONODE);
		return;
	}
	make_parents_of(f, f->member.path);
	make_parents_of(f, f->report.path);
}

/* --- the report ------------------------------------------------------------------------------ */

static void on_report_created(void *ctx, const struct session_reply *r);

static void on_report_done(struct fleet *f, int rc)
{
	f->report.busy = false;
	f->report.stored = rc == ZOK;
	if (rc == ZOK)
		fleet_succeed(f, &f->report);
	else if (rc == ZNONODE)
		fleet_make_parents(f, &f->report);
	else if (rc != ZNODEEXISTS && !fleet_is_lost(rc))
		fleet_rest(f, &f->report, rc);
	fleet_step(f);
}

static void on_report_set(void *ctx, const struct session_reply *r)
{
	struct fleet *f = ctx;

	if (r->rc == ZNONODE)
		session_create(f->session, f->report.path, buf_str(&f->report.sent),
			       f->report.sent.size, 0, on_report_created, f);
	else
		on_report_done(f, r->rc);
}

static void on_report_created(void *ctx, const struct session_reply *r)
{
	on_report_done(ctx, r->rc);
}

static void step_report(struct fleet *f)
{
	uint64_t now = timing_now();
	const struct buf *b;

	if (fleet_is_current(&f->report))
		return;
	if (now < f->report_due) {
		timing_arm(f->due, f->report_due - now);
		return;
	}
	f->report_due = now + REPORT_GAP;
	b = fleet_take_up(&f->report);
	session_set(f->session, f->report.path, buf_str(b), b->size, -1, on_report_set, f);
}

/* --- what moves it --------------------------------------------------------------------------- */

static bool may_step(const struct fleet *f, const struct record *r)
{
	return session_state(f->session) == SESSION_CONNECTED && f->parents == 0 && r->published &&
	       !r->busy && !r->paused;
}

void fleet_step(struct fleet *f)
{
	if (may_step(f, &f->member))
		fleet_step_member(f);
	if (may_step(f, &f->report))
		step_report(f);
}

static int on_pause_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct fleet *f = ctx;

	f->member.paused = f->report.paused = false;
	fleet_step(f);
	return 0;
}

static int on_due(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	fleet_step(ctx);
	return 0;
}

/* A new session owns nothing; what was persistent is written again, lest it was deleted. */
static void begin(struct fleet *f)
{
	f->epoch = session_epoch(f->session);
	f->member.stored = f->report.stored = false;
	f->member.paused = f->report.paused = false;
	f->state = MEMBER_ABSENT;
}

static void on_session_state(void *ctx, enum session_state state)
{
	struct fleet *f = ctx;

	if (state == SESSION_CONNECTED && f->epoch != session_epoch(f->session))
		begin(f);
	fleet_step(f);
	if (f->on_state)
		f->on_state(f->ctx);
}

static void on_session_watch(void *ctx, int type, const char *path)
{
	struct fleet *f = ctx;

	if (type == ZOO_DELETED_EVENT && strcmp(path, f->member.path) == 0)
		fleet_lose_member(f);
}

static const struct session_ops session_ops = {
	.on_state = on_session_state,
	.on_watch = on_session_watch,
};

/* --- life ------------------------------------------------------------------------------------ */

static void record_fini(struct record *r)
{
	free(r->path);
	buf_fini(&r->wanted);
	buf_fini(&r->sent);
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	f->on_state = NULL;
	session_free(f->session, PATIENCE);
	sd_event_source_disable_unref(f->pause);
	sd_event_source_disable_unref(f->due);
	record_fini(&f->member);
	record_fini(&f->report);
	free(f);
}
DEFINE_CLEANUP(struct fleet *, fleet_free)

static int add_timer(sd_event *loop, sd_event_source **timer, sd_event_time_handler_t on_time,
		     struct fleet *f, struct err *e)
{
	int rc = sd_event_add_time(loop, timer, CLOCK_MONOTONIC, 0, 50 * USEC_PER_MSEC, on_time, f);

	if (rc >= 0)
		rc = sd_event_source_set_enabled(*timer, SD_EVENT_OFF);
	return rc < 0 ? err_set(e, ERR_SYS, "fleet: cannot use the event loop: %s", strerror(-rc))
		      : 0;
}

int fleet_new(sd_event *loop, const struct zookeeper_settings *settings, const char *host,
	      void (*on_state)(void *ctx), void *ctx, struct fleet **out, struct err *e)
{
	CLEANUP(fleet_freep) struct fleet *f = xcalloc(1, sizeof(*f));

	if (!*host || strchr(host, '/') || strcmp(host, ".") == 0 || strcmp(host, "..") == 0)
		return err_set(e, ERR_INPUT, "\"%s\" cannot be a host's name in the fleet", host);
	f->member.path = xasprintf("%s/members/%s", settings->cluster, host);
	f->report.path = xasprintf("%s/reports/%s", settings->cluster, host);
	if (add_timer(loop, &f->pause, on_pause_over, f, e) < 0 ||
	    add_timer(loop, &f->due, on_due, f, e) < 0 ||
	    session_new(loop, "control", settings, &session_ops, f, &f->session, e) < 0)
		return -1;
	f->on_state = on_state;
	f->ctx = ctx;
	*out = TAKE(f);
	return 0;
}

static void want(struct record *r, const char *data, size_t size)
{
	if (strlen(r->path) + size > SESSION_REQUEST_LIMIT) {
		log_error("%s: %zu bytes are more than a znode takes; it stays as it is", r->path,
			  size);
		return;
	}
	buf_clear(&r->wanted);
	buf_put(&r->wanted, data, size);
	r->published = true;
}

void fleet_publish(struct fleet *f, const char *member, size_t member_size, const char *report,
		   size_t report_size)
{
	want(&f->member, member, member_size);
	want(&f->report, report, report_size);
	fleet_step(f);
}

const struct session *fleet_session(const struct fleet *f)
{
	return f->session;
}
