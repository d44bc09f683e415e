/*
 * The past: what a host keeps of ZooKeeper's history over restarts (STATE/watermark.json), and what
 * it says of the tree that ZooKeeper has now. Pure.
 */
#ifndef ZKNGINX_ROLLOUT_PAST_H
#define ZKNGINX_ROLLOUT_PAST_H

#include "core/fleet/confirmation.h"

struct past {
	struct watermark mark;
	char accepted[DIGEST_HEX_SIZE]; /* revision that the plan accepted, or that of the mark; ""
					 */
	char *plan;         /* the plan that was followed last, JSON; NULL: none; owned */
	uint64_t time;      /* when the mark was made, microseconds since 1970; 0 */
	int64_t stale_plan; /* the plan of this transaction is from a copy; it is ignored; 0: none
			     */
	struct {
		bool on; /* ZooKeeper has gone back, and nobody has accepted it: */
		uint64_t since;
		int64_t shared;                 /* the last transaction that both have */
		char revision[DIGEST_HEX_SIZE]; /* of the older config */
		char *message;                  /* what was expected, and what came; owned */
	} back;
};

/* All zero is a host that has seen nothing. */
void past_fini(struct past *p);

/* ERR_REFUSED: another version wrote it. ERR_INPUT: it is damaged. A file about other places
 * (zookeeper.config, zookeeper.cluster or the chroot of zookeeper.hosts was changed) is one of a
 * host that has seen nothing. */
int past_parse(const char *text, size_t size, const struct watermark_places *places,
	       struct past *out, struct err *e);
void past_print(const struct past *p, const struct watermark_places *places, struct buf *out);

enum past_verdict {
	PAST_CONTINUES, /* the same history, or the first that this host sees */
	PAST_OLDER,     /* it has gone back */
	PAST_CONFIRMED, /* … and an operator accepts that */
	PAST_RETURNED,  /* the known history is back */
	PAST_SAME,      /* it has gone back, and the config is what it was */
};

struct past_question {
	const struct past *past;
	const struct tree *tree;
	const struct watermark *now; /* of that tree */
	const struct watermark_places *places;
	const struct problems *unreadable;
	const struct watermark_evidence *evidence; /* NULL: not asked for yet */
};

struct past_answer {
	struct arena *arena;              /* of what follows; freed by the caller */
	struct watermark_finding finding; /* of OLDER and SAME, where anything shows it now */
	struct confirmation confirmation; /* of CONFIRMED */
	int64_t confirmed;                /* the transaction of the confirmation, valid or not; 0 */
};

/*
 * History has gone back until an operator confirms it, the known history is back, or the config is
 * again the one that was known. The accepted revision counts as well, unless it is what ZooKeeper
 * went back to: then a later revision was lost.
 */
enum past_verdict past_judge(const struct past_question *q, struct past_answer *out);

/* The transaction of the tree's plan, if it is one from an older history that must not be followed;
 * 0: the plan may be followed. q and its answer: of the moment in which the tree was accepted. */
int64_t past_stale_plan(const struct past_question *q, const struct past_answer *answer);

/* "/nginx/config/sites/s was of transaction 0x2f, and is now of 0x1a, which is older" */
char *past_describe(const struct watermark_finding *f);

#endif
