/* The byte builder: room doubles, and there is always a NUL after the content. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

static void buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->size + more + 1;

	if (need <= b->room)
		return;
	if (need < b->size)
		die("buf: size overflow");
	b->room = need > 2 * b->room ? need : 2 * b->room;
	if (b->room < 64)
		b->room = 64;
	b->data = xrealloc(b->data, b->room);
}

void buf_put(struct buf *b, const void *bytes, size_t size)
{
	buf_reserve(b, size);
	if (size)
		memcpy(b->data + b->size, bytes, size);
	b->size += size;
	b->data[b->size] = '\0';
}

char *buf_room(struct buf *b, size_t size)
{
	buf_reserve(b, size);
	return b->data + b->size;
}

void buf_grow(struct buf *b, size_t size)
{
	b->size += size;
	b->data[b->size] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;
	int size;

	va_start(args, fmt);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, fmt, args);
	if (size < 0)
		die("buf_printf: bad format");
	buf_reserve(b, (size_t)size);
	vsnprintf(b->data + b->size, (size_t)size + 1, fmt, again);
	b->size += (size_t)size;
	va_end(again);
	va_end(args);
}

void buf_clear(struct buf *b)
{
	b->size = 0;
	if (b->data)
		b->data[0] = '\0';
}

char *buf_take(struct buf *b)
{
	char *data = b->data ? b->data : xstrdup("");

	*b = (struct buf)BUF_INIT;
	return data;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}
