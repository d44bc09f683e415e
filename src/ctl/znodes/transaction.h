/*
 * A transaction: operations on znodes that are done together or not at all, and the note of who
 * made it in the root of the config.
 */
#ifndef ZKNGINX_CTL_TRANSACTION_H
#define ZKNGINX_CTL_TRANSACTION_H

#include "client.h"
#include "core/fleet/config_note.h"

/* Who writes; message NULL: without a reason. */
struct author {
	const char *root; /* of the config */
	const char *by, *message;
	const struct config_note *signature; /* of what the transaction makes; NULL: none */
};

struct transaction {
	struct client *client;
	const struct author *author;
	struct arena *arena;
	struct session_op *ops;
	size_t count, room;
};

/* Both outlive it. */
void transaction_init(struct transaction *t, struct client *client, const struct author *author);
void transaction_fini(struct transaction *t);

/* What the operation names is borrowed. */
void transaction_add(struct transaction *t, struct session_op op);
/* Creates of the znodes above the path that are missing; the config's root gets the note. */
int transaction_add_parents(struct transaction *t, const char *path, struct err *e);
/* The note, into the root (as it was read). Data that is no JSON object stays as it is; the
 * operator is told. */
void transaction_add_note(struct transaction *t, const struct znode *root);

/*
 * 0: done. 1: nothing was done, because the znode at *path is not what was expected (another
 * version, there or not there, with children). −1: an error; with ERR_UNAVAILABLE it is not known
 * whether it was done.
 */
int transaction_commit(struct transaction *t, const char **path, struct err *e);

#endif
