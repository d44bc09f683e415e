/*
 * The wire: ZooKeeper's protocol on one connection, as far as it takes to know that a client may
 * read what a server sends. The library of ZooKeeper believes its server: it reads past the end of
 * a short frame, allocates what a number asks for, and ends the process when a reply is out of
 * order. So every frame of a server is checked here first, as a whole.
 *
 * A frame is what follows the four bytes of its length. wire_request() is told each frame that the
 * library sends, and remembers what has to be answered; wire_reply() then checks each frame of the
 * server against that: its length, the handshake, the order of the replies, error codes, and every
 * number, string, buffer and list in it. Pure.
 *
 * The rules are those of zookeeper.jute (the records) and of the servers 3.4 to 3.9.
 */
#ifndef ZKNGINX_WIRE_H
#define ZKNGINX_WIRE_H

#include <stdbool.h>
#include <zknginx/macros.h>

struct wire_limits {
	size_t max_frame;        /* of a server, in bytes */
	uint64_t longest_grant;  /* of a session's timeout, in microseconds … */
	uint64_t shortest_grant; /* … and the other end of the range */
};

struct wire;

struct wire *wire_new(const struct wire_limits *limits);
void wire_free(struct wire *w);
DEFINE_CLEANUP(struct wire *, wire_free)

/* The length of the next frame of a server, from its first four bytes. NULL: it may be read;
 * otherwise what is wrong with it (valid until the next call). */
const char *wire_length(struct wire *w, const unsigned char prefix[static 4], size_t *length);

/* A frame that the library sends. False: it is none that this file knows; the connection cannot be
 * checked and has to end. */
bool wire_request(struct wire *w, const void *frame, size_t size);

enum wire_kind { WIRE_HANDSHAKE, WIRE_REPLY, WIRE_PING, WIRE_AUTH, WIRE_WATCHES, WIRE_EVENT };

/* A frame that a server sends. NULL: the library may read it, and *kind is what it is; otherwise
 * the rest of a sentence that begins with "the server" (valid until the next call). */
const char *wire_reply(struct wire *w, const void *frame, size_t size, enum wire_kind *kind);

/* A handshake that was accepted, as the library reads it, with its length in front: servers before
 * 3.4 leave out the last byte. */
#define WIRE_HANDSHAKE_SIZE 41
void wire_complete_handshake(const void *frame, size_t size, char out[static WIRE_HANDSHAKE_SIZE]);

/* A ping of the library, and a server's answer to one, with their lengths in front. The library
 * takes the answer whether it has sent a ping or not. */
#define WIRE_PING_SIZE 12
#define WIRE_PONG_SIZE 20
extern const char wire_ping[WIRE_PING_SIZE], wire_pong[WIRE_PONG_SIZE];

/* What a server granted; 0 before the handshake, and when it said that the session is over. */
int64_t wire_session(const struct wire *w);
/* The timeout that was granted, in microseconds; 0 before the handshake. */
uint64_t wire_timeout(const struct wire *w);
/* How many requests wait for an answer, pings left out. */
size_t wire_outstanding(const struct wire *w);

#endif
