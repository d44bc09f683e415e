/*
 * A stream: one connection of the relay, which does not block. Bytes that were read stay until they
 * are taken, and bytes that are to be written stay until the other end takes them.
 */
#ifndef ZKNGINX_ZK_RELAY_STREAM_H
#define ZKNGINX_ZK_RELAY_STREAM_H

#include <openssl/types.h>
#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/buf.h>

struct stream {
	int fd; /* -1: closed */
	sd_event_source *source;
	struct buf in, out;
	size_t taken, sent;              /* how much of them is of no more use */
	SSL *tls;                        /* NULL: plain text. Owned */
	bool wants_write;                /* TLS has to write before it can go on */
	unsigned long received, written; /* bytes, until they are counted elsewhere */
	bool ended;                      /* the other end has closed it, or it failed */
	int least;                       /* as stream_await() was told */
};

void stream_close(struct stream *s);

/* With TLS: the next step of the handshake. 1: it is over; 0: it waits for the other end; -1: it
 * failed, and OpenSSL knows why. */
int stream_shake_hands(struct stream *s);
/* Reads what there is. 1: there are more bytes now, and perhaps the end after them; 0: there are
 * none yet; -1: it has ended. */
int stream_fill(struct stream *s);
/* The loop is woken by so many bytes and more, or by the end. Not with TLS. */
void stream_await(struct stream *s, int least);
size_t stream_unread_size(const struct stream *s);
/* Valid until the next fill or take. */
const unsigned char *stream_unread(const struct stream *s);
/* The first four of them, as a number in network order. */
uint32_t stream_number(const struct stream *s);
/* So many of them are of no more use. */
void stream_take(struct stream *s, size_t size);

void stream_put(struct stream *s, const void *bytes, size_t size);
/* How many bytes wait to be written. */
size_t stream_waiting(const struct stream *s);
/* Writes what the other end takes now. False: it failed (errno). */
bool stream_flush(struct stream *s);

#endif
