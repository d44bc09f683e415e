/*
 * What a session has from its relay: the server of the connection, servers that are not healthy,
 * and answers that arrive slowly.
 */
#include <stdio.h>
#include <stdlib.h>

#include "session_parts.h"
#include "sys/timing.h"

/* A server limits the timeout that was requested, which is ten minutes at most. */
#define SHORTEST_GRANT (100 * USEC_PER_MSEC)
#define LONGEST_GRANT (600 * USEC_PER_SEC)

int session_open_relay(struct session *s, const struct zookeeper_settings *settings, struct err *e)
{
	const struct wire_limits limits = {
		.max_frame = (size_t)settings->max_frame,
		.shortest_grant = SHORTEST_GRANT,
		.longest_grant = LONGEST_GRANT,
	};

	return relay_open(s->queue, &limits, &settings->tls, &s->relay, e);
}

const char *session_distrust(const struct session *s, uint64_t *when)
{
	*when = s->distrusted_at;
	return s->distrust ?: "";
}

const char *session_slow(const struct session *s)
{
	return s->slow_text ?: "";
}

const char *session_unanswered(const struct session *s)
{
	return s->unanswered ?: "";
}

void session_set_unanswered(struct session *s, const char *why)
{
	free(s->unanswered);
	s->unanswered = xasprintf("%s %s", s->last_server, why);
	if (session_may_log(&s->unanswered_log))
		log_warning("zookeeper %s: %s; another server is tried every few seconds", s->name,
			    s->unanswered);
}

static void tell(struct session *s)
{
	if (s->ops.on_link)
		s->ops.on_link(s->ctx);
}

/* "": all of the answer is here, or the connection is over. */
void session_on_slow(struct session *s, struct note *n)
{
	if (*n->text)
		s->slow = timing_now();
	free(s->slow_text);
	s->slow_text = *n->text ? xstrdup(n->text) : NULL;
	log_debug("zookeeper %s: %s", s->name, session_slow(s));
	tell(s);
}

void session_on_server(struct session *s, struct note *n)
{
	snprintf(s->server, sizeof(s->server), "%s", n->text);
	if (*s->server)
		snprintf(s->last_server, sizeof(s->last_server), "%s", s->server);
	if (s->slow_text)
		free(TAKE(s->slow_text));
}

void session_on_distrust(struct session *s, struct note *n)
{
	free(s->distrust);
	s->distrust = xstrdup(n->text);
	s->distrusted_at = timing_now();
	if (session_may_log(&s->distrust_log))
		log_warning("zookeeper %s: not a healthy ZooKeeper server: %s; another is tried "
			    "every few seconds",
			    s->name, s->distrust);
	tell(s);
}

void session_on_stale(struct session *s, struct note *n)
{
	if (session_may_log(&s->stale_tls))
		log_error(
			"zookeeper %s: the renewed files cannot be used, and the old ones stay in "
			"force: %s",
			s->name, n->text);
}
