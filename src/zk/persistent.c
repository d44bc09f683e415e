/*
 * Set the znode, or else create it, or else create its parents; after each, step() runs again. A
 * new session writes again, in case the znode was deleted in the meantime.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "persistent.h"
#include "record.h"
#include "sys/timing.h"

struct persistent {
	struct record record;
	uint64_t gap, due;
	bool permitted, distrusted;
	unsigned epoch;
	sd_event_source *timer;
};

static void step(void *ctx);

static void on_done(struct persistent *p, int rc)
{
	struct record *r = &p->record;

	r->busy = false;
	r->stored = rc == ZOK && !p->distrusted;
	if (rc == ZOK)
		record_succeed(r);
	else if (rc == ZNONODE && p->permitted)
		record_make_parents(r);
	else if (rc != ZNONODE && rc != ZNODEEXISTS && !record_is_lost(rc))
		record_rest(r, rc);
	step(p);
}

static void on_created(void *ctx, const struct session_reply *r)
{
	on_done(ctx, r->rc);
}

static void on_set(void *ctx, const struct session_reply *reply)
{
	struct persistent *p = ctx;
	struct record *r = &p->record;

	if (reply->rc == ZNONODE && p->permitted)
		session_create(r->session, r->path, buf_str(&r->sent), r->sent.size, 0, on_created,
			       p);
	else
		on_done(p, reply->rc);
}

static void step(void *ctx)
{
	struct persistent *p = ctx;
	struct record *r = &p->record;
	uint64_t now = timing_now();
	const struct buf *b;

	if (!p->permitted || !r->published || !record_may_step(r) || record_is_current(r))
		return;
	if (now < p->due) {
		timing_arm(p->timer, p->due - now);
		return;
	}
	p->due = now + p->gap;
	p->distrusted = false;
	b = record_take_up(r);
	session_set(r->session, r->path, buf_str(b), b->size, -1, on_set, p);
}

static int on_due(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	step(ctx);
	return 0;
}

void persistent_want(struct persistent *p, const char *data, size_t size)
{
	record_want(&p->record, data, size);
	step(p);
}

void persistent_permit(struct persistent *p, bool permitted)
{
	p->permitted = permitted;
	step(p);
}

void persistent_distrust(struct persistent *p)
{
	p->record.stored = false;
	p->distrusted = true; /* also what is under way */
}

void persistent_on_state(struct persistent *p, enum session_state state)
{
	if (state == SESSION_CONNECTED && p->epoch != session_epoch(p->record.session)) {
		p->epoch = session_epoch(p->record.session);
		p->record.stored = false;
		record_wake(&p->record);
	}
	step(p);
}

int persistent_new(const struct persistent_spec *spec, struct persistent **out, struct err *e)
{
	CLEANUP(persistent_freep) struct persistent *p = xcalloc(1, sizeof(*p));
	int rc;

	if (record_init(&p->record, spec->loop, spec->session, spec->path, step, p, e) < 0)
		return -1;
	rc = sd_event_add_time(spec->loop, &p->timer, CLOCK_MONOTONIC, 0, 50 * USEC_PER_MSEC,
			       on_due, p);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	if (rc < 0)
		return err_set(e, ERR_SYS, "%s: cannot use the event loop: %s", spec->path,
			       strerror(-rc));
	p->gap = spec->gap;
	*out = TAKE(p);
	return 0;
}

void persistent_free(struct persistent *p)
{
	if (!p)
		return;
	record_fini(&p->record);
	sd_event_source_disable_unref(p->timer);
	free(p);
}
