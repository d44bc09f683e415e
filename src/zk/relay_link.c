/*
 * One connection of the library, and the connection to a server behind it.
 *
 * What the library sends goes on at once; its frames are read on the way, to know what has to be
 * answered. What the server sends is kept until a frame is complete, checked, and then sent on. In
 * memory there is never more than one frame of the server, and what the other end has not taken
 * yet; while that is much, no more is read.
 *
 * A large frame on a slow link takes longer than the library waits for any byte, and while it waits
 * for an answer it sends no pings, so that the server would end the session. While bytes of such a
 * frame arrive, the relay sends pings to the server and drops the answers, and sends answers to
 * pings to the library, which takes them whether it has sent any or not.
 *
 * When many requests are under way, the time of one is of no importance, and to wake up for each
 * frame costs more than the check. So the relay then reads each end only now and then: one read,
 * one write and one wake-up of the threads on either side serve many frames. A request that is
 * alone is passed on at once.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "relay_dial.h"
#include "relay_frames.h"
#include "relay_traffic.h"
#include "sys/disk.h"
#include "sys/timing.h"

#define ENOUGH ((size_t)1 << 20) /* waiting for one end: then nothing is read from the other */
#define CONNECT_PATIENCE (3 * USEC_PER_SEC)
#define HANDSHAKE_PATIENCE (4 * USEC_PER_SEC)
/* Between two reports about a frame that is not complete. When no byte of it has come for so long,
 * it has stopped. */
#define SLOW (2 * USEC_PER_SEC)
/* While so many answers are awaited, each end is read once in a TURN. The mirror awaits fewer when
 * they are large. */
#define MANY 64
#define TURN (2 * USEC_PER_MSEC)
#define BEATS 6 /* within the session's timeout */
/* The library sends the length of a request by itself and the request behind it. A request begins
 * with two numbers of 4 bytes each, and none is shorter. */
#define SHORTEST_REQUEST (FRAME_PREFIX + 8)

struct relay_link {
	sd_event *loop;
	struct link_ops ops;
	void *ctx;
	struct frames frames;
	struct relay_tls *tls;
	struct relay_server to;
	struct stream client, server;
	sd_event_source *timer; /* of the connect, the handshake, and a slow frame */
	struct dial dial;
	bool connected; /* to the server, with TLS where there is any */
	bool over;
	bool were_many;     /* answers were awaited at the last request */
	bool paced;         /* each end is read once in a TURN */
	uint64_t last_byte; /* when the server sent one */
	uint64_t begun;     /* when the frame that is not complete did … */
	uint64_t reported;  /* … and when it last was reported as slow */
};

/* --- the end ---------------------------------------------------------------------------------- */

/* What the library has sent stays, for another server. */
static void leave_server(struct relay_link *l)
{
	l->server.source = sd_event_source_disable_unref(l->server.source);
	SSL_free(TAKE(l->server.tls));
	disk_close(&l->server.fd);
}

static void finish(struct relay_link *l, enum link_end end, const char *why)
{
	if (l->over)
		return;
	timing_at(l->timer, NEVER);
	leave_server(l);
	l->over = end != LINK_UNREACHABLE;
	l->connected = false;
	l->ops.on_end(l->ctx, l, end, why);
	if (l->over) /* what the owner has to say comes before what the library sees */
		stream_close(&l->client);
}

void relay_link_free(struct relay_link *l)
{
	if (!l)
		return;
	stream_close(&l->client);
	stream_close(&l->server);
	sd_event_source_disable_unref(l->timer);
	dial_fini(&l->dial);
	frames_fini(&l->frames);
	free(l);
}

/* --- writing ---------------------------------------------------------------------------------- */

/* What each end waits for now. */
static void watch(struct relay_link *l)
{
	uint32_t client = 0, server = 0;

	if (l->over)
		return;
	client |= stream_waiting(&l->server) < ENOUGH ? EPOLLIN : 0;
	client |= stream_waiting(&l->client) ? EPOLLOUT : 0;
	sd_event_source_set_io_events(l->client.source, client);
	if (!l->connected)
		return;
	if (stream_waiting(&l->client) < ENOUGH)
		server |= EPOLLIN;
	if (stream_waiting(&l->server) || l->server.wants_write)
		server |= EPOLLOUT;
	sd_event_source_set_io_events(l->server.source, server);
}

/* Called for each batch of requests. Two small ones end the pace: the first may be the beginning of
 * what the library sends after a batch of answers. */
static void pace(struct relay_link *l)
{
	bool many = wire_outstanding(l->frames.wire) >= MANY;
	bool paced = many || l->were_many;
	uint64_t interval = paced ? TURN : 0;

	l->were_many = many;
	if (l->paced == paced || !l->connected)
		return;
	l->paced = paced;
	if (sd_event_source_set_ratelimit(l->client.source, interval, paced) < 0 ||
	    sd_event_source_set_ratelimit(l->server.source, interval, paced) < 0)
		die("sd-event: cannot pace a connection");
}

/* False: the connection is over. */
static bool flush_server(struct relay_link *l)
{
	bool ok = !l->connected || stream_flush(&l->server);

	relay_traffic_count(&l->server);
	if (!ok)
		finish(l, LINK_SERVER_LEFT, strerror(errno));
	return ok;
}

static bool flush_client(struct relay_link *l)
{
	bool ok = stream_flush(&l->client);

	if (!ok)
		finish(l, LINK_CLIENT_LEFT, "");
	return ok;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void watch_slow_frame(struct relay_link *l)
{
	uint64_t interval = wire_timeout(l->frames.wire) / BEATS;

	if (!l->frames.granted)
		return;
	if (frames_are_partial(&l->frames, &l->server))
		timing_arm(l->timer, interval < SLOW ? interval : SLOW);
	else
		timing_at(l->timer, NEVER);
}

/* A frame is not complete yet. */
static void continue_slow_frame(struct relay_link *l)
{
	uint64_t now = timing_now();

	if (now - l->last_byte >= SLOW)
		return;
	if (now - l->reported >= SLOW && stream_unread_size(&l->server) >= FRAME_PREFIX) {
		l->reported = now;
		l->ops.on_slow(l->ctx, l, stream_unread_size(&l->server),
			       stream_number(&l->server));
	}
	frames_keep_alive(&l->frames, &l->server, &l->client);
	if (flush_server(l) && flush_client(l))
		watch(l);
}

static void read_client(struct relay_link *l)
{
	int got = stream_fill(&l->client);

	if (got < 0)
		finish(l, LINK_CLIENT_LEFT, "");
	else if (got > 0 && !frames_take_requests(&l->frames, &l->client, &l->server))
		finish(l, LINK_CLIENT_LEFT, "the library sent a request that is not known");
	else if (flush_server(l) && flush_client(l))
		watch(l);
	pace(l);
	/* to wake up for the length of a request alone is of no use */
	stream_await(&l->client, stream_unread_size(&l->client) ? 1 : SHORTEST_REQUEST);
}

static void end_of_server(struct relay_link *l)
{
	bool refused = l->tls && !l->frames.granted && relay_tls_was_refused();
	CLEANUP(freep) char *why = NULL;

	if (refused)
		why = relay_tls_error(l->tls, l->server.tls, l->to.host);
	finish(l, refused ? LINK_DISTRUSTED : LINK_SERVER_LEFT, why ?: "");
}

/* Answers were checked; `was_partial` tells of the time before, and `took` of whether any of them
 * was complete. */
static void follow_frames(struct relay_link *l, bool was_partial, bool took)
{
	bool is_partial = frames_are_partial(&l->frames, &l->server);

	if (was_partial == is_partial && !took)
		return;
	if (l->reported > l->begun)
		l->ops.on_slow(l->ctx, l, 0, 0);
	l->begun = l->reported = l->last_byte;
	if (was_partial != is_partial)
		watch_slow_frame(l);
}

static void take_answers(struct relay_link *l, bool was_partial)
{
	size_t unread = stream_unread_size(&l->server);
	bool was_granted = l->frames.granted;
	const char *why = frames_take_answers(&l->frames, &l->server, &l->client);

	if (why) {
		finish(l, LINK_DISTRUSTED, why);
		return;
	}
	if (!was_granted && l->frames.granted) {
		timing_at(l->timer, NEVER);
		l->ops.on_granted(l->ctx, l);
	}
	follow_frames(l, was_partial, stream_unread_size(&l->server) < unread);
	if (!flush_client(l))
		return;
	if (l->server.ended)
		end_of_server(l);
	else
		watch(l);
}

static void read_server(struct relay_link *l)
{
	bool was_partial = frames_are_partial(&l->frames, &l->server);
	int got = stream_fill(&l->server);

	relay_traffic_count(&l->server);
	if (got < 0) {
		end_of_server(l);
		return;
	}
	if (got > 0)
		l->last_byte = timing_now();
	take_answers(l, was_partial);
}

/* --- events ----------------------------------------------------------------------------------- */

static int on_client(sd_event_source *s UNUSED, int fd UNUSED, uint32_t events, void *ctx)
{
	struct relay_link *l = ctx;

	if (events & EPOLLOUT && !flush_client(l))
		return 0;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_client(l);
	else
		watch(l);
	return 0;
}

static void become_connected(struct relay_link *l)
{
	l->connected = true;
	l->last_byte = timing_now();
	timing_arm(l->timer, HANDSHAKE_PATIENCE);
	l->ops.on_server(l->ctx, l);
	if (l->dial.stale)
		l->ops.on_stale(l->ctx, l, l->dial.stale);
	if (flush_server(l))
		watch(l);
}

static void continue_dial(struct relay_link *l)
{
	if (!l->dial.reached)
		timing_arm(l->timer, HANDSHAKE_PATIENCE); /* for TLS */
	switch (dial_continue(&l->dial, &l->server, l->tls, &l->to)) {
	case DIAL_DONE:
		become_connected(l);
		break;
	case DIAL_UNREACHABLE:
		finish(l, LINK_UNREACHABLE, l->dial.why);
		break;
	case DIAL_REFUSED:
		finish(l, LINK_DISTRUSTED, l->dial.why);
		break;
	case DIAL_WAITS:
		sd_event_source_set_io_events(l->server.source, dial_events(&l->dial, &l->server));
		break;
	}
}

static int on_server(sd_event_source *s UNUSED, int fd UNUSED, uint32_t events, void *ctx)
{
	struct relay_link *l = ctx;

	if (!l->connected) {
		continue_dial(l);
		return 0;
	}
	if (events & EPOLLOUT && !flush_server(l))
		return 0;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_server(l);
	else
		watch(l);
	return 0;
}

static int on_timer(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct relay_link *l = ctx;

	if (!l->dial.reached)
		finish(l, LINK_UNREACHABLE, "no answer");
	else if (!l->frames.granted)
		finish(l, LINK_SILENT, "");
	else
		continue_slow_frame(l);
	if (l->connected)
		watch_slow_frame(l);
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */

struct relay_link *relay_link_new(sd_event *loop, int client, const struct wire_limits *limits,
				  struct relay_tls *tls, const struct link_ops *ops, void *ctx)
{
	struct relay_link *l = xcalloc(1, sizeof(*l));
	int on = 1;

	l->loop = loop;
	l->ops = *ops;
	l->ctx = ctx;
	l->tls = tls;
	frames_init(&l->frames, limits);
	l->client.fd = client;
	l->server.fd = -1;
	l->timer = timing_new(loop, on_timer, l);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stream_await(&l->client, SHORTEST_REQUEST);
	if (sd_event_add_io(loop, &l->client.source, client, EPOLLIN, on_client, l) < 0)
		die("sd-event: cannot watch a connection");
	return l;
}

void relay_link_connect(struct relay_link *l, const struct relay_server *server)
{
	l->to = *server;
	if (dial_begin(&l->dial, &l->server, server) == DIAL_UNREACHABLE) {
		finish(l, LINK_UNREACHABLE, l->dial.why);
		return;
	}
	if (sd_event_add_io(l->loop, &l->server.source, l->server.fd,
			    dial_events(&l->dial, &l->server), on_server, l) < 0)
		die("sd-event: cannot watch a connection");
	timing_arm(l->timer, CONNECT_PATIENCE);
}

const struct relay_server *relay_link_server(const struct relay_link *l)
{
	return &l->to;
}

bool relay_link_is_waiting(const struct relay_link *l)
{
	return !l->over && l->server.fd < 0;
}
