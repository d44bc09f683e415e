/*
 * A member: what a host says of itself in cluster/members/HOST, small because the
 * leader reads every one of them at every change. The full report is elsewhere.
 *
 * Each host has its own verdict on a revision on trial; the leader moves the plan by these verdicts
 * alone. A verdict is about one revision and one attempt; for any other it counts as none.
 */
#ifndef ZKNGINX_MEMBER_H
#define ZKNGINX_MEMBER_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/tree.h>

/* Does the host take its revision from the plan? Names as they stand in the JSON. */
#define MEMBER_PARTS(X)                                                                            \
	X(JOINED, "joined") /* yes */                                                              \
	X(EXEMPT,                                                                                  \
	  "exempt") /* no: it runs the newest at once (mode "all", or rollout.join false) */       \
	X(FROZEN, "frozen") /* no: it stays on what it runs (rollout.freeze) */

enum member_part {
#define X(name, text) MEMBER_##name,
	MEMBER_PARTS(X)
#undef X
		MEMBER_PART_N
};

#define VERDICTS(X)                                                                                \
	X(WAITING, "waiting") /* not applied yet, or not looked at for long enough */              \
	X(GOOD, "good")       /* nginx runs it, and so far nothing speaks against it */            \
	X(BAD, "bad")         /* refused, or applied with harm; stays bad for this revision */

enum verdict {
#define X(name, text) VERDICT_##name,
	VERDICTS(X)
#undef X
		VERDICT_N
};

/* Of a plan: far above what any fleet comes to, and still exact in everybody's JSON. */
#define ATTEMPT_MAX 1000000000000000UL

struct member {
	const char *host;
	const char *address;  /* "host:port", for the live list and for Curator's JSON; "" where it
				 is none, or longer than 255 bytes */
	const char *state;    /* as in status.h */
	const char *since;    /* when that state began, wall clock */
	const char *version;  /* of zknginxd */
	const char *revision; /* that nginx runs; "" = none yet */
	const char *seen;     /* the newest that the host knows of */
	const char *id;       /* of the daemon's start: tells two hosts of one name apart */
	const char *mode;     /* rollout.mode of its settings */
	bool nginx_up;
	enum member_part part; /* "rollout" in the JSON */
	long problems;
	struct {
		const char *revision;  /* "" = no verdict */
		unsigned long attempt; /* the plan's, when it was permitted: a verdict of an
					  earlier attempt says nothing about this one */
		enum verdict verdict;
		const char *znode, *message; /* why it is bad; "" where not known */
	} gate;
};

const char *member_part_name(enum member_part p);
const char *verdict_name(enum verdict v);

/* Where clients reach a host's nginx, "HOST:PORT": cluster.address ("" = not set), else the host's
 * name, with port 80 where none is given. The caller frees. */
char *member_address(const char *address, const char *host);

/* Reads a member znode into the arena; what is not there is "" or zero. False: not a member's JSON.
 */
bool member_parse(struct arena *a, const struct znode *z, struct member *out);
/* Sorted keys, stable bytes. */
void member_print(const struct member *m, struct buf *out);
/* All members below cluster/members of a tree, sorted by host, in the arena; returns how many. What
 * is not ephemeral is none. */
size_t members_parse(struct arena *a, const struct tree *t, const char *cluster,
		     struct member **out);
/* By host, or NULL. */
const struct member *members_find(const struct member *ms, size_t count, const char *host);

#endif
