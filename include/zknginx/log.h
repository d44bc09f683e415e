/*
 * Log lines with a level on standard error, which systemd's journal reads.
 *
 * The pure floors never log; they return values. Under systemd (JOURNAL_STREAM
 * is set) each line carries the journal's <priority> prefix, else a UTC time.
 * A line is one write(2), so lines of several threads never mix.
 */
#ifndef ZKNGINX_LOG_H
#define ZKNGINX_LOG_H

#include <stdbool.h>
#include <zknginx/macros.h>

/* The enumerator, and its word in the settings. */
#define LOG_LEVELS(X)                                                                              \
	X(LOG_LEVEL_ERROR, "error")                                                                \
	X(LOG_LEVEL_WARNING, "warning")                                                            \
	X(LOG_LEVEL_NOTICE, "notice")                                                              \
	X(LOG_LEVEL_INFO, "info")                                                                  \
	X(LOG_LEVEL_DEBUG, "debug")

enum log_level {
#define X(level, text) level,
	LOG_LEVELS(X)
#undef X
};

/* Once, before any thread starts. `journal`: prefix lines with <N> for the journal. */
void log_setup(enum log_level level, bool journal);
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Control characters become \xHH, so that data cannot forge a line. */
void log_write(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * At most one line an interval from one place in the code, so that a flapping connection does not
 * flood the journal. `now` in microseconds. True: write it; *suppressed is the number of lines that
 * were not written since the last one.
 */
struct log_limit {
	uint64_t last;
	unsigned suppressed;
};
bool log_limit_pass(struct log_limit *l, uint64_t now, uint64_t interval, unsigned *suppressed);

#endif
