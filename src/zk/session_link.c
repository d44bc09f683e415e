/*
 * How a session gets a handle, keeps its link and loses it: names are resolved, a handle
 * is opened, connects, authenticates, loses its link and finds it again; when it is past
 * saving it is closed on a thread of its own and the next one is opened after a pause,
 * which grows while handles die young.
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

#define JITTER (200 * USEC_PER_MSEC) /* between handles, when all was well */
#define LONGEST_PAUSE (60 * USEC_PER_SEC)
#define SHORT_LIFE (5 * USEC_PER_SEC) /* a handle that dies younger makes pauses grow */
#define AUTH_FAILURES 4               /* pauses begin as if after this many failures */
#define BEATS 6                       /* within one timeout */
#define AWAY 3 /* timeouts without a server, after which a session is given up */
#define NAMES_INTERVAL (30 * USEC_PER_SEC)
#define FLAP_INTERVAL (10 * USEC_PER_SEC)

static void enter(struct session *s, enum session_state state)
{
	if (state != s->state)
		s->since = timing_now();
	s->state = state;
	if (s->ops.on_state)
		s->ops.on_state(s->ctx, state);
}

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

/* --- opening --------------------------------------------------------------------------------- */

static uint64_t pause_before_next(const struct session *s)
{
	uint64_t longest = JITTER << (s->failures < 10 ? s->failures : 10);

	if (s->failures == 0)
		return timing_random(JITTER);
	if (longest > LONGEST_PAUSE)
		longest = LONGEST_PAUSE;
	return longest / 2 + timing_random(longest / 2);
}

static void reopen_later(struct session *s)
{
	timing_arm(s->retry, pause_before_next(s));
}

static void fail_to_open(struct session *s, const char *why)
{
	s->failures++;
	log_warning("zookeeper %s: %s", s->name, why);
	reopen_later(s);
}

static void resolve(struct session *s)
{
	struct err e;

	if (s->resolving)
		return;
	s->resolving = resolver_start(s->hosts, s->queue, &e) == 0;
	if (!s->resolving && !s->handle)
		fail_to_open(s, e.text);
}

int session_on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	resolve(ctx);
	return 0;
}

static void open_handle(struct session *s, const char *addresses)
{
	CLEANUP(freep) char *connect_string = resolver_connect_string(s->hosts, addresses);
	struct err e;

	if (handle_open(s->queue, connect_string, s->wanted_timeout, &s->handle, &e) < 0) {
		fail_to_open(s, e.text);
		return;
	}
	free(s->addresses);
	s->addresses = xstrdup(addresses);
	s->epoch++;
	s->opened = s->link_changed = timing_now();
	s->linked = s->authenticating = s->authenticated = s->beating = false;
	log_debug("zookeeper %s: connecting to %s", s->name, connect_string);
	timing_arm(s->beat, s->wanted_timeout / BEATS);
	if (s->state != SESSION_CONNECTING)
		enter(s, SESSION_CONNECTING);
}

void session_on_resolved(struct session *s, struct note *n)
{
	s->resolving = false;
	if (n->error && (*n->text || s->handle))
		log_warning("zookeeper %s: cannot resolve %s", s->name, n->error);
	if (!s->handle && *n->text)
		open_handle(s, n->text);
	else if (!s->handle)
		fail_to_open(s, n->error ? n->error : "the hosts have no addresses");
	else if (*n->text && !s->linked && strcmp(n->text, s->addresses) != 0)
		session_doom(s, "the hosts have other addresses now");
}

/* --- closing --------------------------------------------------------------------------------- */

void session_bury(struct session *s)
{
	struct handle *h = TAKE(s->handle);
	uint64_t lived = timing_now() - s->opened;

	log_notice("zookeeper %s: session 0x%llx ends: %s", s->name, (unsigned long long)s->id,
		   s->doom);
	s->doom = NULL;
	s->linked = false;
	s->id = 0;
	s->server[0] = '\0';
	s->failures = lived < SHORT_LIFE ? s->failures + 1 : 0;
	s->closing++;
	handle_close(h);
	sd_event_source_set_enabled(s->beat, SD_EVENT_OFF);
	enter(s, SESSION_EXPIRED);
	session_answer_gone(s, h);
	reopen_later(s);
}

static void bury_for_auth(struct session *s, const char *why)
{
	log_error("zookeeper %s: the credentials of %s were refused: %s", s->name, s->auth_file,
		  why);
	if (s->failures < AUTH_FAILURES)
		s->failures = AUTH_FAILURES;
	s->opened = timing_now();
	session_doom(s, "it could not be authenticated");
}

/* --- beats ----------------------------------------------------------------------------------- */

static void send_beat(struct session *s)
{
	if (s->beating || s->doom)
		return;
	s->beat_sent = timing_now();
	s->beating = handle_beat(s->handle) == ZOK;
}

int session_on_beat_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct session *s = ctx;
	uint64_t now = timing_now(), interval = session_timeout(s) / BEATS;

	timing_arm(s->beat, interval);
	if (s->state == SESSION_CONNECTED) {
		if (s->beating && now - s->beat_sent > session_timeout(s) + interval)
			session_doom(s, "the server takes requests and does not answer");
		else if (now - s->last_reply >= interval)
			send_beat(s);
	} else if (s->linked && now - s->link_changed > session_timeout(s)) {
		session_doom(s, "the server does not answer to the credentials");
	} else if (!s->linked && s->id && now - s->unlinked > AWAY * session_timeout(s)) {
		session_doom(s, "it was away for too long");
	} else if (!s->linked && now - s->link_changed > session_timeout(s) + NAMES_INTERVAL) {
		s->link_changed = now;
		resolve(s);
	}
	return 0;
}

/* --- what the handle tells ------------------------------------------------------------------- */

static void become_connected(struct session *s)
{
	if (s->was_connected)
		s->reconnects++;
	s->was_connected = true;
	enter(s, SESSION_CONNECTED);
	if (s->state != SESSION_CONNECTED || s->doom)
		return;
	send_beat(s);
	session_pump(s);
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

static void on_linked(struct session *s)
{
	unsigned suppressed = 0;

	s->linked = true;
	s->link_changed = timing_now();
	s->id = handle_session(s->handle);
	s->timeout = handle_timeout(s->handle);
	handle_server(s->handle, s->server, sizeof(s->server));
	if (log_limit_pass(&s->flap, timing_now(), FLAP_INTERVAL, &suppressed))
		log_info("zookeeper %s: connected to %s, session 0x%llx, timeout %llu ms", s->name,
			 s->server, (unsigned long long)s->id,
			 (unsigned long long)(s->timeout / USEC_PER_MSEC));
	if (s->auth_file && !s->authenticated)
		authenticate(s);
	else
		become_connected(s);
}

static void on_unlinked(struct session *s)
{
	if (!s->linked && s->state == SESSION_CONNECTING)
		return;
	log_debug("zookeeper %s: lost %s", s->name, s->server);
	s->link_changed = s->unlinked = timing_now();
	s->linked = false;
	s->server[0] = '\0';
	if (s->state != SESSION_CONNECTING)
		enter(s, SESSION_CONNECTING);
}

void session_on_link_state(struct session *s, struct note *n)
{
	if (n->rc == ZOO_CONNECTED_STATE)
		on_linked(s);
	else if (n->rc == ZOO_EXPIRED_SESSION_STATE)
		session_doom(s, "it expired");
	else if (n->rc == ZOO_AUTH_FAILED_STATE)
		bury_for_auth(s, "authentication failed");
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
			become_connected(s);
	}
}

void session_on_beat(struct session *s, struct note *n)
{
	s->beating = false;
	if (!session_is_lost(n->rc))
		s->last_reply = s->beat_sent;
}
