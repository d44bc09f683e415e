/* Reading to the end. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "sys/disk.h"

int input_read(const char *path, struct buf *out, struct err *e)
{
	bool is_standard = strcmp(path, "-") == 0;
	const char *name = is_standard ? "standard input" : path;
	CLEANUP(disk_close) int own = is_standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = is_standard ? STDIN_FILENO : own;
	char chunk[65536];
	ssize_t got = -1;

	while (fd >= 0 && got && out->size <= INPUT_LIMIT) {
		got = read(fd, chunk, sizeof(chunk));
		if (got > 0)
			buf_put(out, chunk, (size_t)got);
		else if (got < 0 && errno != EINTR)
			break;
	}
	if (got < 0)
		return err_sys(e, "%s", name);
	if (out->size > INPUT_LIMIT)
		return err_set(e, ERR_INPUT, "%s: more than %zu MB", name, INPUT_LIMIT >> 20);
	return 0;
}
