/*
 * What nginx runs on this host, as far as is known: the last good form of every znode.
 */
#ifndef ZKNGINX_AGENT_RUNNING_H
#define ZKNGINX_AGENT_RUNNING_H

#include <zknginx/model.h>
#include <zknginx/numbers.h>
#include <zknginx/tree.h>

#include "nginx/stage.h"

struct running {
	struct tree *accepted;         /* the znodes */
	struct model *good;            /* the model of them */
	char applied[DIGEST_HEX_SIZE]; /* their revision; "" = none yet */
	int64_t zxid; /* the newest transaction that nginx has taken since the start; 0: none */
	struct config_numbers numbers; /* of `good` */
};

/* Replaces the model (which is taken over) and its znodes, and records the znodes in the state
 * directory, so that they survive a restart. */
void running_accept(struct running *r, struct model *model, struct stage *stage);
/* nginx has taken this tree. A config of the history has no transactions. */
void running_note_transactions(struct running *r, const struct tree *tree);
void running_fini(struct running *r);

#endif
