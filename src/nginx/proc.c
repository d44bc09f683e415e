/*
 * Readers of /proc. The process may end at any time, so "gone" is an ordinary answer. The children
 * come from the kernel's list; in a kernel without it, from the parent of every process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proc.h"

bool proc_read_all(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		buf_put(out, chunk, (size_t)got);
	}
	return true;
}

static int open_file(pid_t pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool proc_read(pid_t pid, const char *name, struct buf *out)
{
	int fd = open_file(pid, name);
	bool ok;

	if (fd < 0)
		return false;
	ok = proc_read_all(fd, out);
	close(fd);
	return ok;
}

/* Of the command line, one read gives as much as there is room for. */
bool proc_title(pid_t pid, char *title, size_t room)
{
	int fd = open_file(pid, "cmdline");
	ssize_t got = fd >= 0 ? read(fd, title, room - 1) : -1;

	if (fd >= 0)
		close(fd);
	title[got > 0 ? got : 0] = '\0';
	return title[0] != '\0';
}

bool proc_stat(pid_t pid, struct proc_stat *out)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	unsigned long long start;
	const char *rest;
	int parent;

	if (!proc_read(pid, "stat", &b))
		return false;
	/* the name in parentheses may hold anything: the fields are after the last one */
	rest = strrchr(buf_str(&b), ')');
	if (!rest || sscanf(rest,
			    ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
			    "%*d %*d %llu",
			    &parent, &start) != 2)
		return false;
	*out = (struct proc_stat){ .parent = parent, .start_time = start };
	return true;
}

unsigned long proc_resident(pid_t pid)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	unsigned long pages = 0;

	if (!proc_read(pid, "statm", &b) || sscanf(buf_str(&b), "%*u %20lu", &pages) != 1)
		return 0;
	return pages * (unsigned long)sysconf(_SC_PAGESIZE);
}

uint64_t proc_ticks(void)
{
	uint64_t hertz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * hertz + (uint64_t)now.tv_nsec * hertz / 1000000000;
}

static bool mask(const char *status, const char *key, uint64_t *out)
{
	const char *at = strstr(status, key);

	if (!at)
		return false;
	*out = strtoull(at + strlen(key), NULL, 16);
	return true;
}

bool proc_signals(pid_t pid, struct proc_signals *out)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	if (!proc_read(pid, "status", &b))
		return false;
	out->stopped = strstr(buf_str(&b), "\nState:\tT");
	out->asleep = strstr(buf_str(&b), "\nState:\tS");
	return mask(buf_str(&b), "\nSigBlk:", &out->blocked) &&
	       mask(buf_str(&b), "\nShdPnd:", &out->pending);
}

bool proc_user(pid_t pid, uid_t *user)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	const char *at;

	if (!proc_read(pid, "status", &b))
		return false;
	at = strstr(buf_str(&b), "\nUid:\t");
	return at && sscanf(at, "\nUid:\t%*u %u", user) == 1;
}

static bool children_by_scan(pid_t pid, void (*visit)(void *ctx, pid_t child), void *ctx)
{
	DIR *proc = opendir("/proc");
	struct proc_stat stat;
	struct dirent *entry;

	if (!proc)
		return false;
	while ((entry = readdir(proc))) {
		char *end;
		long number = strtol(entry->d_name, &end, 10);

		if (*end || number <= 0)
			continue;
		if (proc_stat((pid_t)number, &stat) && stat.parent == pid)
			visit(ctx, (pid_t)number);
	}
	closedir(proc);
	return true;
}

int proc_children_open(pid_t pid)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%d/children", (int)pid);
	return open_file(pid, name);
}

/* The kernel fills half a page at least, unless the list ends before that. */
#define SURELY_ALL 2048

bool proc_children_read(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t got = pread(fd, chunk, sizeof(chunk), 0);
	off_t at = got;

	while (got > 0) {
		buf_put(out, chunk, (size_t)got);
		if (at < SURELY_ALL)
			break;
		got = pread(fd, chunk, sizeof(chunk), at);
		at += got;
	}
	return got >= 0;
}

void proc_children_visit(const char *list, void (*visit)(void *ctx, pid_t child), void *ctx)
{
	char *end;

	for (;; list = end) {
		long child = strtol(list, &end, 10);

		if (end == list)
			return;
		visit(ctx, (pid_t)child);
	}
}

bool proc_children(pid_t pid, void (*visit)(void *ctx, pid_t child), void *ctx)
{
	CLEANUP(buf_fini) struct buf list = BUF_INIT;
	int fd = proc_children_open(pid);
	bool ok = fd >= 0 && proc_children_read(fd, &list);

	if (fd >= 0)
		close(fd);
	if (!ok)
		return children_by_scan(pid, visit, ctx);
	proc_children_visit(buf_str(&list), visit, ctx);
	return true;
}

/* A line of /proc/net/tcp: "  0: 0100007F:1F90 00000000:0000 0A …"; 0A is a listening socket. */
static bool table_listens_on(const char *path, unsigned port)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		unsigned local, state;

		if (sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &local, &state) == 2)
			found = local == port && state == 0x0a;
	}
	if (f)
		fclose(f);
	return found;
}

bool proc_listens_on(unsigned port)
{
	return table_listens_on("/proc/net/tcp", port) || table_listens_on("/proc/net/tcp6", port);
}
