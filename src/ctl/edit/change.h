/*
 * A change of one place in ZooKeeper: what set, edit and rm have in common.
 *
 * It is made in one transaction with the note in the config's root. Each znode in it is checked
 * against the version that was read, so what another client wrote meanwhile is never overwritten.
 * Below the root of the config, a change that the daemons would refuse is refused first.
 */
#ifndef ZKNGINX_CTL_CHANGE_H
#define ZKNGINX_CTL_CHANGE_H

#include "ctl/console/command.h"
#include "ctl/lint/findings.h"
#include "ctl/sign/signer.h"
#include "ctl/znodes/transaction.h"

struct change {
	struct ctl *ctl;
	struct arena *arena;
	struct client *client;
	const char *path;
	bool force;
	char *by; /* of the author */
	struct author author;
	struct signer *signer;        /* NULL: it is not signed */
	struct config_note signature; /* of the last result */
	const char *mark; /* the id of the mark of a removal of `path`; "": it is none */
	bool exists;      /* what was read: */
	struct znode before;
	/* of the last result */
	struct tree *checked; /* what the problems are about */
	struct problems problems;
	struct findings findings;
	const char *conflict;         /* the path */
	size_t written, transactions; /* of a removal that is larger than one transaction */
	bool taken; /* CHANGE_CONFLICT of a put: the znode is there, as `theirs` */
	struct znode theirs;
};

enum change_result {
	CHANGE_DONE,
	CHANGE_SAME,     /* ZooKeeper has these bytes already */
	CHANGE_REFUSED,  /* the daemons would refuse it: `findings` */
	CHANGE_CONFLICT, /* another client has changed a znode since it was read: `conflict` */
	CHANGE_FAILED,   /* the error says why */
};

/* The options that such commands have: --force, --by, --message, --sign. */
#define CHANGE_OPTIONS                                                                             \
	SIGN_OPTION, { "force", 'f', NULL, WORD_NONE, "write what the daemons would refuse" },     \
		{ "by", 0, "NAME", WORD_NONE, "who writes, for the history (default USER@HOST)" }, \
	{                                                                                          \
		"message", 'm', "TEXT", WORD_NONE, "why, for the history"                          \
	}

/* Connects and reads the znode; an exit code, CTL_OK to go on. */
int change_open(struct change *c, struct ctl *ctl, const struct arguments *args);
/* Also of a change of zeros. */
void change_fini(struct change *c);

/* Ends the connection; the next request opens another one. */
void change_disconnect(struct change *c);

/* Writes the data; `name` is the file that findings name. The version that was read goes up. */
enum change_result change_put(struct change *c, const char *data, size_t size, const char *name,
			      struct err *e);
/* How often a change is checked again because of what others write; then it ends with this. */
#define CHANGE_TRIES 20
enum change_result change_give_up(struct err *e);

#endif
