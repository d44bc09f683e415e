/*
 * The error log, followed from now on for one thing: workers that ended badly.
 *
 * nginx logs "worker process N exited on signal S" at level alert, and "… exited with code C" at
 * notice, which Debian's default level leaves out; only code 2 is logged at alert, too. When more
 * than a megabyte was written between two looks, only the last megabyte is read.
 */
#ifndef ZKNGINX_NGINX_ERRORLOG_TAIL_H
#define ZKNGINX_NGINX_ERRORLOG_TAIL_H

#include "errorlog.h"

struct errorlog_tail {
	struct errorlog log; /* fd -1: it cannot be read */
	off_t at;
	struct timespec opened;
	int last; /* the pid in the last such line: nginx writes two lines for some deaths */
};

void errorlog_tail_open(struct errorlog_tail *t, pid_t master, const char *config);
void errorlog_tail_close(struct errorlog_tail *t);
bool errorlog_tail_is_open(const struct errorlog_tail *t);

/* How many have ended badly since the last call. Follows a log that was rotated. */
unsigned errorlog_tail_deaths(struct errorlog_tail *t, const char *config);

#endif
