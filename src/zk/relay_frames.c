/* Frames in both directions. */
#include "relay_frames.h"

#define CLIENT_FRAME ((size_t)64 << 20) /* of our own library: more is a mistake of ours */

void frames_init(struct frames *f, const struct wire_limits *limits)
{
	*f = (struct frames){ .wire = wire_new(limits) };
}

void frames_fini(struct frames *f)
{
	wire_free(f->wire);
	*f = (struct frames){ 0 };
}

bool frames_take_requests(struct frames *f, struct stream *client, struct stream *server)
{
	while (stream_unread_size(client) >= FRAME_PREFIX) {
		const unsigned char *frame = stream_unread(client);
		size_t size = stream_number(client);

		if (size > CLIENT_FRAME)
			return false;
		if (stream_unread_size(client) < FRAME_PREFIX + size)
			break;
		if (!wire_request(f->wire, frame + FRAME_PREFIX, size))
			return false;
		stream_put(server, frame, FRAME_PREFIX + size);
		stream_take(client, FRAME_PREFIX + size);
	}
	return true;
}

static void send_on(struct frames *f, enum wire_kind kind, const unsigned char *frame, size_t size,
		    struct stream *client)
{
	char handshake[WIRE_HANDSHAKE_SIZE];

	if (kind == WIRE_HANDSHAKE) {
		wire_complete_handshake(frame + FRAME_PREFIX, size, handshake);
		stream_put(client, handshake, sizeof(handshake));
		f->granted = true;
	} else if (kind == WIRE_PING && f->pings) {
		f->pings--;
	} else {
		stream_put(client, frame, FRAME_PREFIX + size);
	}
}

const char *frames_take_answers(struct frames *f, struct stream *server, struct stream *client)
{
	while (stream_unread_size(server) >= FRAME_PREFIX) {
		const unsigned char *frame = stream_unread(server);
		enum wire_kind kind;
		size_t size;
		const char *why = wire_length(f->wire, frame, &size);

		if (why)
			return why;
		if (stream_unread_size(server) < FRAME_PREFIX + size)
			break;
		why = wire_reply(f->wire, frame + FRAME_PREFIX, size, &kind);
		if (why)
			return why;
		send_on(f, kind, frame, size, client);
		stream_take(server, FRAME_PREFIX + size);
	}
	return NULL;
}

bool frames_are_partial(const struct frames *f, const struct stream *server)
{
	return f->granted && stream_unread_size(server) > 0;
}

void frames_keep_alive(struct frames *f, struct stream *server, struct stream *client)
{
	wire_request(f->wire, wire_ping + FRAME_PREFIX, sizeof(wire_ping) - FRAME_PREFIX);
	f->pings++;
	stream_put(server, wire_ping, sizeof(wire_ping));
	stream_put(client, wire_pong, sizeof(wire_pong));
}
