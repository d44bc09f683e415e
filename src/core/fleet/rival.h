/*
 * A rival: an ephemeral znode with our name that belongs to another session. Either our last
 * session left it, and it disappears by itself, or another host has the same name.
 *
 * Nothing that is stored tells the two apart, because a cloned machine has all of it; only their
 * behaviour does. A dead session does not outlive its timeout, does not write (except for what was
 * under way when it died) and does not come back. And once the name has been ours, or a rival has
 * been seen to go, any later holder cannot be a session left over from before our start.
 * Sessions of this very process are known by their numbers, and never another host's.
 */
#ifndef ZKNGINX_RIVAL_H
#define ZKNGINX_RIVAL_H

#include <stdbool.h>
#include <zknginx/macros.h>

#define RIVAL_OWN 4 /* sessions of ours that may not have expired yet; the oldest is forgotten */

/* What was found of it. */
struct rival_sight {
	int64_t owner, czxid;
	int32_t version;
};

/* All zero to begin with. */
struct rival {
	bool present;   /* one was there when last looked at */
	bool another;   /* … and it is another host's */
	bool succeeded; /* what was there before our start is over */
	struct rival_sight first;
	int64_t newest;           /* transaction that made the last holder of the name */
	uint64_t looked, endured; /* the last look; how long it has been watched, in sum */
	int64_t own[RIVAL_OWN];
	unsigned own_count;
};

/* A session of ours has begun. */
void rival_on_session(struct rival *r, int64_t session);
/* The link was interrupted: a server that takes over gives every session its whole timeout again.
 */
void rival_on_interruption(struct rival *r);
/* The name is ours, by the transaction czxid. */
void rival_on_ours(struct rival *r, int64_t czxid);
/* No session has the name. */
void rival_on_gone(struct rival *r);
/*
 * It was found. Returns whether it is another host's. Time counts from look to look, and a gap
 * counts for at most twice rival_interval(): in between the server may not have run.
 */
bool rival_on_look(struct rival *r, const struct rival_sight *s, uint64_t now, uint64_t timeout);

/* With sessions of this timeout: how often to look, and how long the dead may stay. */
uint64_t rival_interval(uint64_t timeout);
uint64_t rival_limit(uint64_t timeout);

#endif
