/*
 * A record: one znode of a fixed name that we keep written. What is wanted, what was sent
 * last, at most one request under way, the znodes above it, and a pause after a failure
 * that only time mends. What kind of znode it is belongs to its owner (ephemeral.h,
 * persistent.h), whose `step` looks at what there is to do and is called whenever
 * something has changed.
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
	bool published; /* there is something wanted */
	bool busy;      /* a request is under way */
	bool stored;    /* the znode holds what was sent */
	bool paused;
	int complained;   /* the last result that was logged */
	unsigned parents; /* creates under way */
	unsigned tries;   /* of making them, since something was written */
	sd_event_source *pause;
};

/* The session is borrowed; it is freed before the record, which its answers still reach. */
int record_init(struct record *r, sd_event *loop, struct session *session, const char *path,
		void (*step)(void *ctx), void *ctx, struct err *e);
void record_fini(struct record *r);

/* What to hold from now on; copied. What is too large for a znode is logged and left. */
void record_want(struct record *r, const char *data, size_t size);

/* Is the link there, nothing under way, and no pause? */
bool record_may_step(const struct record *r);
/* Does the znode hold what is wanted? */
bool record_is_current(const struct record *r);
/* Does this result tell of the connection, and nothing of the request? */
bool record_is_lost(int rc);

/* The bytes to send: they stay as they are until the answer. */
const struct buf *record_take_up(struct record *r);
/* It was written: what went wrong before is forgotten. */
void record_succeed(struct record *r);
/* Nothing more for a while: it cannot be written. */
void record_rest(struct record *r, int rc);
/* Nothing more for about this long, then a step. */
void record_pause(struct record *r, uint64_t howlong);
void record_wake(struct record *r);
/* The znodes above it, persistent; then a step. */
void record_make_parents(struct record *r);

#endif
