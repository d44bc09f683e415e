/* A persistent znode that we write again and again: the latest data counts, and writes are spaced.
 */
#ifndef ZKNGINX_ZK_PERSISTENT_H
#define ZKNGINX_ZK_PERSISTENT_H

#include "session.h"

struct persistent;

struct persistent_spec {
	sd_event *loop;
	struct session *session; /* borrowed, and freed before */
	const char *path;
	uint64_t gap; /* between two writes */
};
/* Nothing is written until it is permitted. */
int persistent_new(const struct persistent_spec *spec, struct persistent **out, struct err *e);
void persistent_free(struct persistent *p);
DEFINE_CLEANUP(struct persistent *, persistent_free)

/* Its data from now on; copied; written when it differs. */
void persistent_want(struct persistent *p, const char *data, size_t size);
void persistent_permit(struct persistent *p, bool permitted);
/* Another host may have written it: ours is written again. */
void persistent_distrust(struct persistent *p);

/* The owner of the session passes its events on. */
void persistent_on_state(struct persistent *p, enum session_state state);

#endif
