/*
 * Workers that ended badly: killed by a signal, or exited with a code other than 0. Not: those that
 * leave after a reload, whoever asked for it and however often, in good time or at
 * worker_shutdown_timeout.
 *
 * The master's error log tells them one by one (errorlog_tail.h says what it leaves out).
 * Where the log cannot be read (syslog, a pipe), the worker processes are compared from look
 * to look: some are gone while others of the same reload still serve. There, an exit with
 * code 0 that somebody has caused by a signal to the worker counts, too; and what is not
 * seen is a worker that has come and gone between two looks, one that nginx does not replace, the
 * deaths of several workers that were all, and deaths within a few seconds of a reload. An only
 * worker has nobody to be compared with: its end is awaited, and it died unless its successor was
 * there before.
 */
#ifndef ZKNGINX_NGINX_DEATHS_H
#define ZKNGINX_NGINX_DEATHS_H

#include <systemd/sd-event.h>

#include "errorlog_tail.h"
#include "master.h"

struct deaths {
	struct errorlog_tail tail;
	unsigned retry; /* looks until the log is tried again */
	struct workers before;
	bool has_before;
	struct workers witnesses; /* while they serve, `suspected` have died */
	unsigned suspected;
	sd_event *loop;
	pid_t master;
	pid_t only; /* the one worker whose end is awaited; 0: none */
	int only_fd;
	sd_event_source *only_end;
	bool only_died;
};

void deaths_init(struct deaths *d, sd_event *loop);
void deaths_fini(struct deaths *d);

/* Another master. */
void deaths_of(struct deaths *d, const struct master *m, const char *config);
/* How many have died since the last call, or the one before it. */
unsigned deaths_look(struct deaths *d, const struct master *m, const struct workers *now,
		     const char *config);

#endif
