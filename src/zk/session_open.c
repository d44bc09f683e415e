/*
 * How a session comes by a handle: names are resolved once and again beside each handle, and
 * handles are opened with pauses between them, which grow while they come to nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "session_parts.h"
#include "sys/timing.h"

#define JITTER (200 * USEC_PER_MSEC) /* between handles, when all was well */
#define LONGEST_PAUSE (3 * USEC_PER_SEC)
#define LINK_PATIENCE (4 * USEC_PER_SEC)     /* for each step of a new handle */
#define TROUBLE_INTERVAL (60 * USEC_PER_SEC) /* between two lines on what keeps going wrong */

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

	return log_limit_pass(limit, timing_now(), TROUBLE_INTERVAL, &suppressed);
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

	if (s->resolving)
		return;
	s->resolving = resolver_start(s->hosts, s->queue, &e) == 0;
	if (!s->resolving && !s->handle)
		fail_to_open(s, e.text);
}

void session_arm_beat(struct session *s)
{
	timing_arm(s->beat, s->proved ? session_timeout(s) / SESSION_BEATS : LINK_PATIENCE);
}

static void open_handle(struct session *s, const char *addresses)
{
	CLEANUP(freep)
	char *connect_string = resolver_connect_string(s->hosts, addresses, s->first);
	struct err e;

	if (handle_open(s->queue, connect_string, s->wanted_timeout, &s->handle, &e) < 0) {
		fail_to_open(s, e.text);
		return;
	}
	free(s->addresses);
	s->addresses = xstrdup(addresses);
	free(s->first);
	s->first = xasprintf("%.*s", (int)strcspn(connect_string, ",/"), connect_string);
	s->epoch++;
	s->opened = s->link_changed = timing_now();
	s->linked = s->authenticating = s->authenticated = s->proved = s->beating = false;
	log_debug("zookeeper %s: connecting to %s", s->name, connect_string);
	session_arm_beat(s);
	if (s->state != SESSION_CONNECTING)
		session_enter(s, SESSION_CONNECTING);
}

/* With the addresses that are known a name server is not waited for. */
int session_on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct session *s = ctx;

	if (s->known)
		open_handle(s, s->known);
	session_resolve(s);
	return 0;
}

void session_on_resolved(struct session *s, struct note *n)
{
	bool awaited = !s->handle && !s->known;

	s->resolving = false;
	if (n->error && !(awaited && !*n->text) && session_may_log(&s->unresolved))
		log_warning("zookeeper %s: cannot resolve %s", s->name, n->error);
	if (*n->text) {
		free(s->known);
		s->known = xstrdup(n->text);
	}
	if (awaited && s->known)
		open_handle(s, s->known);
	else if (awaited)
		fail_to_open(s, n->error ? n->error : "the hosts have no addresses");
	else if (*n->text && s->handle && s->proved && !s->linked &&
		 strcmp(n->text, s->addresses) != 0)
		session_doom(s, "the hosts have other addresses now");
}
