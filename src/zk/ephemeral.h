/*
 * An ephemeral znode of a fixed name that is to be ours while there is something to say in
 * it. One of that name that belongs to another session is waited out, never overwritten and
 * never deleted; what it is (our own last session's, or another host's) is judged as
 * zknginx/rival.h says.
 */
#ifndef ZKNGINX_ZK_EPHEMERAL_H
#define ZKNGINX_ZK_EPHEMERAL_H

#include <zknginx/buf.h>

#include "session.h"

enum ephemeral_state {
	EPHEMERAL_ABSENT,  /* as far as we know */
	EPHEMERAL_UNSURE,  /* to be looked at */
	EPHEMERAL_OURS,    /* to be kept up to date */
	EPHEMERAL_FOREIGN, /* to be waited out */
	EPHEMERAL_STATE_N
};

struct ephemeral;

struct ephemeral_spec {
	sd_event *loop;
	struct session *session; /* borrowed, and freed before the ephemeral */
	const char *path;
	int flags, parent_flags; /* as session_create() takes them, beside ZOO_EPHEMERAL */
	/* The state, or what is known of a foreign one, has changed. May be NULL. */
	void (*on_change)(void *ctx);
	void *ctx;
};
int ephemeral_new(const struct ephemeral_spec *spec, struct ephemeral **out, struct err *e);
void ephemeral_free(struct ephemeral *e);
DEFINE_CLEANUP(struct ephemeral *, ephemeral_free)

/* What it says from now on; copied; written when it differs, latest wins. NULL: it is not to be
 * there; ours is deleted. */
void ephemeral_want(struct ephemeral *e, const char *data, size_t size);
/* While true, as if NULL were wanted. */
void ephemeral_withhold(struct ephemeral *e, bool withheld);

/* To be told by the owner of the session. */
void ephemeral_on_state(struct ephemeral *e, enum session_state state);
void ephemeral_on_watch(struct ephemeral *e, int type, const char *path);

enum ephemeral_state ephemeral_state(const struct ephemeral *e);
const char *ephemeral_path(const struct ephemeral *e);

/* Who has the name; means something while the state is FOREIGN. Valid until the next change. */
struct ephemeral_holder {
	int64_t session; /* 0: a persistent znode is in its place */
	bool another;    /* it is another host's */
	struct buf data; /* empty when it cannot be read */
};
const struct ephemeral_holder *ephemeral_holder(const struct ephemeral *e);

#endif
