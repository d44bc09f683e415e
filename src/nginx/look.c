/* Readers of the links below /proc/PID. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <zknginx/macros.h>

#include "look.h"

static const struct {
	const char *name;
	int flags;       /* for open(); -1: it is not opened */
	bool is_regular; /* only a regular file is opened */
} kinds[LOOK_N] = {
	[LOOK_EXECUTABLE] = { "exe", O_PATH, false },
	[LOOK_NAMESPACE] = { "ns/mnt", O_RDONLY, false },
	[LOOK_LOG] = { "fd/2", O_RDONLY | O_NONBLOCK | O_NOCTTY, true },
	[LOOK_MAPS] = { "maps", O_RDONLY, false },
	[LOOK_FILE] = { "root", -1, false },
	[LOOK_LINK] = { "root", -1, false },
};

static int open_it(const char *path, enum look_kind kind, struct look_answer *a)
{
	int fd;

	if (kinds[kind].flags < 0 || (kinds[kind].is_regular && !S_ISREG(a->st.st_mode)))
		return -1;
	fd = open(path, kinds[kind].flags | O_CLOEXEC);
	if (fd < 0)
		a->error = errno;
	return fd;
}

static void read_name(const char *path, struct look_answer *a)
{
	ssize_t size = readlink(path, a->text, sizeof(a->text) - 1);

	a->text[size > 0 ? size : 0] = '\0';
}

void look(const struct look *q, struct look_answer *a, int *fd)
{
	char path[64 + LOOK_PATH];
	int rc;

	*a = (struct look_answer){ 0 };
	*fd = -1;
	snprintf(path, sizeof(path), "/proc/%d/%s%s", (int)q->pid, kinds[q->kind].name, q->path);
	rc = q->kind == LOOK_LINK ? lstat(path, &a->st) : stat(path, &a->st);
	if (rc < 0) {
		a->error = errno;
		return;
	}
	if (q->kind == LOOK_EXECUTABLE || q->kind == LOOK_LOG)
		read_name(path, a);
	*fd = open_it(path, q->kind, a);
}
