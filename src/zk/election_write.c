/*
 * The leader's writes: a transaction of the caller's, behind a check of our own candidate
 * znode. While that znode is there nobody else leads, and the server decides both at once; so
 * a write of one that has lost, however late it arrives, is refused by the server.
 *
 * Who does not lead by its own clock is refused here, later from the loop. Every write is on
 * one of two lists until it is answered.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "election_parts.h"

static void answer(struct errand *a, const struct session_reply *r)
{
	session_done *done = TAKE(a->done);

	if (done)
		done(a->ctx, r);
}

/* --- sent ------------------------------------------------------------------------------------ */

static bool is_fenced_off(const struct session_reply *r)
{
	return r->op_count > 0 && (r->op_rcs[0] == ZNONODE || r->op_rcs[0] == ZBADVERSION);
}

static void on_written(struct election *e, struct errand *a, const struct session_reply *r)
{
	struct session_reply own = *r;
	bool lost = !election_is_lost(r->rc) && is_fenced_off(r);

	if (own.op_count > 0) {
		own.op_rcs++;
		own.op_count--;
	}
	if (lost)
		own.rc = ELECTION_LOST;
	if (lost && a->attempt == e->attempt) {
		if (r->op_rcs[0] == ZNONODE)
			election_lose_candidate(e);
		else
			election_step(e, ELECTION_EV_MOVED);
	}
	answer(a, &own);
}

static void send_fenced(struct election *e, const struct session_op *ops, size_t count,
			struct errand *a)
{
	struct session_op *fenced = xcalloc(count + 1, sizeof(*fenced));

	fenced[0] = (struct session_op){ .kind = OP_CHECK, .path = e->own, .version = e->version };
	if (count)
		memcpy(fenced + 1, ops, count * sizeof(*ops));
	a->on_answer = on_written;
	session_multi(e->session, fenced, count + 1, errand_answer, a);
	free(fenced);
}

/* --- refused --------------------------------------------------------------------------------- */

/* What is refused while they are told waits for the next turn. */
static void answer_refused(struct election *e, int rc)
{
	const struct session_reply r = { .rc = rc, .path = "/" };
	const struct errand *last = TAILQ_LAST(&e->refused, errands);
	bool more = last != NULL;

	while (more) {
		struct errand *a = TAILQ_FIRST(&e->refused);

		TAILQ_REMOVE(&e->refused, a, link);
		more = a != last;
		answer(a, &r);
		errand_free(a);
	}
}

int election_on_refuse(sd_event_source *source UNUSED, void *ctx)
{
	answer_refused(ctx, ELECTION_LOST);
	return 0;
}

void election_abandon_writes(struct election *e)
{
	const struct session_reply r = { .rc = SESSION_GONE, .path = "/" };
	struct errand *a;

	TAILQ_FOREACH(a, &e->errands, link)
	answer(a, &r);
	answer_refused(e, ELECTION_LOST);
}

void election_write(struct election *e, const struct session_op *ops, size_t count,
		    session_done *done, void *ctx)
{
	bool leads = election_leads(e);
	struct errand *a;

	if (e->freeing)
		return;
	a = errand_new(e, leads ? &e->errands : &e->refused);
	a->done = done;
	a->ctx = ctx;
	if (leads)
		send_fenced(e, ops, count, a);
	else
		sd_event_source_set_enabled(e->refuse, SD_EVENT_ONESHOT);
}
