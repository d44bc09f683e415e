/* Small helpers for readers of nginx.conf and of nginx's output. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nginx_text.h"

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int nginx_text_read(const char *path, struct buf *out, struct err *e)
{
	CLEANUP(close_file) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char chunk[16384];
	ssize_t got;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s is not a regular file", path);
	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno != EINTR)
			return err_sys(e, "%s", path);
		if (got > 0)
			buf_put(out, chunk, (size_t)got);
	}
	return 0;
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
