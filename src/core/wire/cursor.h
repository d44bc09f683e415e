/*
 * A cursor over the bytes of a frame: numbers in network order, strings and buffers with a length
 * before them. Each take fails, and the cursor stays failed, when the frame is too short for it.
 */
#ifndef ZKNGINX_WIRE_CURSOR_H
#define ZKNGINX_WIRE_CURSOR_H

#include <stdbool.h>
#include <zknginx/macros.h>

struct cursor {
	const unsigned char *at;
	size_t left;
	const char *error; /* the first; NULL: all is well */
};

struct cursor cursor_of(const void *bytes, size_t size);

bool cursor_int(struct cursor *c, int32_t *out);
bool cursor_long(struct cursor *c, int64_t *out);
bool cursor_bool(struct cursor *c, bool *out);
bool cursor_skip(struct cursor *c, size_t size);
/* *bytes is NULL where the length is -1 (jute's null buffer). */
bool cursor_buffer(struct cursor *c, const char **bytes, size_t *size);
/* A string; there is no null one. */
bool cursor_string(struct cursor *c, const char **bytes, size_t *size);
/* The number of a list's elements, each of which takes at least `least` bytes; a null list is
 * empty. */
bool cursor_count(struct cursor *c, size_t least, size_t *count);
/* Nothing may be left. */
bool cursor_end(struct cursor *c);
/* Fails with this error (a literal), unless it has failed already. */
bool cursor_fail(struct cursor *c, const char *error);

#endif
