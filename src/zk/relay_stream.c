/* Bytes in and out of a socket. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "relay_stream.h"
#include "sys/disk.h"

#define CHUNK ((size_t)256 << 10) /* read or written at once */

void stream_close(struct stream *s)
{
	sd_event_source_disable_unref(s->source);
	SSL_free(s->tls);
	disk_close(&s->fd);
	buf_fini(&s->in);
	buf_fini(&s->out);
	*s = (struct stream){ .fd = -1 };
}

/* The rest moves to the front when most of the buffer is of no use: each byte moves at most once
 * for each byte that was used. */
static void forget(struct buf *b, size_t *used)
{
	if (!*used || *used < b->size - *used)
		return;
	memmove(b->data, b->data + *used, b->size - *used);
	b->size -= *used;
	b->data[b->size] = '\0';
	*used = 0;
}

/* --- in --------------------------------------------------------------------------------------- */

/* Bytes, 0: none now, -1: the end. */
static ssize_t plain_read(struct stream *s, char *chunk, size_t size)
{
	ssize_t n;

	do
		n = recv(s->fd, chunk, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return n > 0 ? n : -1;
}

/* What a call of OpenSSL that did not succeed means: 0: try again later, -1: it is over. */
static int tls_result(struct stream *s, int rc)
{
	int why = SSL_get_error(s->tls, rc);

	s->wants_write = why == SSL_ERROR_WANT_WRITE;
	return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

static ssize_t tls_read(struct stream *s, char *chunk, size_t size)
{
	int n;

	ERR_clear_error();
	s->wants_write = false;
	n = SSL_read(s->tls, chunk, (int)size);
	return n > 0 ? n : tls_result(s, n);
}

int stream_shake_hands(struct stream *s)
{
	int rc;

	ERR_clear_error();
	s->wants_write = false;
	rc = SSL_connect(s->tls);
	return rc == 1 ? 1 : tls_result(s, rc);
}

/* OpenSSL gives one record at a time, and what it has decrypted wakes nobody. */
int stream_fill(struct stream *s)
{
	size_t got = 0;

	forget(&s->in, &s->taken);
	do {
		char *room = buf_room(&s->in, CHUNK);
		ssize_t n = s->tls ? tls_read(s, room, CHUNK) : plain_read(s, room, CHUNK);

		s->ended = n < 0;
		if (n <= 0)
			return got ? 1 : (int)n;
		buf_grow(&s->in, (size_t)n);
		got += (size_t)n;
		s->received += (size_t)n;
	} while (s->tls && (got < CHUNK || SSL_pending(s->tls)));
	return 1;
}

void stream_await(struct stream *s, int least)
{
	if (s->least != least && s->fd >= 0)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least));
	s->least = least;
}

size_t stream_unread_size(const struct stream *s)
{
	return s->in.size - s->taken;
}

const unsigned char *stream_unread(const struct stream *s)
{
	return (const unsigned char *)s->in.data + s->taken;
}

uint32_t stream_number(const struct stream *s)
{
	const unsigned char *at = stream_unread(s);

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void stream_take(struct stream *s, size_t size)
{
	s->taken += size;
}

/* --- out -------------------------------------------------------------------------------------- */

void stream_put(struct stream *s, const void *bytes, size_t size)
{
	buf_put(&s->out, bytes, size);
}

size_t stream_waiting(const struct stream *s)
{
	return s->out.size - s->sent;
}

static ssize_t plain_write(struct stream *s)
{
	ssize_t n;

	do
		n = send(s->fd, s->out.data + s->sent, stream_waiting(s),
			 MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : n;
}

static ssize_t tls_write(struct stream *s)
{
	size_t size = stream_waiting(s) < CHUNK ? stream_waiting(s) : CHUNK;
	int n;

	ERR_clear_error();
	s->wants_write = false;
	n = SSL_write(s->tls, s->out.data + s->sent, (int)size);
	return n > 0 ? n : tls_result(s, n);
}

bool stream_flush(struct stream *s)
{
	while (stream_waiting(s)) {
		ssize_t n = s->tls ? tls_write(s) : plain_write(s);

		if (n <= 0)
			return n == 0;
		s->sent += (size_t)n;
		s->written += (size_t)n;
	}
	forget(&s->out, &s->sent);
	return true;
}
