/*
 * The client: single requests to ZooKeeper, each of which waits for its answer. Whole subtrees are
 * read by reader.h.
 *
 * Results: 1 it is there, 0 there is no such znode (reads); 0 done (writes); -1 with an error.
 * ERR_UNAVAILABLE: ZooKeeper does not answer; of a write it is not known whether it was done.
 * ERR_REFUSED: ZooKeeper answered and refused.
 */
#ifndef ZKNGINX_CTL_CLIENT_H
#define ZKNGINX_CTL_CLIENT_H

#include <zknginx/tree.h>

#include "ctl.h"
#include "zk/session.h"

struct client;

/* Connects, and waits for that until the timeout of the command. ctl outlives it. */
int client_open(struct ctl *ctl, struct client **out, struct err *e);
void client_free(struct client *c);
DEFINE_CLEANUP(struct client *, client_free)
/* For jobs of src/zk. Valid until a request of this client was not answered. */
struct session *client_session(struct client *c);

/* The znode with its data, in the arena. */
int client_get(struct client *c, struct arena *a, const char *path, struct znode *out,
	       struct err *e);
/* The same, and what ZooKeeper says of it besides. */
int client_get_stat(struct client *c, struct arena *a, const char *path, struct znode *out,
		    struct session_stat *stat, struct err *e);
/* Names of the children, sorted, in the arena. */
int client_children(struct client *c, struct arena *a, const char *path, const char ***out,
		    size_t *count, struct err *e);

/* One transaction. *failed (may be NULL) after ERR_REFUSED: the index of the operation that was
 * refused, and *rc (may be NULL) why (ZBADVERSION, ZNODEEXISTS, … of session_result()). */
int client_multi(struct client *c, const struct session_op *ops, size_t count, size_t *failed,
		 int *rc, struct err *e);

/* Runs the loop until done(ctx) is true; false: the timeout (in microseconds from now) has passed.
 */
bool ctl_run_until(struct ctl *ctl, bool (*done)(void *ctx), void *ctx, uint64_t timeout);

#endif
