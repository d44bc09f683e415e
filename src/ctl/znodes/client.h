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

#include "ctl/console/ctl.h"
#include "zk/session.h"

struct client;

/* Connects, and waits for that until the timeout of the command. ctl outlives it. */
int client_open(struct ctl *ctl, struct client **out, struct err *e);
/* The same at these servers ("HOST:PORT,…[/CHROOT]") in place of those of the settings. */
int client_open_at(struct ctl *ctl, const char *hosts, struct client **out, struct err *e);
void client_free(struct client *c);
DEFINE_CLEANUP(struct client *, client_free)
/* For jobs of src/zk. Valid until a request of this client was not answered. */
struct session *client_session(struct client *c);

/* The znode with its data, in the arena. */
int client_get(struct client *c, struct arena *a, const char *path, struct znode *out,
	       struct err *e);
int client_stat(struct client *c, const char *path, struct session_stat *out, struct err *e);
/* The same, and what ZooKeeper says of it besides. */
int client_get_stat(struct client *c, struct arena *a, const char *path, struct znode *out,
		    struct session_stat *stat, struct err *e);
/* Names of the children, sorted, in the arena. */
int client_children(struct client *c, struct arena *a, const char *path, const char ***out,
		    size_t *count, struct err *e);

/* The ACLs of many znodes, in the arena. rc: SESSION_OK, or why there is none. 0, or -1: ZooKeeper
 * does not answer. */
struct client_acl {
	int rc;
	const struct acl_entry *entries;
	size_t count;
};
/* May every client change the znode, or what is below it? */
bool client_acl_is_open(const struct client_acl *acl);
int client_acls(struct client *c, struct arena *a, const char *const *paths, size_t count,
		struct client_acl *out, struct err *e);

/* One transaction. *failed (may be NULL) after ERR_REFUSED: the index of the operation that was
 * refused, and *rc (may be NULL) why (ZBADVERSION, ZNODEEXISTS, … of session_result()). */
int client_multi(struct client *c, const struct session_op *ops, size_t count, size_t *failed,
		 int *rc, struct err *e);
/* Is a znode not as the operation expected it? What is refused for another reason, such as an ACL,
 * is no conflict. */
bool client_is_conflict(int rc);

#endif
