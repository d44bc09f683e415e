/*
 * A record: one znode with a fixed name that we keep written. It has the wanted data, the data that
 * was sent last, at most one request under way, the parents, and a pause after a failure that only
 * time can end. What kind of znode it is belongs to its owner (ephemeral.h, persistent.h), whose
 * `step` checks what there is to do and is called whenever something has changed.
 */
#ifndef ZKNGINX_ZK_RECORD_H
#define ZKNGINX_ZK_RECORD_H

#include <zknginx/buf.h>

#include "session.h"

struct record {
	struct session *session;
	char *path;
	int parent_flags; /* of the znodes above it, as session_create() takes them */
	void (*step)(void *ctx);
	void *ctx;

	struct buf wanted, sent;
	bool published; /* there is wanted data */
	bool busy;      /* a request is under way */
	bool stored;    /* the znode has the data that was sent */
	bool paused;
	int logged;       /* the last result that was logged */
	unsigned parents; /* creates under way */
	unsigned tries;   /* of making them, since something was written */
	sd_event_source *pause;
};

/* The session is borrowed; it is freed before the record, which its answers still reach. */
int record_init(struct record *r, sd_event *loop, struct session *session, const char *path,
		void (*step)(void *ctx), void *ctx, struct err *e);
void record_fini(struct record *r);

/* The data from now on; copied. Data that is too large for a znode is logged and ignored. */
void record_want(struct record *r, const char *data, size_t size);

/* Is the session connected, no request under way, and no pause? */
bool record_may_step(const struct record *r);
/* Does the znode have the wanted data? */
bool record_is_current(const struct record *r);
/* Does this result only say that the connection was lost, and nothing of the request? */
bool record_is_lost(int rc);

/* The bytes to send, which do not change until the answer. */
const struct buf *record_take_up(struct record *r);
/* It was written: earlier failures are forgotten. */
void record_succeed(struct record *r);
/* It cannot be written: log it, and pause for a while. */
void record_rest(struct record *r, int rc);
/* Pause for about this long, then a step. */
void record_pause(struct record *r, uint64_t howlong);
void record_wake(struct record *r);
/* Create the parents, persistent; then a step. */
void record_make_parents(struct record *r);

#endif
