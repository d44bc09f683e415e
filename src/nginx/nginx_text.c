/* Small helpers for readers of nginx.conf and of nginx's output. */
#include <stdint.h>
#include <string.h>

#include "nginx_text.h"
#include "sys/disk.h"

int nginx_text_read(const char *path, struct buf *out, struct err *e)
{
	return disk_read_linked(path, SIZE_MAX, out, e);
}

char *nginx_text_replace(const char *text, const char *from, const char *to)
{
	struct buf out = BUF_INIT;
	size_t size = strlen(from);
	const char *at;

	while ((at = strstr(text, from))) {
		buf_put(&out, text, (size_t)(at - text));
		buf_puts(&out, to);
		text = at + size;
	}
	buf_puts(&out, text);
	return buf_take(&out);
}

void nginx_text_put_errors(const char *text, struct buf *out)
{
	static const char warning[] = "the \"user\" directive makes sense only if";

	while (*text) {
		size_t size = strcspn(text, "\n");

		size += text[size] == '\n';
		if (!memmem(text, size, warning, sizeof(warning) - 1))
			buf_put(out, text, size);
		text += size;
	}
}
