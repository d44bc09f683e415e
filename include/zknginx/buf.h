/*
 * A byte builder. There is always a NUL after the `size` bytes of `data` (once anything was put),
 * so text can be passed on as a C string.
 */
#ifndef ZKNGINX_BUF_H
#define ZKNGINX_BUF_H

#include <zknginx/macros.h>

struct buf {
	char *data;
	size_t size;
	size_t room;
};

#define BUF_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}

void buf_fini(struct buf *b);
void buf_put(struct buf *b, const void *bytes, size_t size);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Room for so many bytes after the content, which a caller fills himself; then buf_grow() makes the
 * first `size` of them a part of it. The rest is undefined. */
char *buf_room(struct buf *b, size_t size);
void buf_grow(struct buf *b, size_t size);
/* Forget the content, keep the memory. */
void buf_clear(struct buf *b);
/* The bytes as a NUL-terminated string that the caller frees; the builder is empty again. */
char *buf_take(struct buf *b);
/* The content as a C string: "" while nothing was put. Valid until the next put. */
const char *buf_str(const struct buf *b);

#endif
