/*
 * What records of every kind have in common. When parents have been created, or a pause is over,
 * the owner's step() is called.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "record.h"
#include "sys/timing.h"

#define PARENTS_TRIES 3 /* another client may delete them meanwhile; the number is limited */
#define REST (5 * USEC_PER_SEC)

bool record_is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

bool record_may_step(const struct record *r)
{
	return session_state(r->session) == SESSION_CONNECTED && r->parents == 0 && !r->busy &&
	       !r->paused;
}

bool record_is_current(const struct record *r)
{
	return r->stored && r->wanted.size == r->sent.size &&
	       memcmp(buf_str(&r->wanted), buf_str(&r->sent), r->sent.size) == 0;
}

void record_want(struct record *r, const char *data, size_t size)
{
	if (strlen(r->path) + size > SESSION_REQUEST_LIMIT) {
		log_error("%s: %zu bytes are too many for a znode; the old data stays", r->path,
			  size);
		return;
	}
	buf_clear(&r->wanted);
	buf_put(&r->wanted, data, size);
	r->published = true;
}

const struct buf *record_take_up(struct record *r)
{
	buf_clear(&r->sent);
	buf_put(&r->sent, buf_str(&r->wanted), r->wanted.size);
	r->busy = true;
	r->stored = false;
	return &r->sent;
}

void record_succeed(struct record *r)
{
	r->tries = 0;
	r->logged = ZOK;
}

/* --- pauses ---------------------------------------------------------------------------------- */

void record_pause(struct record *r, uint64_t howlong)
{
	r->paused = true;
	timing_arm(r->pause, timing_jitter(howlong, 25));
}

void record_rest(struct record *r, int rc)
{
	if (r->logged != rc)
		log_warning("%s cannot be written: %s; trying again", r->path, zerror(rc));
	r->logged = rc;
	record_pause(r, REST);
}

void record_wake(struct record *r)
{
	r->paused = false;
}

static int on_pause_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct record *r = ctx;

	record_wake(r);
	r->step(r->ctx);
	return 0;
}

/* --- the znodes above ------------------------------------------------------------------------ */

static void on_parent(void *ctx, const struct session_reply *reply)
{
	struct record *r = ctx;

	/* Other results do not matter: the next write of the record shows them. */
	if (record_is_lost(reply->rc))
		r->tries = 0;
	if (--r->parents == 0)
		r->step(r->ctx);
}

void record_make_parents(struct record *r)
{
	CLEANUP(freep) char *copy = xstrdup(r->path);

	if (r->tries++ == PARENTS_TRIES) {
		r->tries = 0;
		record_rest(r, ZNONODE);
		return;
	}
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r->parents++;
		session_create(r->session, copy, NULL, 0, r->parent_flags, on_parent, r);
		*slash = '/';
	}
}

/* --- life ------------------------------------------------------------------------------------ */

int record_init(struct record *r, sd_event *loop, struct session *session, const char *path,
		void (*step)(void *ctx), void *ctx, struct err *e)
{
	int rc;

	*r = (struct record){ .session = session, .step = step, .ctx = ctx };
	r->path = xstrdup(path);
	rc = sd_event_add_time(loop, &r->pause, CLOCK_MONOTONIC, 0, 50 * USEC_PER_MSEC,
			       on_pause_over, r);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(r->pause, SD_EVENT_OFF);
	return rc < 0 ? err_set(e, ERR_SYS, "%s: cannot use the event loop: %s", path,
				strerror(-rc))
		      : 0;
}

void record_fini(struct record *r)
{
	sd_event_source_disable_unref(r->pause);
	free(r->path);
	buf_fini(&r->wanted);
	buf_fini(&r->sent);
}
