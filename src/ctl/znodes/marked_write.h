/*
 * Writes operations on the config into ZooKeeper, in as few transactions as fit.
 *
 * Each transaction replaces the data of the config root (core/fleet/config_note.h) and is refused
 * if another client has replaced it meanwhile, so of two writers at the same time one is written
 * whole. Each operation is refused if its znode is not as it was when the operations were made.
 * Several transactions leave their mark in the root's data until the last one: meanwhile every host
 * keeps what it runs.
 */
#ifndef ZKNGINX_CTL_MARKED_WRITE_H
#define ZKNGINX_CTL_MARKED_WRITE_H

#include <zknginx/history.h>

#include "core/fleet/config_note.h"
#include "ctl/console/ctl.h"

struct write_job {
	struct ctl *ctl;
	const struct tree *before; /* what ZooKeeper had, with its root */
	const char *root;
	const struct history_op *ops; /* the root itself: only the delete that comes last */
	size_t count;
	const char *by, *note; /* for the history */
	const char *id;        /* of the mark */
	/* Of what the operations make, with the same author and note; NULL: none. */
	const struct config_note *signature;
	bool keeps_note; /* author, note and signature stay: the operations change no object */
	bool keeps_mark; /* that of another writer stays when this one is done */
	/* Is this the config that the operations make? */
	bool (*is_result)(void *ctx, const struct tree *now);
	void *ctx;
};

struct write_outcome {
	size_t transactions; /* how many it takes … */
	size_t written;      /* … and how many of them were written */
	int version;         /* of the config root, after the last of them */
	/* After ERR_REFUSED: is it because of other clients? Then the znodes that they have changed
	 * since, in the arena, and who says to have written last ("" = nobody). */
	bool is_conflict;
	bool is_root; /* … who have changed the root, before anything was written */
	const char **conflicts;
	size_t conflict_count;
	struct config_note rival;
};

/* ERR_REFUSED, ERR_UNAVAILABLE: what was written before stays, with the mark. */
int marked_write(const struct write_job *job, struct arena *a, struct write_outcome *out,
		 struct err *e);

#endif
