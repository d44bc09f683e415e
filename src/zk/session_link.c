/*
 * What becomes of a session's handle. It connects, authenticates, loses its link and finds it
 * again. When it cannot be used any more it is condemned: at the next step of the loop it is
 * closed, on a thread of its own, and session_open.c opens the next one after a pause.
 *
 * Something else than a server may answer on a server's port. The relay lets nothing through to the
 * library that a healthy server does not send; but an impostor may still grant a session and stay
 * silent. So a handle has to prove itself: a first beat has to be answered within LINK_PATIENCE.
 * Only then is the session reported as connected. A handle that does not prove itself has nothing
 * to lose: it is replaced without a report to the owner. It does not show that the server is
 * hostile: only what the relay refuses shows that.
 *
 * The library answers pings by itself. To know since when the ensemble may have dropped us, the
 * session sends a sync a few times within its timeout (a beat): a server that has lost its leader
 * still answers reads, while the others count our session out. A session that has been disconnected
 * for longer than its timeout keeps its handle, which keeps trying: only a server can decide that
 * it expired, and a server that was away itself does not. After several timeouts it is given up all
 * the same: a server that came back with older data than we have seen refuses this session for
 * ever, without an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "session_parts.h"
#include "sys/timing.h"

#define SHORT_LIFE (5 * USEC_PER_SEC) /* a handle that ends younger makes pauses grow */
#define AUTH_FAILURES 4               /* pauses begin as if after this many failures */
#define AWAY 3 /* timeouts without a server, after which a session is given up */
#define NAMES_INTERVAL (30 * USEC_PER_SEC)
#define FLAP_INTERVAL (10 * USEC_PER_SEC)

/* --- closing --------------------------------------------------------------------------------- */

/* It was never reported as connected and has no requests, so the owner is not told. */
static void close_unproved(struct session *s)
{
	log_debug("zookeeper %s: trying again: %s", s->name, s->condemned);
	s->failures++;
	session_reopen_after(s, s->opened);
}

static void close_proved(struct session *s, struct handle *h, int64_t id)
{
	uint64_t now = timing_now();

	log_notice("zookeeper %s: session 0x%llx ends: %s", s->name, (unsigned long long)id,
		   s->condemned);
	s->failures = now - s->opened < SHORT_LIFE ? s->failures + 1 : 0;
	session_enter(s, SESSION_EXPIRED);
	outbox_answer_gone(&s->outbox, h);
	session_reopen_after(s, now);
}

void session_close_condemned(struct session *s)
{
	struct handle *h = TAKE(s->handle);
	int64_t id = s->id;

	s->id = 0;
	s->linked = false;
	s->closing++;
	handle_close(h);
	sd_event_source_set_enabled(s->beat, SD_EVENT_OFF);
	if (s->proved)
		close_proved(s, h, id);
	else
		close_unproved(s);
	s->condemned = NULL;
}

static void condemn_for_auth(struct session *s, const char *why)
{
	if (session_may_log(&s->refused_auth))
		log_error("zookeeper %s: the credentials of %s were refused: %s", s->name,
			  s->auth_file, why);
	if (s->failures < AUTH_FAILURES)
		s->failures = AUTH_FAILURES;
	s->opened = timing_now();
	session_condemn(s, "it could not be authenticated");
}

/* A healthy server that restarts, or has too little CPU time, does the same. So it is an ordinary
 * loss, and the pauses between the handles grow. */
static void condemn_unanswered(struct session *s, const char *why)
{
	session_set_unanswered(s, why);
	session_condemn(s, "the server did not answer the first request");
}

/* --- beats ----------------------------------------------------------------------------------- */

static void send_beat(struct session *s)
{
	if (s->beating || s->condemned)
		return;
	s->beat_sent = timing_now();
	s->beating = handle_beat(s->handle) == ZOK;
}

static void give_up_unproved(struct session *s)
{
	if (!s->linked)
		session_condemn(s, "no server has answered");
	else if (s->auth_file && !s->authenticated)
		condemn_unanswered(s, "granted a session and did not answer to the credentials");
	else
		condemn_unanswered(s, "granted a session and did not answer the first request");
}

int session_on_beat_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct session *s = ctx;
	uint64_t now = timing_now(), interval = session_timeout(s) / SESSION_BEATS;

	session_arm_beat(s);
	if (!s->proved) {
		give_up_unproved(s);
	} else if (s->state == SESSION_CONNECTED) {
		uint64_t heard = s->slow > s->beat_sent ? s->slow : s->beat_sent;

		if (s->beating && now - heard > session_timeout(s) + interval)
			session_condemn(s, "the server accepts requests and does not answer");
		else if (now - s->last_reply >= interval)
			send_beat(s);
	} else if (now - s->unlinked > AWAY * session_timeout(s)) {
		session_condemn(s, "it was disconnected for too long");
	} else if (now - s->link_changed > session_timeout(s) + NAMES_INTERVAL) {
		s->link_changed = now;
		session_resolve(s);
	}
	return 0;
}

/* --- events of the handle --------------------------------------------------------------------- */

static void become_connected(struct session *s)
{
	unsigned suppressed = 0;

	if (log_limit_pass(&s->flap, timing_now(), FLAP_INTERVAL, &suppressed))
		log_info("zookeeper %s: connected to %s, session 0x%llx, timeout %llu ms", s->name,
			 s->server, (unsigned long long)s->id,
			 (unsigned long long)(s->timeout / USEC_PER_MSEC));
	if (s->was_connected)
		s->reconnects++;
	s->was_connected = true;
	session_enter(s, SESSION_CONNECTED);
	if (s->state != SESSION_CONNECTED || s->condemned)
		return;
	if (s->last_reply < s->link_changed)
		send_beat(s);
	session_pump(s);
}

/* The link is up, and the server has accepted the credentials. */
static void on_accepted(struct session *s)
{
	if (s->proved) {
		become_connected(s);
		return;
	}
	session_arm_beat(s);
	send_beat(s);
}

static void authenticate(struct session *s)
{
	struct credentials c = { 0 };
	struct err e;

	if (s->authenticating)
		return;
	if (credentials_read(s->auth_file, &c, &e) < 0)
		condemn_for_auth(s, e.text);
	else
		/* This fails only if the link is lost again: the next CONNECTED repeats it. */
		s->authenticating = handle_authenticate(s->handle, &c) == ZOK;
	credentials_fini(&c);
}

static void on_linked(struct session *s)
{
	s->linked = true;
	s->link_changed = timing_now();
	s->id = handle_session(s->handle);
	s->timeout = handle_timeout(s->handle);
	session_arm_beat(s);
	if (s->auth_file && !s->authenticated)
		authenticate(s);
	else
		on_accepted(s);
}

static void on_unlinked(struct session *s)
{
	if (!s->linked)
		return;
	log_debug("zookeeper %s: lost %s", s->name, s->last_server);
	if (!s->proved) {
		condemn_unanswered(s, "granted a session and then closed the connection");
		return;
	}
	s->link_changed = s->unlinked = timing_now();
	s->linked = false;
	if (s->state != SESSION_CONNECTING)
		session_enter(s, SESSION_CONNECTING);
}

/* Before its timeout a session ends only if a client that has its password closes it, or if a
 * server with other data answers. */
static void on_expired(struct session *s)
{
	uint64_t now = timing_now();

	if (s->proved && now - s->last_reply < session_timeout(s)) {
		s->cut_short = now;
		log_warning("zookeeper %s: session 0x%llx was ended before its timeout, with %llu "
			    "of %llu ms left: another client closed it, or the server that "
			    "answers now does not know it",
			    s->name, (unsigned long long)s->id,
			    (unsigned long long)((s->last_reply + session_timeout(s) - now) /
						 USEC_PER_MSEC),
			    (unsigned long long)(session_timeout(s) / USEC_PER_MSEC));
	}
	session_condemn(s, "it expired");
}

void session_on_link_state(struct session *s, struct note *n)
{
	if (n->rc == ZOO_CONNECTED_STATE)
		on_linked(s);
	else if (n->rc == ZOO_EXPIRED_SESSION_STATE)
		on_expired(s);
	else if (n->rc == ZOO_AUTH_FAILED_STATE)
		condemn_for_auth(s, "authentication failed");
	else
		on_unlinked(s);
}

void session_on_auth(struct session *s, struct note *n)
{
	if (n->rc == ZAUTHFAILED) {
		condemn_for_auth(s, zerror(n->rc));
	} else if (n->rc != ZOK) {
		session_condemn(s, "the link was lost during authentication");
	} else {
		s->authenticated = true;
		if (s->linked)
			on_accepted(s);
	}
}

void session_on_beat(struct session *s, struct note *n)
{
	s->beating = false;
	if (outbox_is_lost(n->rc))
		return;
	s->last_reply = s->beat_sent;
	if (s->proved || s->freeing)
		return;
	s->proved = true;
	free(TAKE(s->unanswered));
	session_arm_beat(s);
	become_connected(s);
}
