/*
 * An ephemeral znode with a fixed name that is to be ours while it has something to say. A znode of
 * that name that belongs to another session is never overwritten and never deleted: we wait until
 * it is gone. Whether it is our own previous session's or another host's is decided by
 * zknginx/rival.h.
 */
#ifndef ZKNGINX_ZK_EPHEMERAL_H
#define ZKNGINX_ZK_EPHEMERAL_H

#include <zknginx/buf.h>

#include "session.h"

enum ephemeral_state {
	EPHEMERAL_ABSENT,  /* as far as is known */
	EPHEMERAL_UNSURE,  /* a look decides */
	EPHEMERAL_OURS,    /* kept up to date */
	EPHEMERAL_FOREIGN, /* we wait until it is gone */
	EPHEMERAL_STATE_N
};

struct ephemeral;

struct ephemeral_spec {
	sd_event *loop;
	struct session *session; /* borrowed, and freed before the ephemeral */
	const char *path;
	int flags, parent_flags; /* as session_create() takes them, beside ZOO_EPHEMERAL */
	/* The state, or what is known of a foreign znode, has changed. May be NULL. */
	void (*on_change)(void *ctx);
	void *ctx;
};
int ephemeral_new(const struct ephemeral_spec *spec, struct ephemeral **out, struct err *e);
void ephemeral_free(struct ephemeral *e);
DEFINE_CLEANUP(struct ephemeral *, ephemeral_free)

/* Its data from now on; copied; written when it differs; the latest counts. NULL: ours is deleted.
 */
void ephemeral_want(struct ephemeral *e, const char *data, size_t size);
/* While true, as if NULL were wanted. */
void ephemeral_withhold(struct ephemeral *e, bool withheld);

/* The owner of the session passes its events on. */
void ephemeral_on_state(struct ephemeral *e, enum session_state state);
void ephemeral_on_watch(struct ephemeral *e, int type, const char *path);

enum ephemeral_state ephemeral_state(const struct ephemeral *e);
const char *ephemeral_path(const struct ephemeral *e);

/* The owner of the znode while the state is FOREIGN. Valid until the next change. */
struct ephemeral_holder {
	int64_t session; /* 0: the znode is persistent */
	bool another;    /* it belongs to another host */
	struct buf data; /* empty when it cannot be read */
};
const struct ephemeral_holder *ephemeral_holder(const struct ephemeral *e);

#endif
