/* What the parts of the fleet share: its session and the report (fleet.c), the member
 * (fleet_member.c). */
#ifndef ZKNGINX_ZK_FLEET_PARTS_H
#define ZKNGINX_ZK_FLEET_PARTS_H

#include <zknginx/buf.h>

#include "fleet.h"

enum member_state {
	MEMBER_ABSENT,  /* as far as we know; to be created */
	MEMBER_UNSURE,  /* to be looked at */
	MEMBER_OURS,    /* to be kept up to date */
	MEMBER_FOREIGN, /* to be waited out */
	MEMBER_STATE_N
};

struct record {
	char *path;
	struct buf wanted, sent;
	bool published; /* there is something wanted */
	bool busy;      /* a request is under way */
	bool stored;    /* the znode holds what was sent */
	bool paused;
	int complained; /* the last result that was logged */
};

struct fleet {
	struct session *session;
	void (*on_state)(void *ctx);
	void *ctx;
	unsigned epoch;

	struct record member, report;
	enum member_state state;
	int64_t owner; /* of a foreign member */
	int version;   /* of our own, so that nobody else's is overwritten */
	uint64_t report_due;
	unsigned parents; /* creates under way */
	unsigned tries;   /* of making them, since something was written */
	sd_event_source *pause, *due;
};

/* fleet.c */
/* Does what there is to do. */
void fleet_step(struct fleet *f);
bool fleet_is_lost(int rc);
/* Does the znode hold what is wanted? */
bool fleet_is_current(const struct record *r);
/* The bytes to send: they stay as they are until the answer. */
const struct buf *fleet_take_up(struct record *r);
/* It was written: what went wrong before is forgotten. */
void fleet_succeed(struct fleet *f, struct record *r);
/* Nothing more for a while: it cannot be written. */
void fleet_rest(struct fleet *f, struct record *r, int rc);
/* Nothing more for a while. */
void fleet_pause(struct fleet *f, struct record *r);
/* The znodes above both records; then a step. */
void fleet_make_parents(struct fleet *f, struct record *r);

/* fleet_member.c */
void fleet_step_member(struct fleet *f);
/* It was deleted. */
void fleet_lose_member(struct fleet *f);

#endif
