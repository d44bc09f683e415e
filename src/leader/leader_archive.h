/*
 * The archive: every revision is stored in the history before the plan names it, so that any host
 * can have it back; old entries are deleted.
 */
#ifndef ZKNGINX_LEADER_ARCHIVE_H
#define ZKNGINX_LEADER_ARCHIVE_H

#include "leader_context.h"
#include "leader_view.h"

struct leader_archive {
	struct leader_context *c;
	uint64_t pause;          /* no other job before then */
	struct storing *storing; /* what is stored now; NULL: nothing */
	struct tree *last; /* the config of the newest entry, if it was stored here; or NULL */
	char *pruned;      /* path of the last entry that is being deleted */
};

void leader_archive_init(struct leader_archive *h, struct leader_context *c);
void leader_archive_clear(struct leader_archive *h);

/* Steps, as leader.c has them. First, store the config of this revision. */
uint64_t leader_store_due(const struct leader_archive *h, const char *revision, uint64_t now);
void leader_store_begin(struct leader_archive *h, const struct leader_view *v,
			const char *revision);

/* The accepted revision is not where the plan says it is in the history (it was deleted): it
 * is in another entry, or was stored again and is still pending; then *plan says so … */
bool leader_accepted_moved(const struct leader_view *v, struct rollout_decision *plan);
/* … or in none, or the config was signed again since, and it has to be stored again. "": it is
 * there. */
const char *leader_accepted_lost(const struct leader_archive *h, const struct leader_view *v);

uint64_t leader_prune_due(const struct leader_archive *h, const struct leader_view *v,
			  uint64_t now);
void leader_prune_begin(struct leader_archive *h, const struct leader_view *v);

#endif
