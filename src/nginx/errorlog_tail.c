/*
 * Read from where the last look ended, whole lines only. Only lines with the right words are
 * parsed.
 *
 * A log that was renamed is read to its end before the new one is opened. The new one is read from
 * its start if it was created after we opened the old one; otherwise nginx was pointed to a file
 * that existed before, and its content is older.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "errorlog_tail.h"
#include "peek.h"

#define FLOOD ((off_t)1 << 20)
#define CHUNK 65536
#define WORDS "worker process "

void errorlog_tail_open(struct errorlog_tail *t, pid_t master, const char *config)
{
	errorlog_mark(&t->log, master, config);
	t->at = t->log.start;
	t->last = 0;
	clock_gettime(CLOCK_REALTIME, &t->opened);
}

void errorlog_tail_close(struct errorlog_tail *t)
{
	errorlog_close(&t->log);
}

bool errorlog_tail_is_open(const struct errorlog_tail *t)
{
	return t->log.fd >= 0;
}

/* The pid of the worker that ended badly, if the line is about one; else 0. */
static int dead_worker(const struct errorlog_tail *t, const char *line)
{
	struct errorlog_line c;
	int pid = 0, code = 0, used = 0;

	if (!errorlog_parse(line, &c) || c.pid != t->log.master ||
	    sscanf(c.text, WORDS "%d exited %n", &pid, &used) != 1 || !used)
		return 0;
	if (sscanf(c.text + used, "on signal %d", &code) == 1 ||
	    sscanf(c.text + used, "with fatal code %d", &code) == 1)
		return pid;
	return sscanf(c.text + used, "with code %d", &code) == 1 && code != 0 ? pid : 0;
}

static unsigned count_line(struct errorlog_tail *t, const char *start, const char *end)
{
	char line[512];
	int pid;

	snprintf(line, sizeof(line), "%.*s", (int)(end - start), start);
	pid = dead_worker(t, line);
	if (!pid || pid == t->last)
		return 0;
	t->last = pid;
	return 1;
}

/* `text` ends with a line feed. */
static unsigned count_lines(struct errorlog_tail *t, const char *text, size_t size)
{
	const char *at = text, *end = text + size, *found;
	unsigned deaths = 0;

	while ((found = memmem(at, (size_t)(end - at), WORDS, strlen(WORDS)))) {
		const char *start = memrchr(at, '\n', (size_t)(found - at));
		const char *stop = memchr(found, '\n', (size_t)(end - found));

		deaths += count_line(t, start ? start + 1 : at, stop);
		at = stop + 1;
	}
	return deaths;
}

static unsigned count_news(struct errorlog_tail *t)
{
	char chunk[CHUNK];
	unsigned deaths = 0;
	struct stat st;

	if (fstat(t->log.fd, &st) < 0)
		return 0;
	if (st.st_size < t->at)
		t->at = 0; /* truncated in place */
	if (st.st_size - t->at > FLOOD)
		t->at = st.st_size - FLOOD;
	while (t->at < st.st_size) {
		ssize_t got = pread(t->log.fd, chunk, sizeof(chunk), t->at);
		const char *last = got > 0 ? memrchr(chunk, '\n', (size_t)got) : NULL;

		if (!last && got < (ssize_t)sizeof(chunk))
			break; /* a line that is still being written */
		if (last) {
			got = last + 1 - chunk;
			deaths += count_lines(t, chunk, (size_t)got);
		}
		t->at += got;
	}
	return deaths;
}

/* Does nginx write to another file now? */
static bool has_moved(const struct errorlog_tail *t)
{
	struct look_answer a;
	struct stat ours, theirs;

	if (peek(LOOK_LOG, t->log.master, "", &a, NULL) && S_ISREG(a.st.st_mode))
		theirs = a.st;
	else if (stat(t->log.path, &theirs) < 0)
		return false;
	return fstat(t->log.fd, &ours) == 0 &&
	       (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino);
}

static bool is_younger(int fd, const struct timespec *than)
{
	struct statx sx;

	return statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx) == 0 && (sx.stx_mask & STATX_BTIME) &&
	       sx.stx_btime.tv_sec >= than->tv_sec;
}

unsigned errorlog_tail_deaths(struct errorlog_tail *t, const char *config)
{
	struct timespec opened = t->opened;
	pid_t master = t->log.master;
	unsigned deaths = count_news(t);

	if (!has_moved(t))
		return deaths;
	/* once more: what was written before it moved */
	deaths += count_news(t);
	errorlog_tail_close(t);
	errorlog_tail_open(t, master, config);
	if (!errorlog_tail_is_open(t))
		return deaths;
	if (is_younger(t->log.fd, &opened))
		t->at = 0;
	return deaths + count_news(t);
}
