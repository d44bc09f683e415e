/*
 * Writes an edit of the config into ZooKeeper, in as few transactions as fit.
 *
 * Each transaction replaces the data of the config root (core/fleet/config_note.h) and is refused
 * if another client has replaced it meanwhile, so of two pushes at the same time one is written
 * whole. Each operation is refused if its znode is not as it was when the edit was made. A push of
 * several transactions leaves its mark in the root's data until the last one.
 */
#ifndef ZKNGINX_CTL_PUSH_WRITE_H
#define ZKNGINX_CTL_PUSH_WRITE_H

#include "core/fleet/config_edit.h"
#include "core/fleet/config_note.h"
#include "ctl/console/ctl.h"

struct push_job {
	struct ctl *ctl;
	const struct config_edit *edit; /* its `old` is what ZooKeeper had */
	const char *by, *note;          /* for the history */
	const char *id;                 /* of the mark */
};

struct push_outcome {
	size_t transactions; /* how many it takes … */
	size_t written;      /* … and how many of them were written */
	int version;         /* of the config root, after the last of them */
	/* After ERR_REFUSED: is it because of other clients? Then the znodes that they have changed
	 * since, in the arena, and who says to have written last ("" = nobody). */
	bool is_conflict;
	const char **conflicts;
	size_t conflict_count;
	struct config_note rival;
};

/* ERR_REFUSED, ERR_UNAVAILABLE: what was written before stays, with the mark. */
int push_write(const struct push_job *job, struct arena *a, struct push_outcome *out,
	       struct err *e);

#endif
