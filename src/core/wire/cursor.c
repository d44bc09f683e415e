/* Takes numbers and bytes from a frame. */
#include "cursor.h"

struct cursor cursor_of(const void *bytes, size_t size)
{
	return (struct cursor){ .at = bytes, .left = size };
}

bool cursor_fail(struct cursor *c, const char *error)
{
	if (!c->error)
		c->error = error;
	return false;
}

/* The next bytes, which are taken; NULL: there are not so many. */
static const unsigned char *take(struct cursor *c, size_t size)
{
	const unsigned char *at = c->at;

	if (c->error)
		return NULL;
	if (size > c->left) {
		cursor_fail(c, "sent a frame that is shorter than what it contains");
		return NULL;
	}
	c->at += size;
	c->left -= size;
	return at;
}

static uint64_t number(const unsigned char *at, size_t size)
{
	uint64_t n = 0;

	while (size--)
		n = n << 8 | *at++;
	return n;
}

bool cursor_int(struct cursor *c, int32_t *out)
{
	const unsigned char *at = take(c, 4);

	*out = at ? (int32_t)(uint32_t)number(at, 4) : 0;
	return at;
}

bool cursor_long(struct cursor *c, int64_t *out)
{
	const unsigned char *at = take(c, 8);

	*out = at ? (int64_t)number(at, 8) : 0;
	return at;
}

bool cursor_bool(struct cursor *c, bool *out)
{
	const unsigned char *at = take(c, 1);

	*out = at && *at;
	return at && (*at <= 1 || cursor_fail(c, "sent a truth value that is neither 0 nor 1"));
}

bool cursor_skip(struct cursor *c, size_t size)
{
	return take(c, size);
}

bool cursor_buffer(struct cursor *c, const char **bytes, size_t *size)
{
	int32_t length;

	*bytes = NULL;
	*size = 0;
	if (!cursor_int(c, &length) || length == -1)
		return !c->error;
	if (length < 0)
		return cursor_fail(c, "sent a buffer of a negative length");
	*size = (size_t)length;
	*bytes = (const char *)take(c, *size);
	return *bytes;
}

bool cursor_string(struct cursor *c, const char **bytes, size_t *size)
{
	return cursor_buffer(c, bytes, size) && (*bytes || cursor_fail(c, "sent no string"));
}

bool cursor_count(struct cursor *c, size_t least, size_t *count)
{
	int32_t n;

	*count = 0;
	if (!cursor_int(c, &n) || n == -1)
		return !c->error;
	if (n < 0)
		return cursor_fail(c, "sent a list of a negative length");
	if ((size_t)n > c->left / least)
		return cursor_fail(c, "sent a list that is longer than its frame");
	*count = (size_t)n;
	return true;
}

bool cursor_end(struct cursor *c)
{
	return !c->error && (!c->left || cursor_fail(c, "sent more bytes than the answer has"));
}
