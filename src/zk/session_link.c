/*
 * How a session gets a handle, keeps its link and loses it: names are resolved, a handle
 * is opened, connects, authenticates, loses its link and finds it again; when it is past
 * saving it is closed on a thread of its own and the next one is opened after a pause,
 * which grows while handles die young.
 *
 * The library believes whatever answers on a server's port: it takes bytes of a proxy's error
 * page for the granted timeout and sleeps for hours. So a handle has to prove itself: what was
 * granted has to be sane, and a first beat has to be answered, each step within LINK_PATIENCE.
 * Until then nobody is told that the session is connected. A handle that does not prove itself
 * has nothing to lose: it is replaced without a word to the owner, and the next one begins
 * with another server. The pause is counted from the opening of the last one and is short, so
 * that a healthy server is found within LINK_PATIENCE of its return, whatever came before.
 *
 * The library answers its own pings, so to know since when the ensemble may have forgotten
 * us, the session sends a sync a few times within its timeout (a beat): a server that has
 * lost its leader still answers reads, while the others count our session out. A
 * session that has been away for longer than its timeout keeps its handle, which keeps
 * trying: only a server can say that it expired, and one that was away itself does not.
 * After several timeouts it is given up all the same: a server that came back with older
 * data than we have seen refuses this session for ever, without a word.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "session_parts.h"
#include "sys/timing.h"

/* A server grants what its own limits make of the timeout that was asked for; up to ten minutes
 * may be asked for. */
#define SHORTEST_GRANT ((int64_t)(100 * USEC_PER_MSEC))
#define LONGEST_GRANT ((int64_t)(600 * USEC_PER_SEC))
#define SHORT_LIFE (5 * USEC_PER_SEC) /* a handle that dies younger makes pauses grow */
#define AUTH_FAILURES 4               /* pauses begin as if after this many failures */
#define AWAY 3 /* timeouts without a server, after which a session is given up */
#define NAMES_INTERVAL (30 * USEC_PER_SEC)
#define FLAP_INTERVAL (10 * USEC_PER_SEC)

void session_doom(struct session *s, const char *why)
{
	if (!s->handle || s->doom)
		return;
	s->doom = why;
	sd_event_source_set_enabled(s->work, SD_EVENT_ONESHOT);
}

void session_renew(struct session *s)
{
	session_doom(s, "a new one is wanted");
}

/* --- closing --------------------------------------------------------------------------------- */

/* What held nobody's requests and was nobody's session is replaced in silence. */
static void bury_unproved(struct session *s)
{
	log_debug("zookeeper %s: trying anew: %s", s->name, s->doom);
	s->failures++;
	session_reopen_after(s, s->opened);
}

static void bury_proved(struct session *s, struct handle *h, int64_t id)
{
	uint64_t now = timing_now();

	log_notice("zookeeper %s: session 0x%llx ends: %s", s->name, (unsigned long long)id,
		   s->doom);
	s->failures = now - s->opened < SHORT_LIFE ? s->failures + 1 : 0;
	free(TAKE(s->first));
	session_enter(s, SESSION_EXPIRED);
	session_answer_gone(s, h);
	session_reopen_after(s, now);
}

void session_bury(struct session *s)
{
	struct handle *h = TAKE(s->handle);
	int64_t id = s->id;

	s->id = 0;
	s->linked = false;
	s->server[0] = '\0';
	s->closing++;
	handle_close(h);
	sd_event_source_set_enabled(s->beat, SD_EVENT_OFF);
	if (s->proved)
		bury_proved(s, h, id);
	else
		bury_unproved(s);
	s->doom = NULL;
}

static void bury_for_auth(struct session *s, const char *why)
{
	if (session_may_log(&s->refused_auth))
		log_error("zookeeper %s: the credentials of %s were refused: %s", s->name,
			  s->auth_file, why);
	if (s->failures < AUTH_FAILURES)
		s->failures = AUTH_FAILURES;
	s->opened = timing_now();
	session_doom(s, "it could not be authenticated");
}

/* Something is on the server's port that is not to be believed. */
static void distrust(struct session *s, const char *why)
{
	if (session_may_log(&s->distrusted))
		log_warning("zookeeper %s: what answers at %s is no healthy ZooKeeper server: %s; "
			    "trying again every few seconds",
			    s->name, *s->server ? s->server : s->addresses, why);
	session_doom(s, "what answers is no healthy server");
}

/* --- beats ----------------------------------------------------------------------------------- */

static void send_beat(struct session *s)
{
	if (s->beating || s->doom)
		return;
	s->beat_sent = timing_now();
	s->beating = handle_beat(s->handle) == ZOK;
}

static void give_up_unproved(struct session *s)
{
	if (!s->linked)
		session_doom(s, "no server has answered");
	else if (s->auth_file && !s->authenticated)
		distrust(s, "it does not answer to the credentials");
	else
		distrust(s, "it grants a session and answers no request in it");
}

int session_on_beat_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct session *s = ctx;
	uint64_t now = timing_now(), interval = session_timeout(s) / SESSION_BEATS;

	session_arm_beat(s);
	if (!s->proved) {
		give_up_unproved(s);
	} else if (s->state == SESSION_CONNECTED) {
		if (s->beating && now - s->beat_sent > session_timeout(s) + interval)
			session_doom(s, "the server takes requests and does not answer");
		else if (now - s->last_reply >= interval)
			send_beat(s);
	} else if (now - s->unlinked > AWAY * session_timeout(s)) {
		session_doom(s, "it was away for too long");
	} else if (now - s->link_changed > session_timeout(s) + NAMES_INTERVAL) {
		s->link_changed = now;
		session_resolve(s);
	}
	return 0;
}

/* --- what the handle tells ------------------------------------------------------------------- */

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
	if (s->state != SESSION_CONNECTED || s->doom)
		return;
	if (s->last_reply < s->link_changed)
		send_beat(s);
	session_pump(s);
}

/* The link stands, and the server knows who we are. */
static void go_on(struct session *s)
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
		bury_for_auth(s, e.text);
	else
		/* refused only when the link is gone again: the next CONNECTED tries anew */
		s->authenticating = handle_authenticate(s->handle, &c) == ZOK;
	credentials_fini(&c);
}

/* NULL: what was granted can be what a server says to what we asked for. */
static char *find_fault(const struct session *s, int64_t granted)
{
	if (granted >= SHORTEST_GRANT && granted <= LONGEST_GRANT && handle_session(s->handle))
		return NULL;
	return xasprintf("it grants session 0x%llx and a timeout of %lld ms, where %llu ms were "
			 "asked for",
			 (unsigned long long)handle_session(s->handle),
			 (long long)(granted / (int64_t)USEC_PER_MSEC),
			 (unsigned long long)(s->wanted_timeout / USEC_PER_MSEC));
}

static void on_linked(struct session *s)
{
	int64_t granted = handle_timeout(s->handle);
	CLEANUP(freep) char *fault = find_fault(s, granted);

	handle_server(s->handle, s->server, sizeof(s->server));
	if (fault) {
		distrust(s, fault);
		return;
	}
	s->linked = true;
	s->link_changed = timing_now();
	s->id = handle_session(s->handle);
	s->timeout = (uint64_t)granted;
	session_arm_beat(s);
	if (s->auth_file && !s->authenticated)
		authenticate(s);
	else
		go_on(s);
}

static void on_unlinked(struct session *s)
{
	if (!s->linked)
		return;
	log_debug("zookeeper %s: lost %s", s->name, s->server);
	if (!s->proved) {
		distrust(s, "it grants a session and ends the connection");
		return;
	}
	s->link_changed = s->unlinked = timing_now();
	s->linked = false;
	s->server[0] = '\0';
	if (s->state != SESSION_CONNECTING)
		session_enter(s, SESSION_CONNECTING);
}

/* Until its timeout is over a session ends only when somebody closes it who has its password, or
 * when what answers has other data. */
static void on_expired(struct session *s)
{
	uint64_t now = timing_now();

	if (s->proved && now - s->last_reply < session_timeout(s)) {
		s->cut_short = now;
		log_warning("zookeeper %s: session 0x%llx was ended before its time, with %llu of "
			    "its %llu ms left: another client has closed it, or what answers now "
			    "does not know it",
			    s->name, (unsigned long long)s->id,
			    (unsigned long long)((s->last_reply + session_timeout(s) - now) /
						 USEC_PER_MSEC),
			    (unsigned long long)(session_timeout(s) / USEC_PER_MSEC));
	}
	session_doom(s, "it expired");
}

void session_on_link_state(struct session *s, struct note *n)
{
	if (n->rc == ZOO_CONNECTED_STATE)
		on_linked(s);
	else if (n->rc == ZOO_EXPIRED_SESSION_STATE)
		on_expired(s);
	else if (n->rc == ZOO_AUTH_FAILED_STATE)
		bury_for_auth(s, "authentication failed");
	else if (n->rc == ZOO_READONLY_STATE) /* which is granted to those who ask for it alone */
		distrust(s, "it grants a read-only session");
	else
		on_unlinked(s);
}

void session_on_auth(struct session *s, struct note *n)
{
	if (n->rc == ZAUTHFAILED) {
		bury_for_auth(s, zerror(n->rc));
	} else if (n->rc != ZOK) {
		session_doom(s, "the link broke while it was authenticated");
	} else {
		s->authenticated = true;
		if (s->linked)
			go_on(s);
	}
}

void session_on_beat(struct session *s, struct note *n)
{
	s->beating = false;
	if (session_is_lost(n->rc))
		return;
	s->last_reply = s->beat_sent;
	if (s->proved || s->freeing)
		return;
	s->proved = true;
	session_arm_beat(s);
	become_connected(s);
}
