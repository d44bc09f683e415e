/*
 * Finding the master: the number in the pid file is only a hint. The pidfd is opened first and
 * everything is checked after that, so the check is about the process of the pidfd. A number that
 * was given to another process meanwhile fails the check.
 *
 * During a binary upgrade there are two masters. The old one does not read its configuration on
 * SIGHUP (it only adds workers with the old one), so `upgrading` forbids signals until one master
 * is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "master.h"
#include "peek.h"
#include "proc.h"

#define MASTER_TITLE "nginx: master process"
#define WORKER_TITLE "nginx: worker process"
#define LEAVING_TITLE WORKER_TITLE " is shutting down"

static bool starts_with(const char *s, const char *start)
{
	return strncmp(s, start, strlen(start)) == 0;
}

static int read_pid(const char *path, pid_t *pid, struct err *e)
{
	/* never wait for the writer of a fifo */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[32], *end;
	ssize_t got;
	long number;

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_UNAVAILABLE, "there is no pid file %s", path);
	if (fd < 0)
		return err_sys(e, "%s", path);
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return err_set(e, ERR_UNAVAILABLE, "the pid file %s is empty", path);
	text[got] = '\0';
	number = strtol(text, &end, 10);
	if (end == text || strspn(end, " \r\n") != strlen(end) || number <= 1 || number > INT32_MAX)
		return err_set(e, ERR_UNAVAILABLE, "%s does not hold a process id", path);
	*pid = (pid_t)number;
	return 0;
}

/* "nginx", and what a package manager or a person renames it to before an upgrade: "nginx.old",
 * "nginx-1.22.1", "nginx~". */
static bool is_named_after(const char *file, const char *name)
{
	size_t size = strlen(name);

	return strncmp(file, name, size) == 0 && (!file[size] || strchr(".-_~", file[size]));
}

/* The file that runs is `binary`, or has its name (it was replaced since, or renamed). */
static bool runs(pid_t pid, const char *binary)
{
	const char *name = strrchr(binary, '/');
	struct look_answer exe;
	struct stat wanted;
	char *deleted;

	if (!peek(LOOK_EXECUTABLE, pid, "", &exe, NULL))
		return true; /* we may not read it: the title has to do */
	if (stat(binary, &wanted) == 0 && exe.st.st_dev == wanted.st_dev &&
	    exe.st.st_ino == wanted.st_ino)
		return true;
	deleted = strstr(exe.text, " (deleted)");
	if (deleted)
		*deleted = '\0';
	name = name ? name + 1 : binary;
	return strrchr(exe.text, '/') && is_named_after(strrchr(exe.text, '/') + 1, name);
}

static int check_master(struct master *m, const char *binary, struct err *e)
{
	struct proc_stat stat;
	char title[256];

	if (!proc_stat(m->pid, &stat) || !proc_title(m->pid, title, sizeof(title)))
		return err_set(e, ERR_UNAVAILABLE, "process %d has ended", (int)m->pid);
	m->start_time = stat.start_time;
	if (!starts_with(title, MASTER_TITLE))
		return err_set(e, ERR_REFUSED,
			       "process %d is not an nginx master: its command line is \"%s\"",
			       (int)m->pid, title);
	if (!runs(m->pid, binary))
		return err_set(e, ERR_REFUSED, "process %d does not run %s", (int)m->pid, binary);
	/* the new master of an upgrade is a child of the old one */
	if (proc_title(stat.parent, title, sizeof(title)) && starts_with(title, "nginx: "))
		m->upgrading = true;
	if (!master_is_alive(m))
		return err_set(e, ERR_UNAVAILABLE, "process %d has ended", (int)m->pid);
	return 0;
}

static int find_by(const char *pid_file, const char *binary, struct master *m, struct err *e)
{
	*m = (struct master){ .pidfd = -1 };
	if (read_pid(pid_file, &m->pid, e) < 0)
		return -1;
	m->pidfd = pidfd_open(m->pid, 0);
	if (m->pidfd < 0 && errno == ESRCH)
		return err_set(e, ERR_UNAVAILABLE, "%s is stale: there is no process %d", pid_file,
			       (int)m->pid);
	if (m->pidfd < 0)
		return err_sys(e, "pidfd of process %d", (int)m->pid);
	m->children = proc_children_open(m->pid);
	if (check_master(m, binary, e) < 0) {
		master_fini(m);
		return err_wrap(e, "%s", pid_file);
	}
	return 0;
}

struct search {
	uint64_t now;
	bool found;
};

/* A child has its parent's title for a moment after the fork; a nested master keeps it. */
static void look_for_master(void *ctx, pid_t child)
{
	uint64_t moment = (uint64_t)sysconf(_SC_CLK_TCK);
	struct search *search = ctx;
	struct proc_stat stat;
	char title[64];

	if (proc_title(child, title, sizeof(title)) && starts_with(title, MASTER_TITLE) &&
	    proc_stat(child, &stat) && search->now > stat.start_time + moment)
		search->found = true;
}

static bool has_nested_master(const struct master *m)
{
	struct search search = { .now = proc_ticks() };

	master_children(m, look_for_master, &search);
	return search.found;
}

int master_find(const char *pid_file, const char *binary, struct master *m, struct err *e)
{
	char old_file[4096];
	struct master old;
	int rc = find_by(pid_file, binary, m, e);

	snprintf(old_file, sizeof(old_file), "%s.oldbin", pid_file);
	if (find_by(old_file, binary, &old, NULL) == 0) {
		if (rc < 0) {
			/* the upgrade has just begun: the new master has no pid file yet */
			*m = old;
			rc = 0;
		} else {
			master_fini(&old);
		}
		m->upgrading = true;
	}
	if (rc == 0 && !m->upgrading)
		m->upgrading = has_nested_master(m);
	return rc;
}

void master_fini(struct master *m)
{
	if (m->pidfd >= 0)
		close(m->pidfd);
	if (m->children > 0)
		close(m->children);
	*m = (struct master){ .pidfd = -1 };
}

bool master_is_alive(const struct master *m)
{
	struct pollfd p = { .fd = m->pidfd, .events = POLLIN };

	return m->pidfd >= 0 && poll(&p, 1, 0) == 0;
}

enum master_activity master_activity(const struct master *m)
{
	struct proc_signals signals;

	/* the pidfd is checked last, so what was read is about the master */
	if (!proc_signals(m->pid, &signals) || !master_is_alive(m))
		return MASTER_GONE;
	if (signals.pending & MASTER_HUP_BIT)
		return MASTER_QUEUED;
	/* not asleep: a signal that was just taken is neither pending nor blocked yet */
	if (signals.blocked & MASTER_HUP_BIT || !signals.asleep)
		return MASTER_BUSY;
	/* nginx reaps children in its signal handler, and waitpid() has the state of a process that
	 * sleeps; in sigsuspend() no signal is blocked */
	return (signals.pending | signals.blocked) & MASTER_CHLD_BIT ? MASTER_REAPING : MASTER_IDLE;
}

int master_send_hup(const struct master *m, struct err *e)
{
	if (pidfd_send_signal(m->pidfd, SIGHUP, NULL, 0) == 0)
		return 0;
	if (errno == ESRCH)
		return err_set(e, ERR_UNAVAILABLE, "nginx (process %d) has ended", (int)m->pid);
	return err_sys(e, "SIGHUP to process %d", (int)m->pid);
}

enum child_kind master_child_kind(pid_t child)
{
	char title[128];

	if (!proc_title(child, title, sizeof(title)))
		return CHILD_ENDS;
	if (starts_with(title, LEAVING_TITLE))
		return CHILD_LEAVES;
	if (strcmp(title, WORKER_TITLE) == 0)
		return CHILD_SERVES;
	return starts_with(title, MASTER_TITLE) ? CHILD_STARTS : CHILD_OTHER;
}

static void sort_in(void *ctx, pid_t child)
{
	enum child_kind kind = master_child_kind(child);
	struct workers *w = ctx;

	if (kind == CHILD_ENDS)
		w->ending++;
	else
		w->children++;
	if (kind == CHILD_LEAVES) {
		if (w->leaving < MASTER_WORKERS_MAX)
			w->old[w->leaving] = child;
		w->leaving++;
	} else if (kind == CHILD_SERVES && w->serving_count < MASTER_WORKERS_MAX) {
		w->serving[w->serving_count++] = child;
	} else if (kind == CHILD_STARTS) {
		if (w->starting < MASTER_WORKERS_MAX)
			w->new[w->starting] = child;
		w->starting++;
	}
}

static void workers_clear(struct workers *w)
{
	w->serving_count = 0;
	w->leaving = w->starting = 0;
	w->ending = w->children = 0;
}

bool master_list(const struct master *m, struct buf *list)
{
	return m->children > 0 && proc_children_read(m->children, list);
}

void master_children(const struct master *m, void (*visit)(void *ctx, pid_t child), void *ctx)
{
	CLEANUP(buf_fini) struct buf list = BUF_INIT;

	if (master_list(m, &list))
		proc_children_visit(buf_str(&list), visit, ctx);
	else
		proc_children(m->pid, visit, ctx);
}

void workers_of_list(const char *list, struct workers *w)
{
	workers_clear(w);
	proc_children_visit(list, sort_in, w);
}

void master_workers(const struct master *m, struct workers *w)
{
	workers_clear(w);
	master_children(m, sort_in, w);
}

static void add_user(pid_t pid, uid_t *out, size_t room, size_t *count)
{
	uid_t user;

	if (*count == room || !proc_user(pid, &user))
		return;
	for (size_t i = 0; i < *count; i++) {
		if (out[i] == user)
			return;
	}
	out[(*count)++] = user;
}

size_t workers_users(const struct workers *w, uid_t *out, size_t room)
{
	size_t count = 0, old = w->leaving < MASTER_WORKERS_MAX ? w->leaving : MASTER_WORKERS_MAX;

	for (size_t i = 0; i < w->serving_count; i++)
		add_user(w->serving[i], out, room, &count);
	for (size_t i = 0; i < old; i++)
		add_user(w->old[i], out, room, &count);
	return count;
}

bool workers_have(const struct workers *w, pid_t pid)
{
	for (size_t i = 0; i < w->serving_count; i++) {
		if (w->serving[i] == pid)
			return true;
	}
	return false;
}
