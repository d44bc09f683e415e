/*
 * The election's states, as the table of core/fleet/election.c has them, and its lease.
 *
 * Each step begins a new attempt, and an answer counts only in the attempt that asked for it:
 * so an answer always finds the state that it was asked in, and what comes late (from before a
 * reconnect, of a session that is over) comes to nothing.
 *
 * Leading is a word of the server's as of a list; whether it still holds is asked of the
 * clock each time (election_leads, election_holds). The timer is only there to tell the owner
 * when that changes with nothing else happening, and to have the list read again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>

#include "core/data/layout.h"
#include "election_parts.h"
#include "sys/timing.h"

#define PAUSE (5 * USEC_PER_SEC)

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
	return e->held && has_lease(e);
}

const char *election_leader(const struct election *e)
{
	return e->leader_host ? e->leader_host : "";
}

void election_tell(struct election *e)
{
	struct election_told now = { e->role, election_leads(e), election_holds(e) };
	bool same = now.role == e->told.role && now.leads == e->told.leads &&
		    now.holds == e->told.holds && !e->leader_changed;

	if (now.leads && !e->told.leads)
		log_notice("this host leads the fleet now: %s", e->own);
	else if (e->told.leads && !now.leads)
		log_notice("this host does not lead the fleet now: %s",
			   election_state_name(now.role));
	e->told = now;
	e->leader_changed = false;
	if (!same && e->on_change)
		e->on_change(e->ctx);
}

/* --- the lease ------------------------------------------------------------------------------- */

/* Once it has run out it takes a list to hold again, even if an answer comes after all. */
static void look_at_lease(struct election *e)
{
	uint64_t now = timing_now(), end = lease_end(e);

	if (!e->held)
		return;
	if (has_lease(e)) {
		timing_arm(e->lease, end - now);
		return;
	}
	e->held = false;
	election_step(e, ELECTION_EV_LAPSED);
}

static int on_lease(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct election *e = ctx;

	look_at_lease(e);
	election_tell(e);
	return 0;
}

/* --- commands -------------------------------------------------------------------------------- */

static void do_nothing(struct election *e UNUSED)
{
}

static void lead(struct election *e)
{
	e->held = true;
	election_watch(e);
	look_at_lease(e);
}

static void begin_withdrawal(struct election *e)
{
	e->withdrawing = true;
	if (is_connected(e))
		election_withdraw(e);
}

void election_rest(struct election *e)
{
	e->resting = true;
	timing_arm(e->rest, PAUSE / 4 * 3 + timing_random(PAUSE / 2));
}

/* After these another one may lead, or will soon. */
static bool ends_hold(enum election_event event)
{
	return event == ELECTION_EV_EXPIRED || event == ELECTION_EV_RESIGN ||
	       event == ELECTION_EV_BEHIND || event == ELECTION_EV_NOT_LISTED;
}

static void forget_leader(struct election *e)
{
	e->leader_changed |= *election_leader(e) != '\0';
	free(TAKE(e->leader));
	free(TAKE(e->leader_host));
}

void election_step(struct election *e, enum election_event event)
{
	static void (*const carry_out[ELECTION_COMMAND_N])(struct election *) = {
		[ELECTION_DO_NOTHING] = do_nothing,
		[ELECTION_DO_CREATE] = election_create,
		[ELECTION_DO_LIST] = election_list,
		[ELECTION_DO_WATCH] = election_watch,
		[ELECTION_DO_LEAD] = lead,
		[ELECTION_DO_REST] = election_rest,
		[ELECTION_DO_WITHDRAW] = begin_withdrawal,
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
	if (ends_hold(event))
		e->held = false;
	if (next.command == ELECTION_DO_NOTHING && next.state == e->role)
		return; /* what was asked goes on */
	e->role = next.state;
	if (next.state == ELECTION_OUT)
		forget_leader(e);
	e->attempt++;
	e->resting = false;
	carry_out[next.command](e);
}

void election_lose_candidate(struct election *e)
{
	e->held = false;
	if (e->role != ELECTION_OUT)
		election_step(e, ELECTION_EV_MOVED);
}

/* --- what moves it --------------------------------------------------------------------------- */

static void make_guid(char guid[ELECTION_GUID_SIZE])
{
	unsigned char bytes[(ELECTION_GUID_SIZE - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		die("getrandom: %m");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(guid + 2 * i, 3, "%02x", bytes[i]);
}

void election_expire(struct election *e)
{
	if (e->role == ELECTION_OUT)
		e->attempt++; /* of a withdrawal */
	else
		election_step(e, ELECTION_EV_EXPIRED);
	e->withdrawing = e->resting = false;
	free(TAKE(e->own));
	free(TAKE(e->predecessor));
}

/* The link stands, or something else is over that was waited for: go on. */
static void go_on(struct election *e)
{
	e->resting = false;
	if (session_epoch(e->session) != e->epoch) {
		election_expire(e);
		e->epoch = session_epoch(e->session);
		make_guid(e->guid);
	}
	if (e->withdrawing)
		election_withdraw(e);
	else if (e->standing)
		election_step(e, ELECTION_EV_CONNECTED);
}

void election_end_withdrawal(struct election *e)
{
	e->withdrawing = false;
	free(TAKE(e->own));
	free(TAKE(e->predecessor));
	if (e->standing)
		go_on(e);
}

void election_on_state(struct election *e, enum session_state state)
{
	if (state == SESSION_CONNECTED)
		go_on(e);
	else if (state == SESSION_EXPIRED)
		election_expire(e);
	else
		election_step(e, ELECTION_EV_DISCONNECTED);
	election_tell(e);
}

/* Whatever became of the znode, the list tells; and a watch has to be set again in any case. */
void election_on_watch(struct election *e, int type, const char *path)
{
	bool own = e->own && strcmp(path, e->own) == 0;
	bool before = e->predecessor && strcmp(path, e->predecessor) == 0;

	if (own && type == ZOO_DELETED_EVENT)
		election_lose_candidate(e);
	else if (own || before)
		election_step(e, ELECTION_EV_MOVED);
	election_tell(e);
}

void election_stand_for(struct election *e, bool stand)
{
	if (stand == e->standing)
		return;
	e->standing = stand;
	if (!stand && e->role != ELECTION_OUT)
		election_step(e, ELECTION_EV_RESIGN);
	else if (stand && !e->withdrawing && session_state(e->session) == SESSION_CONNECTED)
		go_on(e);
	election_tell(e);
}

static int on_rest_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct election *e = ctx;

	if (e->resting && is_connected(e))
		go_on(e);
	election_tell(e);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

/* The session has them still; its answers free them. */
static void leave_errands(struct election *e)
{
	struct errand *a;

	while ((a = TAILQ_FIRST(&e->errands))) {
		TAILQ_REMOVE(&e->errands, a, link);
		a->election = NULL;
	}
}

void election_free(struct election *e)
{
	if (!e)
		return;
	e->on_change = NULL;
	e->freeing = true;
	election_abandon_writes(e);
	leave_errands(e);
	sd_event_source_disable_unref(e->lease);
	sd_event_source_disable_unref(e->rest);
	sd_event_source_disable_unref(e->refuse);
	free(e->own);
	free(e->predecessor);
	free(e->leader);
	free(e->leader_host);
	free(e->directory);
	free(e->host);
	free(e);
}
DEFINE_CLEANUP(struct election *, election_free)

static int add_sources(sd_event *loop, struct election *e, struct err *err)
{
	int rc = sd_event_add_time(loop, &e->lease, CLOCK_MONOTONIC, 0, 1000, on_lease, e);

	if (rc >= 0)
		rc = sd_event_source_set_enabled(e->lease, SD_EVENT_OFF);
	if (rc >= 0)
		rc = sd_event_add_time(loop, &e->rest, CLOCK_MONOTONIC, 0, 50 * USEC_PER_MSEC,
				       on_rest_over, e);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(e->rest, SD_EVENT_OFF);
	if (rc >= 0)
		rc = sd_event_add_defer(loop, &e->refuse, election_on_refuse, e);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(e->refuse, SD_EVENT_OFF);
	/* who writes again as soon as it is refused does not keep the news from coming in */
	if (rc >= 0)
		rc = sd_event_source_set_priority(e->refuse, SD_EVENT_PRIORITY_NORMAL + 1);
	return rc < 0 ? err_set(err, ERR_SYS, "election: cannot use the event loop: %s",
				strerror(-rc))
		      : 0;
}

int election_new(sd_event *loop, struct session *session, const char *cluster, const char *host,
		 void (*on_change)(void *ctx), void *ctx, struct election **out, struct err *err)
{
	CLEANUP(election_freep) struct election *e = xcalloc(1, sizeof(*e));

	TAILQ_INIT(&e->errands);
	TAILQ_INIT(&e->refused);
	e->session = session;
	e->directory = cluster_path_new(cluster, CLUSTER_ELECTION, NULL);
	e->host = xstrdup(host);
	if (add_sources(loop, e, err) < 0)
		return -1;
	e->epoch = session_epoch(session);
	make_guid(e->guid);
	e->on_change = on_change;
	e->ctx = ctx;
	*out = TAKE(e);
	return 0;
}
