/*
 * Workers that ended badly: killed by a signal, or exited with a code other than 0. Workers that
 * end after a reload do not count, whether they finish by themselves or at
 * worker_shutdown_timeout.
 *
 * The master's error log names each of them (errorlog_tail.h says what it leaves out). Where the
 * log cannot be read (syslog, a pipe), the worker processes of two looks are compared: a worker has
 * died when it is gone while others of the same reload still serve. This way
 *
 *	counts, too:	an exit with code 0 because of a signal to the worker
 *	does not see:	a worker that came and went between two looks
 *			a worker that nginx does not replace
 *			the deaths of all workers at once
 *			deaths within a few seconds of a reload
 *
 * A single worker cannot be compared with others: its end is awaited, and it died unless its
 * successor was there before.
 */
#ifndef ZKNGINX_NGINX_DEATHS_H
#define ZKNGINX_NGINX_DEATHS_H

#include <systemd/sd-event.h>

#include "errorlog_tail.h"
#include "master.h"

struct deaths {
	struct errorlog_tail tail;
	unsigned retry; /* so many looks until the log is opened again */
	struct workers before;
	bool has_before;
	struct workers witnesses; /* while they serve, `suspected` have died */
	unsigned suspected;
	sd_event *loop;
	pid_t master;
	pid_t only;          /* the one worker whose end is awaited; 0: none */
	uint64_t only_start; /* when it was forked, in ticks since boot */
	int only_fd;
	sd_event_source *only_end;
	bool only_died;
};

void deaths_init(struct deaths *d, sd_event *loop);
void deaths_fini(struct deaths *d);

/* Another master. */
void deaths_of(struct deaths *d, const struct master *m, const char *config);
/* How many have died since the last call or the one before: without a log, a death is known one
 * look later. */
unsigned deaths_look(struct deaths *d, const struct master *m, const struct workers *now,
		     const char *config);

#endif
