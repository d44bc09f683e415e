/*
 * The kernel appends " (deleted)" to the name of a mapped file that was renamed over or removed. A
 * mapped file that was written in place has a later time than the start of the master.
 *
 * The binary is compared by its inode. A wrapper script has another inode than what runs, so the
 * time of the change counts as well: a wrapper from before the start is not a replacement.
 *
 * The master may have a mount namespace of its own; its files are looked at below /proc/PID/root
 * then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fingerprint.h"
#include "peek.h"
#include "proc.h"
#include "program.h"
#include "sys/timing.h"

#define DELETED " (deleted)"

/* These are locked while packages are replaced: dpkg, rpm. */
static const char *const package_locks[] = { "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend",
					     "/usr/lib/sysimage/rpm/.rpm.lock",
					     "/var/lib/rpm/.rpm.lock" };

struct comparison {
	struct program *out;
	struct digester *digester;
	pid_t rooted_at;     /* paths are below the root of this process; 0: of ours */
	const char *exe;     /* the path of what runs; "" = unknown */
	struct stat running; /* … and its inode; st_ino 0: unknown */
	uint64_t started;    /* wall clock, microseconds */
};

static uint64_t usec_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * USEC_PER_SEC + (uint64_t)t->tv_nsec / 1000;
}

static uint64_t start_of(const struct master *m)
{
	uint64_t hertz = (uint64_t)sysconf(_SC_CLK_TCK), now = proc_ticks();
	uint64_t age = now > m->start_time ? now - m->start_time : 0;

	return timing_wall() - age * USEC_PER_SEC / hertz;
}

static int look_up(const struct comparison *c, enum look_kind kind, const char *path,
		   struct stat *st)
{
	struct look_answer a;

	if (!c->rooted_at)
		return kind == LOOK_LINK ? lstat(path, st) : stat(path, st);
	if (!peek(kind, c->rooted_at, path, &a, NULL)) {
		errno = a.error;
		return -1;
	}
	*st = a.st;
	return 0;
}

enum found { FILE_EXISTS, FILE_MISSING, FILE_UNKNOWN };

static enum found look_at(const struct comparison *c, const char *path, struct stat *st)
{
	struct fingerprint f = { 0 };
	enum found found = FILE_EXISTS;

	if (look_up(c, LOOK_FILE, path, st) == 0)
		f = fingerprint_of(st);
	else
		found = errno == ENOENT || errno == ENOTDIR ? FILE_MISSING : FILE_UNKNOWN;
	digester_add_field(c->digester, path, strlen(path));
	digester_add(c->digester, &f.device, sizeof(f.device));
	digester_add(c->digester, &f.inode, sizeof(f.inode));
	digester_add(c->digester, &f.size, sizeof(f.size));
	digester_add(c->digester, &f.modified, sizeof(f.modified));
	digester_add(c->digester, &f.changed, sizeof(f.changed));
	return found;
}

/* When the file, or a symbolic link in its path, last changed. */
static uint64_t change_of(const struct comparison *c, const char *path, const struct stat *file)
{
	CLEANUP(freep) char *full = xstrdup(path);
	uint64_t latest = usec_of(&file->st_ctim), own;
	struct stat st;

	for (size_t end = strlen(full); end > 0; end--) {
		if (full[end] && full[end] != '/')
			continue;
		full[end] = '\0';
		if (look_up(c, LOOK_LINK, full, &st) < 0 || !S_ISLNK(st.st_mode))
			continue;
		own = usec_of(&st.st_ctim);
		latest = own > latest ? own : latest;
	}
	return latest;
}

static void compare_binary(struct comparison *c, const char *binary)
{
	struct stat st;
	enum found found = look_at(c, binary, &st);
	bool is_same;

	if (found == FILE_MISSING)
		c->out->differs = c->out->lacks_binary = true;
	if (found != FILE_EXISTS)
		return;
	is_same = st.st_ino == c->running.st_ino && st.st_dev == c->running.st_dev;
	if (!is_same && change_of(c, binary, &st) > c->started)
		c->out->differs = true;
}

static void compare_mapped(struct comparison *c, char *path)
{
	size_t size = strlen(path), suffix = strlen(DELETED);
	bool deleted = size > suffix && strcmp(path + size - suffix, DELETED) == 0;
	enum found found;
	struct stat st;

	if (deleted)
		path[size - suffix] = '\0';
	if (strcmp(path, c->exe) == 0)
		return;
	found = look_at(c, path, &st);
	if (deleted || found == FILE_MISSING ||
	    (found == FILE_EXISTS && usec_of(&st.st_mtim) > c->started))
		c->out->differs = true;
}

/* "5581…-5581… r-xp 00002000 fd:01 1234   /usr/lib/…": code, and a file. */
static void compare_maps(struct comparison *c, char *maps)
{
	char *saved = NULL;

	for (char *line = strtok_r(maps, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved)) {
		const char *permissions = strchr(line, ' ');
		char *path = strchr(line, '/');

		if (path && permissions && permissions < path && permissions[1] && permissions[2] &&
		    permissions[3] == 'x')
			compare_mapped(c, path);
	}
}

static void read_exe(struct comparison *c, pid_t pid, struct look_answer *exe)
{
	char *deleted;

	c->exe = "";
	if (!peek(LOOK_EXECUTABLE, pid, "", exe, NULL))
		return;
	deleted = strstr(exe->text, DELETED);
	if (deleted)
		*deleted = '\0';
	c->exe = exe->text;
	c->running = exe->st;
}

/* Without the right to look below the master's root, ours has to do. */
static pid_t find_root(pid_t pid)
{
	struct look_answer space, root;
	struct stat ours;

	return stat("/proc/self/ns/mnt", &ours) == 0 &&
			       peek(LOOK_NAMESPACE, pid, "", &space, NULL) &&
			       (ours.st_dev != space.st.st_dev || ours.st_ino != space.st.st_ino) &&
			       peek(LOOK_FILE, pid, "/", &root, NULL)
		       ? pid
		       : 0;
}

static void read_maps(pid_t pid, struct buf *maps)
{
	struct look_answer a;
	int fd;

	if (!peek(LOOK_MAPS, pid, "", &a, &fd) || fd < 0)
		return;
	proc_read_all(fd, maps);
	close(fd);
}

void program_look(const struct master *m, const char *binary, struct program *out)
{
	CLEANUP(digester_freep) struct digester *digester = digester_new();
	CLEANUP(buf_fini) struct buf maps = BUF_INIT;
	struct look_answer exe;
	struct comparison c = { .out = out,
				.digester = digester,
				.rooted_at = find_root(m->pid),
				.started = start_of(m) };

	*out = (struct program){ 0 };
	read_exe(&c, m->pid, &exe);
	compare_binary(&c, binary);
	read_maps(m->pid, &maps);
	if (maps.size)
		compare_maps(&c, maps.data);
	out->files = digester_finish(digester);
}

static bool is_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool locked;

	if (fd < 0)
		return false;
	locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

bool program_is_being_installed(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(package_locks); i++) {
		if (is_locked(package_locks[i]))
			return true;
	}
	return false;
}
