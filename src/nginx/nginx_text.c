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

static bool is_no_error(const char *line, size_t size)
{
	static const char *const known[] = {
		"the \"user\" directive makes sense only if",
		"nginx: [notice] zknginx: ", /* see src/module/loader.c */
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (memmem(line, size, known[i], strlen(known[i])))
			return true;
	}
	return false;
}

void nginx_text_put_errors(const char *text, struct buf *out)
{
	while (*text) {
		size_t size = strcspn(text, "\n");

		size += text[size] == '\n';
		if (!is_no_error(text, size))
			buf_put(out, text, size);
		text += size;
	}
}
