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
#include "sys/disk.h"
#include "sys/timing.h"

#define CLIENT_FRAME ((size_t)64 << 20) /* of our own library: more is a mistake of ours */
#define ENOUGH ((size_t)1 << 20) /* waiting for one end: then nothing is read from the other */
#define CONNECT_PATIENCE (3 * USEC_PER_SEC)
#define HANDSHAKE_PATIENCE (4 * USEC_PER_SEC)
/* Between two reports about a frame that is not complete. When no byte of it has come for so long,
 * it has stopped. */
#define SLOW (2 * USEC_PER_SEC)
#define BEATS 6 /* within the session's timeout */
#define PREFIX 4

struct relay_link {
	sd_event *loop;
	struct link_ops ops;
	void *ctx;
	struct wire *wire;
	struct relay_tls *tls;
	struct relay_server to;
	struct stream client, server;
	sd_event_source *timer; /* of the connect, the handshake, and a slow frame */
	struct dial dial;
	bool connected; /* to the server, with TLS where there is any */
	bool granted, over;
	size_t own_pings;   /* of us; the server's answers are dropped */
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
	if (l->over)
		stream_close(&l->client);
	l->connected = false;
	l->ops.on_end(l->ctx, l, end, why);
}

void relay_link_free(struct relay_link *l)
{
	if (!l)
		return;
	stream_close(&l->client);
	stream_close(&l->server);
	sd_event_source_disable_unref(l->timer);
	dial_fini(&l->dial);
	wire_free(l->wire);
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

/* False: the connection is over. */
static bool flush_server(struct relay_link *l)
{
	bool ok = !l->connected || stream_flush(&l->server);

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

/* Is a part of a frame of the server here, and the rest is not? */
static bool is_in_a_frame(const struct relay_link *l)
{
	return l->granted && stream_unread_size(&l->server) > 0;
}

/* Frames of the library: remembered, and sent on. */
static bool take_requests(struct relay_link *l)
{
	struct stream *i = &l->client;

	while (stream_unread_size(i) >= PREFIX) {
		size_t size = stream_number(i);

		if (size > CLIENT_FRAME)
			return false;
		if (stream_unread_size(i) < PREFIX + size)
			break;
		if (!wire_request(l->wire, stream_unread(i) + PREFIX, size))
			return false;
		stream_put(&l->server, stream_unread(i), PREFIX + size);
		stream_take(i, PREFIX + size);
	}
	return true;
}

static void send_handshake(struct relay_link *l, const unsigned char *frame, size_t size)
{
	char whole[WIRE_HANDSHAKE_SIZE];

	wire_complete_handshake(frame, size, whole);
	stream_put(&l->client, whole, sizeof(whole));
	l->granted = true;
	timing_at(l->timer, NEVER);
	l->ops.on_granted(l->ctx, l);
}

static void send_on(struct relay_link *l, enum wire_kind kind, const unsigned char *frame,
		    size_t size)
{
	if (kind == WIRE_HANDSHAKE)
		send_handshake(l, frame, size);
	else if (kind == WIRE_PING && l->own_pings)
		l->own_pings--;
	else
		stream_put(&l->client, frame - PREFIX, PREFIX + size);
}

/* Frames of the server: checked, and sent on. NULL, or what is wrong. */
static const char *take_answers(struct relay_link *l)
{
	struct stream *i = &l->server;

	while (stream_unread_size(i) >= PREFIX) {
		const unsigned char *frame = stream_unread(i) + PREFIX;
		enum wire_kind kind;
		size_t size;
		const char *why = wire_length(l->wire, stream_unread(i), &size);

		if (why)
			return why;
		if (stream_unread_size(i) < PREFIX + size)
			break;
		why = wire_reply(l->wire, frame, size, &kind);
		if (why)
			return why;
		send_on(l, kind, frame, size);
		stream_take(i, PREFIX + size);
	}
	return NULL;
}

static void watch_slow_frame(struct relay_link *l)
{
	uint64_t interval = wire_timeout(l->wire) / BEATS;

	if (l->granted)
		timing_arm(l->timer, !is_in_a_frame(l) ? NEVER : interval < SLOW ? interval : SLOW);
}

/* Both ends hear from each other. */
static void keep_alive(struct relay_link *l)
{
	wire_request(l->wire, wire_ping + PREFIX, sizeof(wire_ping) - PREFIX);
	l->own_pings++;
	stream_put(&l->server, wire_ping, sizeof(wire_ping));
	stream_put(&l->client, wire_pong, sizeof(wire_pong));
	if (flush_server(l) && flush_client(l))
		watch(l);
}

/* A frame is not complete yet. */
static void continue_slow_frame(struct relay_link *l)
{
	uint64_t now = timing_now();

	if (now - l->last_byte >= SLOW)
		return;
	if (now - l->reported >= SLOW && stream_unread_size(&l->server) >= PREFIX) {
		l->reported = now;
		l->ops.on_slow(l->ctx, l, stream_unread_size(&l->server),
			       stream_number(&l->server));
	}
	keep_alive(l);
}

static void read_client(struct relay_link *l)
{
	int got = stream_fill(&l->client);

	if (got < 0)
		finish(l, LINK_CLIENT_LEFT, "");
	else if (got > 0 && !take_requests(l))
		finish(l, LINK_CLIENT_LEFT, "the library sent a request that is not known");
	else if (flush_server(l) && flush_client(l))
		watch(l);
}

static void read_server(struct relay_link *l)
{
	bool was_in_a_frame = is_in_a_frame(l);
	int got = stream_fill(&l->server);
	const char *why;

	if (got < 0) {
		finish(l, LINK_SERVER_LEFT, "");
		return;
	}
	if (got > 0)
		l->last_byte = timing_now();
	why = take_answers(l);
	if (why) {
		finish(l, LINK_DISTRUSTED, why);
		return;
	}
	if (was_in_a_frame != is_in_a_frame(l)) {
		if (l->reported > l->begun)
			l->ops.on_slow(l->ctx, l, 0, 0);
		l->begun = l->reported = l->last_byte;
		watch_slow_frame(l);
	}
	if (flush_client(l))
		watch(l);
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
	else if (!l->granted)
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
	l->wire = wire_new(limits);
	l->client.fd = client;
	l->server.fd = -1;
	l->timer = timing_new(loop, on_timer, l);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
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
