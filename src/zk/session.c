/*
 * A session: its notes, its start and its end. Its owner's requests are in session_request.c.
 *
 * Everything here runs on the loop thread. Notes of a handle that is no longer
 * `s->handle` are dropped, except the one that says that its close is over: then
 * nothing calls back into it any more, and it is freed with the requests it kept.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "session_parts.h"
#include "sys/timing.h"

#define BEAT_PATIENCE (300 * USEC_PER_MSEC)

const char *session_state_name(enum session_state s)
{
	static const char *const names[] = {
		[SESSION_CONNECTING] = "connecting",
		[SESSION_CONNECTED] = "connected",
		[SESSION_EXPIRED] = "expired",
	};
	return names[s];
}

static void on_reply(struct session *s, struct note *n)
{
	outbox_answer(&s->outbox, n);
	session_pump(s);
}

static void on_watch(struct session *s, struct note *n)
{
	if (s->ops.on_watch)
		s->ops.on_watch(s->ctx, n->rc, n->text);
}

static void on_closed(struct session *s, struct note *n)
{
	s->closing--;
	handle_free(n->handle);
}

static void take_note(struct session *s, struct note *n)
{
	static void (*const take[NOTE_KIND_N])(struct session *, struct note *) = {
		[NOTE_REPLY] = on_reply,
		[NOTE_STATE] = session_on_link_state,
		[NOTE_WATCH] = on_watch,
		[NOTE_AUTH] = session_on_auth,
		[NOTE_BEAT] = session_on_beat,
		[NOTE_CLOSED] = on_closed,
		[NOTE_RESOLVED] = session_on_resolved,
		[NOTE_SERVER] = session_on_server,
		[NOTE_DISTRUST] = session_on_distrust,
		[NOTE_SLOW] = session_on_slow,
		[NOTE_STALE] = session_on_stale,
	};
	bool wanted = !s->freeing || n->kind == NOTE_BEAT;
	bool current = !n->handle || n->handle == s->handle;

	if ((current && wanted) || n->kind == NOTE_CLOSED)
		take[n->kind](s, n);
	note_free(n);
}

static void take_notes(struct session *s)
{
	struct note *n;

	queue_take(s->queue, &s->notes);
	while ((n = STAILQ_FIRST(&s->notes))) {
		STAILQ_REMOVE_HEAD(&s->notes, link);
		take_note(s, n);
		if (s->condemned)
			session_close_condemned(s);
	}
}

static void tell_idle(struct session *s)
{
	if (s->ops.on_idle && outbox_is_empty(&s->outbox) && queue_is_empty(s->queue))
		s->ops.on_idle(s->ctx);
}

static int on_incoming(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
		       void *ctx)
{
	struct session *s = ctx;

	take_notes(s);
	tell_idle(s);
	return 0;
}

static int on_work(sd_event_source *source UNUSED, void *ctx)
{
	struct session *s = ctx;

	if (s->condemned)
		session_close_condemned(s);
	outbox_answer_refused(&s->outbox);
	tell_idle(s);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

static int add_sources(struct session *s, struct err *e)
{
	int rc = sd_event_add_io(s->loop, &s->incoming, queue_fd(s->queue), POLLIN, on_incoming, s);

	if (rc >= 0)
		rc = sd_event_add_defer(s->loop, &s->work, on_work, s);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(s->work, SD_EVENT_OFF);
	if (rc >= 0)
		rc = sd_event_add_time(s->loop, &s->retry, CLOCK_MONOTONIC, 0, 1000,
				       session_on_retry, s);
	if (rc >= 0)
		rc = sd_event_add_time(s->loop, &s->beat, CLOCK_MONOTONIC, 0, 1000,
				       session_on_beat_timer, s);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(s->beat, SD_EVENT_OFF);
	return rc < 0 ? err_set(e, ERR_SYS, "session: cannot use the event loop: %s", strerror(-rc))
		      : 0;
}

/* What was closed before the queue was shut is still ours. */
static void free_closed(struct session *s)
{
	struct note *n;

	queue_take(s->queue, &s->notes);
	while ((n = STAILQ_FIRST(&s->notes))) {
		STAILQ_REMOVE_HEAD(&s->notes, link);
		if (n->kind == NOTE_CLOSED)
			handle_free(n->handle);
		note_free(n);
	}
}

static void destroy(struct session *s)
{
	sd_event_source_disable_unref(s->incoming);
	sd_event_source_disable_unref(s->work);
	sd_event_source_disable_unref(s->retry);
	sd_event_source_disable_unref(s->beat);
	if (s->queue) {
		queue_shut(s->queue);
		free_closed(s);
		queue_unref(s->queue);
	}
	relay_close(s->relay);
	address_book_fini(&s->addresses);
	acl_book_fini(&s->acls);
	free(s->distrust);
	free(s->unanswered);
	free(s->slow_text);
	free(s->auth_file);
	free(s->name);
	free(s);
}
DEFINE_CLEANUP(struct session *, destroy)

static int check_credentials(const char *path, struct err *e)
{
	struct credentials c = { 0 };
	int rc = credentials_read(path, &c, e);

	credentials_fini(&c);
	if (rc < 0 && e)
		e->code = ERR_SETTINGS;
	return rc;
}

int session_new(sd_event *loop, const char *name, const struct zookeeper_settings *settings,
		const struct session_ops *ops, void *ctx, struct session **out, struct err *e)
{
	CLEANUP(destroyp) struct session *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->name = xstrdup(name);
	s->ops = *ops;
	s->ctx = ctx;
	s->wanted_timeout = settings->session_timeout;
	s->since = timing_now();
	outbox_init(&s->outbox);
	STAILQ_INIT(&s->notes);
	if (settings->auth_file && *settings->auth_file)
		s->auth_file = xstrdup(settings->auth_file);
	acl_book_init(&s->acls, settings);
	if (s->auth_file && check_credentials(s->auth_file, e) < 0)
		return -1;
	if (address_book_init(&s->addresses, settings->hosts, e) < 0 ||
	    queue_new(&s->queue, e) < 0 || session_open_relay(s, settings, e) < 0 ||
	    add_sources(s, e) < 0)
		return -1;
	*out = TAKE(s);
	return 0;
}

/*
 * The library ends a session by sending the close and reading once. If what it reads is the answer
 * to our last beat, it drops the link before the server has taken the close, and the ephemerals
 * stay until the session expires.
 */
static void wait_for_beat(struct session *s)
{
	uint64_t deadline = timing_now() + BEAT_PATIENCE;
	uint64_t now;

	while (s->beating && s->state == SESSION_CONNECTED && (now = timing_now()) < deadline) {
		struct pollfd p = { .fd = queue_fd(s->queue), .events = POLLIN };

		poll(&p, 1, (int)((deadline - now + 999) / USEC_PER_MSEC));
		take_notes(s);
	}
}

/* Notes of closed handles are all that is still of interest. */
static void wait_for_closes(struct session *s, uint64_t patience)
{
	uint64_t deadline = timing_now() + patience;

	for (;;) {
		struct pollfd p = { .fd = queue_fd(s->queue), .events = POLLIN };
		uint64_t now = timing_now();

		take_notes(s);
		if (s->closing == 0 || now >= deadline)
			return;
		poll(&p, 1, (int)((deadline - now + 999) / USEC_PER_MSEC));
	}
}

void session_free(struct session *s, uint64_t patience)
{
	struct handle *h;

	if (!s)
		return;
	s->freeing = true;
	s->ops = (struct session_ops){ 0 };
	s->condemned = NULL;
	wait_for_beat(s);
	h = TAKE(s->handle);
	if (h) {
		s->closing++;
		handle_close(h);
	}
	outbox_answer_gone(&s->outbox, h);
	outbox_answer_refused(&s->outbox);
	wait_for_closes(s, patience);
	destroy(s);
}

const char *session_result(int rc)
{
	return rc == SESSION_GONE ? "the session is over" : zerror(rc);
}

bool session_result_is_lost(int rc)
{
	return outbox_is_lost(rc);
}

enum session_state session_state(const struct session *s)
{
	return s->state;
}

int64_t session_id(const struct session *s)
{
	return s->id;
}

/* The relay may have told the next server before the library tells that the last one is lost. */
const char *session_server(const struct session *s)
{
	return s->linked ? s->server : "";
}

uint64_t session_since(const struct session *s)
{
	return s->since;
}

unsigned long session_reconnects(const struct session *s)
{
	return s->reconnects;
}

unsigned long session_requests(const struct session *s)
{
	return s->outbox.sent;
}

uint64_t session_last_reply(const struct session *s)
{
	return s->last_reply;
}

uint64_t session_cut_short(const struct session *s)
{
	return s->cut_short;
}

unsigned session_epoch(const struct session *s)
{
	return s->epoch;
}
