/* Bytes in and out of a socket. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "relay_stream.h"
#include "sys/disk.h"

#define CHUNK ((size_t)64 * 1024)

void stream_close(struct stream *s)
{
	sd_event_source_disable_unref(s->source);
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

int stream_fill(struct stream *s)
{
	char chunk[CHUNK];
	ssize_t n;

	do
		n = recv(s->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0)
		return -1;
	forget(&s->in, &s->taken);
	buf_put(&s->in, chunk, (size_t)n);
	return 1;
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

bool stream_flush(struct stream *s)
{
	while (stream_waiting(s)) {
		ssize_t n = send(s->fd, s->out.data + s->sent, stream_waiting(s),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		s->sent += (size_t)n;
	}
	forget(&s->out, &s->sent);
	return true;
}
