/*
 * Is the session that has our name another host's? In doubt it waits: a host that stays out for a
 * while longer does no harm, a false alarm does.
 */

#include "rival.h"

#define LONGEST_INTERVAL (5 * USEC_PER_SEC)
/* Servers count in ticks, two seconds each unless the operator chose otherwise: a session ends at
 * the first tick after its timeout, and one tick more is for the end to be agreed on. */
#define TICKS (4 * USEC_PER_SEC)
/* A process that died may have had one write under way. */
#define WRITES_OF_THE_DEAD 1

uint64_t rival_interval(uint64_t timeout)
{
	return timeout / 4 < LONGEST_INTERVAL ? timeout / 4 : LONGEST_INTERVAL;
}

uint64_t rival_limit(uint64_t timeout)
{
	return 2 * timeout > timeout + TICKS ? 2 * timeout : timeout + TICKS;
}

void rival_on_session(struct rival *r, int64_t session)
{
	r->own[r->own_count++ % RIVAL_OWN] = session;
}

void rival_on_interruption(struct rival *r)
{
	r->endured = 0;
}

static bool is_own(const struct rival *r, int64_t session)
{
	for (unsigned i = 0; i < RIVAL_OWN && i < r->own_count; i++) {
		if (r->own[i] == session)
			return true;
	}
	return false;
}

/* A holder of the name that is older than the last one: the servers came back with older
 * data, and with its sessions. */
static void note_holder(struct rival *r, int64_t czxid)
{
	if (czxid < r->newest)
		r->succeeded = false;
	r->newest = czxid;
}

void rival_on_ours(struct rival *r, int64_t czxid)
{
	note_holder(r, czxid);
	r->present = r->another = false;
	r->succeeded = true;
}

void rival_on_gone(struct rival *r)
{
	if (r->present)
		r->succeeded = true;
	r->present = r->another = false;
}

static void meet(struct rival *r, const struct rival_sight *s, uint64_t now)
{
	rival_on_gone(r);
	note_holder(r, s->czxid);
	r->present = true;
	r->first = *s;
	r->looked = now;
	r->endured = 0;
}

static void endure(struct rival *r, uint64_t now, uint64_t timeout)
{
	uint64_t gap = now - r->looked, most = 2 * rival_interval(timeout);

	r->endured += gap < most ? gap : most;
	r->looked = now;
}

bool rival_on_look(struct rival *r, const struct rival_sight *s, uint64_t now, uint64_t timeout)
{
	if (!r->present || s->owner != r->first.owner || s->czxid != r->first.czxid)
		meet(r, s, now);
	else
		endure(r, now, timeout);
	if (is_own(r, s->owner))
		return false;
	if (r->succeeded || r->endured > rival_limit(timeout) ||
	    s->version - r->first.version > WRITES_OF_THE_DEAD)
		r->another = true;
	return r->another;
}
