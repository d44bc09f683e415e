/*
 * Inflating with zlib, a piece at a time: memory follows what really comes out, so that a
 * few bytes which claim to be gigabytes cost no more than the bound.
 */
#include <limits.h>
#include <zlib.h>

#include <zknginx/err.h>

#include "inflate.h"

#define PIECE 16384
#define EITHER_FORMAT (MAX_WBITS + 32) /* zlib or gzip, as its header says */

/* Inflates until the stream ends, or there is no more of it, or it is too much. */
static int inflate_pieces(z_stream *z, size_t most, struct buf *out)
{
	unsigned char piece[PIECE];
	size_t used = 0;
	int rc;

	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		rc = inflate(z, Z_NO_FLUSH);
		buf_put(out, piece, sizeof(piece) - z->avail_out);
		used += sizeof(piece) - z->avail_out;
	} while (rc == Z_OK && used <= most);
	return used > most ? Z_OK : rc;
}

const char *inflate_bytes(const void *data, size_t size, size_t most, struct buf *out)
{
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)data };
	int rc;

	if (size > UINT_MAX)
		return "has more compressed data than is supported";
	z.avail_in = (uInt)size;
	if (inflateInit2(&z, EITHER_FORMAT) != Z_OK)
		die("inflate: no memory");
	rc = inflate_pieces(&z, most, out);
	inflateEnd(&z);
	switch (rc) {
	case Z_STREAM_END:
		return NULL;
	case Z_OK:
		return "has too much data after decompression";
	case Z_BUF_ERROR:
		return "has compressed data that is incomplete";
	case Z_MEM_ERROR:
		die("inflate: no memory");
	default:
		return "has compressed data that is damaged";
	}
}
