/*
 * The election's states, as the table of core/fleet/election.c has them, and its lease.
 *
 * Each step begins a new attempt, and an answer counts only in the attempt that asked for it. So an
 * answer always finds the state that it was asked in, and late answers (from before a reconnect, or
 * of a session that is over) are ignored.
 *
 * A list of candidates says that we lead; whether that still holds is asked of the clock each time
 * (election_leads, election_holds). The timer is there only to tell the owner when that changes
 * while nothing else happens, and to have the list read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "candidate.h"
#include "election.h"
#include "fence.h"
#include "sys/timing.h"

#define PAUSE (5 * USEC_PER_SEC)

/* What on_change has reported last. */
struct election_reported {
	enum election_state role;
	bool leads, holds;
};

struct election {
	struct session *session;
	void (*on_change)(void *ctx);
	void *ctx;
	struct candidate candidate;
	struct fence fence;

	bool standing, withdrawing, freeing;
	enum election_state role;
	unsigned epoch; /* of the session that all this is about */
	bool resting;
	int logged; /* the last result that was logged */

	/* A term begins when it leads, and ends with the candidate or the lease. */
	bool in_term;
	struct election_reported reported;
	sd_event_source *lease, *rest;
};

/* --- what is true now ------------------------------------------------------------------------ */

static bool is_connected(const struct election *e)
{
	return session_state(e->session) == SESSION_CONNECTED &&
	       session_epoch(e->session) == e->epoch;
}

static uint64_t lease_end(const struct election *e)
{
	return election_lease_end(session_last_reply(e->session), session_timeout(e->session));
}

static bool has_lease(const struct election *e)
{
	return election_may_act(session_last_reply(e->session), session_timeout(e->session),
				timing_now());
}

enum election_state election_role(const struct election *e)
{
	return e->role;
}

bool election_leads(const struct election *e)
{
	return e->role == ELECTION_LEADING && is_connected(e) && has_lease(e);
}

bool election_holds(const struct election *e)
{
	return e->in_term && has_lease(e);
}

const char *election_leader(const struct election *e)
{
	return candidate_leader(&e->candidate);
}

/* Report to the owner what has changed. The last step of every function that is called from
 * outside. */
static void report_change(struct election *e)
{
	struct election_reported now = { e->role, election_leads(e), election_holds(e) };
	bool same = now.role == e->reported.role && now.leads == e->reported.leads &&
		    now.holds == e->reported.holds && !e->candidate.leader_changed;

	if (now.leads && !e->reported.leads)
		log_notice("this host leads the fleet now: %s", e->candidate.own);
	else if (e->reported.leads && !now.leads)
		log_notice("this host does not lead the fleet any more: %s",
			   election_state_name(now.role));
	e->reported = now;
	e->candidate.leader_changed = false;
	if (!same && e->on_change)
		e->on_change(e->ctx);
}

/* --- commands -------------------------------------------------------------------------------- */

static void step(struct election *e, enum election_event event);

static void do_nothing(struct election *e UNUSED)
{
}

static void create(struct election *e)
{
	candidate_create(&e->candidate);
}

static void list(struct election *e)
{
	candidate_list(&e->candidate);
}

static void watch(struct election *e)
{
	candidate_watch(&e->candidate);
}

/* When the lease has run out, only a new list begins a term again, even if an answer comes after
 * all. */
static void check_lease(struct election *e)
{
	if (!e->in_term)
		return;
	if (has_lease(e)) {
		timing_at(e->lease, lease_end(e));
		return;
	}
	e->in_term = false;
	step(e, ELECTION_EV_LAPSED);
}

static void lead(struct election *e)
{
	e->in_term = true;
	watch(e);
	check_lease(e);
}

static void withdraw(struct election *e)
{
	e->withdrawing = true;
	if (is_connected(e))
		candidate_withdraw(&e->candidate);
}

/* A request was refused: a pause, after which it goes on. */
static void rest(struct election *e)
{
	e->resting = true;
	timing_arm(e->rest, timing_jitter(PAUSE, 25));
}

/* After these another one may lead, or will soon. */
static bool ends_term(enum election_event event)
{
	return event == ELECTION_EV_EXPIRED || event == ELECTION_EV_RESIGN ||
	       event == ELECTION_EV_BEHIND || event == ELECTION_EV_NOT_LISTED;
}

static void step(struct election *e, enum election_event event)
{
	static void (*const carry_out[ELECTION_COMMAND_N])(struct election *) = {
		[ELECTION_DO_NOTHING] = do_nothing, [ELECTION_DO_CREATE] = create,
		[ELECTION_DO_LIST] = list,          [ELECTION_DO_WATCH] = watch,
		[ELECTION_DO_LEAD] = lead,          [ELECTION_DO_REST] = rest,
		[ELECTION_DO_WITHDRAW] = withdraw,
	};
	struct election_step next = election_next(e->role, event);

	if (next.command == ELECTION_DO_UNEXPECTED) {
		log_warning("election: %s is not expected while %s", election_event_name(event),
			    election_state_name(e->role));
		return;
	}
	log_debug("election: %s, %s: %s, %s", election_state_name(e->role),
		  election_event_name(event), election_state_name(next.state),
		  election_command_name(next.command));
	if (ends_term(event))
		e->in_term = false;
	if (next.command == ELECTION_DO_NOTHING && next.state == e->role)
		return; /* open requests still count */
	e->role = next.state;
	if (next.state == ELECTION_OUT)
		candidate_forget_leader(&e->candidate);
	candidate_forget(&e->candidate);
	e->resting = false;
	carry_out[next.command](e);
}

/* --- what moves it --------------------------------------------------------------------------- */

/* Our candidate is known to be gone. */
static void lose_candidate(struct election *e)
{
	e->in_term = false;
	if (e->role != ELECTION_OUT)
		step(e, ELECTION_EV_MOVED);
}

/* The session is over, and all that was ours in it. */
static void expire(struct election *e)
{
	if (e->role == ELECTION_OUT)
		candidate_forget(&e->candidate); /* a withdrawal */
	else
		step(e, ELECTION_EV_EXPIRED);
	e->withdrawing = e->resting = false;
	candidate_drop(&e->candidate);
}

/* The link is there, or a pause or a withdrawal is over: go on. */
static void go_on(struct election *e)
{
	e->resting = false;
	if (session_epoch(e->session) != e->epoch) {
		expire(e);
		e->epoch = session_epoch(e->session);
		candidate_rename(&e->candidate);
	}
	if (e->withdrawing)
		candidate_withdraw(&e->candidate);
	else if (e->standing)
		step(e, ELECTION_EV_CONNECTED);
}

void election_on_state(struct election *e, enum session_state state)
{
	if (state == SESSION_CONNECTED)
		go_on(e);
	else if (state == SESSION_EXPIRED)
		expire(e);
	else
		step(e, ELECTION_EV_DISCONNECTED);
	report_change(e);
}

/* What became of the znode is in the next list; and the watch has to be set again in any case. */
void election_on_watch(struct election *e, int type, const char *path)
{
	const struct candidate *c = &e->candidate;
	bool own = c->own && strcmp(path, c->own) == 0;
	bool before = c->predecessor && strcmp(path, c->predecessor) == 0;

	if (own && type == ZOO_DELETED_EVENT)
		lose_candidate(e);
	else if (own || before)
		step(e, ELECTION_EV_MOVED);
	report_change(e);
}

void election_stand_for(struct election *e, bool stand)
{
	if (stand == e->standing)
		return;
	e->standing = stand;
	if (!stand && e->role != ELECTION_OUT)
		step(e, ELECTION_EV_RESIGN);
	else if (stand && !e->withdrawing && session_state(e->session) == SESSION_CONNECTED)
		go_on(e);
	report_change(e);
}

static int on_lease(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct election *e = ctx;

	check_lease(e);
	report_change(e);
	return 0;
}

static int on_rest_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct election *e = ctx;

	if (e->resting && is_connected(e))
		go_on(e);
	report_change(e);
	return 0;
}

/* --- what the candidate's answers say ------------------------------------------------------- */

static void on_event(struct election *e, enum election_event event)
{
	if (event == ELECTION_EV_FIRST || event == ELECTION_EV_BEHIND)
		e->logged = ZOK;
	step(e, event);
}

static void on_withdrawn(struct election *e)
{
	e->withdrawing = false;
	candidate_drop(&e->candidate);
	if (e->standing)
		go_on(e);
}

static void on_failed(struct election *e, int rc)
{
	/* A lost link is followed by a new state of the session; if not, the pause helps as well.
	 */
	if (rc != ZCONNECTIONLOSS && rc != e->logged) {
		log_warning("%s: the election cannot go on: %s; trying again every few seconds",
			    e->candidate.directory, zerror(rc));
		e->logged = rc;
	}
	if (e->withdrawing)
		rest(e);
	else
		step(e, ELECTION_EV_FAILED);
}

static const struct candidate_ops candidate_ops = {
	.on_event = on_event,
	.on_gone = lose_candidate,
	.on_withdrawn = on_withdrawn,
	.on_unwatchable = rest, /* no event will come: the list is read again now and then */
	.on_failed = on_failed,
	.on_expired = expire,
	.on_answered = report_change,
};

/* --- writes ---------------------------------------------------------------------------------- */

static void on_lost(struct election *e, unsigned attempt, int why)
{
	if (attempt != e->candidate.attempt)
		return;
	if (why == SESSION_GONE)
		expire(e);
	else if (why == ZNONODE)
		lose_candidate(e);
	else
		step(e, ELECTION_EV_MOVED);
}

static const struct fence_ops fence_ops = { .on_lost = on_lost, .on_answered = report_change };

void election_write(struct election *e, const struct session_op *ops, size_t count,
		    session_done *done, void *ctx)
{
	const struct candidate *c = &e->candidate;

	if (e->freeing)
		return;
	if (election_leads(e))
		fence_write(&e->fence, c->own, c->version, c->attempt, ops, count, done, ctx);
	else
		fence_refuse(&e->fence, done, ctx);
}

/* --- life ------------------------------------------------------------------------------------ */

void election_free(struct election *e)
{
	if (!e)
		return;
	e->on_change = NULL;
	e->freeing = true;
	fence_fini(&e->fence);
	candidate_fini(&e->candidate);
	sd_event_source_disable_unref(e->lease);
	sd_event_source_disable_unref(e->rest);
	free(e);
}
DEFINE_CLEANUP(struct election *, election_free)

int election_new(sd_event *loop, struct session *session, const char *cluster, const char *host,
		 void (*on_change)(void *ctx), void *ctx, struct election **out, struct err *err)
{
	CLEANUP(election_freep) struct election *e = xcalloc(1, sizeof(*e));

	e->session = session;
	candidate_init(&e->candidate, session, cluster, host, &candidate_ops, e);
	e->lease = timing_new(loop, on_lease, e);
	e->rest = timing_new(loop, on_rest_over, e);
	if (fence_init(&e->fence, loop, session, &fence_ops, e, err) < 0)
		return -1;
	e->epoch = session_epoch(session);
	e->on_change = on_change;
	e->ctx = ctx;
	*out = TAKE(e);
	return 0;
}
