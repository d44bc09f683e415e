/*
 * The frames of one connection: those of the library are remembered and sent on, those of the
 * server are checked and sent on. See core/wire.
 */
#ifndef ZKNGINX_ZK_RELAY_FRAMES_H
#define ZKNGINX_ZK_RELAY_FRAMES_H

#include "core/wire/wire.h"
#include "relay_stream.h"

#define FRAME_PREFIX 4 /* its length */

struct frames {
	struct wire *wire;
	bool granted; /* a server has granted a session */
	size_t pings; /* of us; the server's answers to them are dropped */
};
void frames_init(struct frames *f, const struct wire_limits *limits);
void frames_fini(struct frames *f);

/* False: the library has sent what this version does not know. */
bool frames_take_requests(struct frames *f, struct stream *client, struct stream *server);
/* NULL, or what is wrong: the rest of a sentence that begins with the server. */
const char *frames_take_answers(struct frames *f, struct stream *server, struct stream *client);
/* Is a part of a frame of the server here, and the rest is not? */
bool frames_are_partial(const struct frames *f, const struct stream *server);
/* A ping for the server, and for the library the answer to one. */
void frames_keep_alive(struct frames *f, struct stream *server, struct stream *client);

#endif
