/*
 * How a session gets a handle: names are resolved once, and again with each handle; handles are
 * opened with pauses between them, which grow while they come to nothing. And what all that happens
 * to a handle needs: to condemn it, to enter a state, to send what waits.
 */
#include <stdlib.h>
#include <string.h>

#include "session_parts.h"
#include "sys/timing.h"

#define JITTER (200 * USEC_PER_MSEC) /* between two handles, when the last one was proved */
#define LONGEST_PAUSE (3 * USEC_PER_SEC)
#define LINK_PATIENCE (4 * USEC_PER_SEC) /* for each step of a new handle */
#define LOG_INTERVAL (60 * USEC_PER_SEC) /* between two lines about a failure that lasts */

uint64_t session_timeout(const struct session *s)
{
	return s->timeout ? s->timeout : s->wanted_timeout;
}

void session_condemn(struct session *s, const char *why)
{
	if (!s->handle || s->condemned)
		return;
	s->condemned = why;
	sd_event_source_set_enabled(s->work, SD_EVENT_ONESHOT);
}

void session_renew(struct session *s)
{
	session_condemn(s, "a new session is needed");
}

void session_pump(struct session *s)
{
	if (s->state == SESSION_CONNECTED && !s->condemned && !outbox_send(&s->outbox, s->handle))
		session_condemn(s, "libzookeeper cannot send requests on it");
	if (outbox_has_refused(&s->outbox))
		sd_event_source_set_enabled(s->work, SD_EVENT_ONESHOT);
}

void session_enter(struct session *s, enum session_state state)
{
	if (state != s->state)
		s->since = timing_now();
	s->state = state;
	if (s->ops.on_state)
		s->ops.on_state(s->ctx, state);
}

bool session_may_log(struct log_limit *limit)
{
	unsigned suppressed = 0;

	return log_limit_pass(limit, timing_now(), LOG_INTERVAL, &suppressed);
}

static uint64_t pause_before_next(const struct session *s)
{
	uint64_t longest = JITTER << (s->failures < 10 ? s->failures : 10);

	if (s->failures == 0)
		return timing_random(JITTER);
	if (longest > LONGEST_PAUSE)
		longest = LONGEST_PAUSE;
	return longest / 2 + timing_random(longest / 2);
}

void session_reopen_after(struct session *s, uint64_t begin)
{
	uint64_t now = timing_now(), due = begin + pause_before_next(s);

	timing_arm(s->retry, due > now ? due - now : 0);
}

static void fail_to_open(struct session *s, const char *why)
{
	s->failures++;
	if (session_may_log(&s->unopened))
		log_warning("zookeeper %s: %s", s->name, why);
	session_reopen_after(s, timing_now());
}

void session_resolve(struct session *s)
{
	struct err e;

	if (address_book_resolve(&s->addresses, s->queue, &e) < 0 && !s->handle)
		fail_to_open(s, e.text);
}

void session_arm_beat(struct session *s)
{
	timing_arm(s->beat, s->proved ? session_timeout(s) / SESSION_BEATS : LINK_PATIENCE);
}

/* --- opening --------------------------------------------------------------------------------- */

static void open_handle(struct session *s)
{
	CLEANUP(freep) char *relay = relay_address(s->relay);
	CLEANUP(freep) char *connect_string = NULL;
	struct err e;

	connect_string = xasprintf("%s%s", relay, address_book_chroot(&s->addresses));

	if (handle_open(s->queue, connect_string, s->wanted_timeout, &s->handle, &e) < 0) {
		fail_to_open(s, e.text);
		return;
	}
	s->epoch++;
	s->opened = s->link_changed = timing_now();
	s->linked = s->authenticating = s->authenticated = s->proved = s->beating = false;
	log_debug("zookeeper %s: connecting to %s", s->name, s->addresses.known);
	session_arm_beat(s);
	if (s->state != SESSION_CONNECTING)
		session_enter(s, SESSION_CONNECTING);
}

/* With known addresses it does not wait for a name server. */
int session_on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct session *s = ctx;

	if (s->addresses.known)
		open_handle(s);
	session_resolve(s);
	return 0;
}

void session_on_resolved(struct session *s, struct note *n)
{
	bool awaited = !s->handle && !s->addresses.known;

	if (address_book_on_resolved(&s->addresses, n))
		relay_set_servers(s->relay, s->addresses.known);
	if (n->error && !(awaited && !*n->text) && session_may_log(&s->unresolved))
		log_warning("zookeeper %s: cannot resolve %s", s->name, n->error);
	if (awaited && s->addresses.known)
		open_handle(s);
	else if (awaited)
		fail_to_open(s, n->error ? n->error : "the hosts have no addresses");
}
