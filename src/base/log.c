/*
 * Log lines: prefix, text with control characters made visible, one write(2).
 * The level is set at start and on SIGHUP by the loop thread and read by every
 * thread, so it is atomic.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zknginx/log.h>

#define LINE_SIZE 4096

static _Atomic int threshold = LOG_LEVEL_INFO;
static bool to_journal;

static const struct {
	const char *name;
	int priority; /* sd-daemon(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },   [LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_NOTICE] = { "notice", 5 }, [LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

void log_setup(enum log_level level, bool journal)
{
	to_journal = journal;
	log_set_level(level);
}

void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load(&threshold);
}

static size_t put_prefix(char *line, size_t room, enum log_level level)
{
	struct timespec now;
	struct tm tm;
	size_t used;

	if (to_journal)
		return (size_t)snprintf(line, room, "<%d>", levels[level].priority);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	used = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &tm);
	return used + (size_t)snprintf(line + used, room - used,
				       ".%03ldZ %s: ", now.tv_nsec / 1000000, levels[level].name);
}

static size_t put_visible(char *line, size_t used, size_t room, const char *text)
{
	for (; *text && used + 6 < room; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != 0x7f)
			line[used++] = (char)c;
		else
			used += (size_t)snprintf(line + used, room - used, "\\x%02x", c);
	}
	return used;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[LINE_SIZE - 64], line[LINE_SIZE];
	va_list args;
	size_t used;

	if (!log_enabled(level))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	used = put_prefix(line, sizeof(line), level);
	used = put_visible(line, used, sizeof(line), text);
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* standard error is closed: there is nowhere to report it */
}

bool log_limit_pass(struct log_limit *l, uint64_t now, uint64_t interval, unsigned *suppressed)
{
	if (l->last && now - l->last < interval) {
		l->suppressed++;
		return false;
	}
	*suppressed = l->suppressed;
	l->last = now ? now : 1;
	l->suppressed = 0;
	return true;
}
