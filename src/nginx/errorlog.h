/*
 * What nginx itself says about a reload: what its master has written to its error log since a
 * moment. It only gives the reason; whether a reload was taken is read from the kernel (verify.h).
 */
#ifndef ZKNGINX_NGINX_ERRORLOG_H
#define ZKNGINX_NGINX_ERRORLOG_H

#include <stdbool.h>
#include <sys/types.h>
#include <zknginx/buf.h>

#include "master.h"

struct errorlog {
	int fd;      /* -1: there is none that can be read */
	off_t start; /* what is before it was there at the mark */
	pid_t master;
	char path[4096]; /* "" when unknown */
};

/* A line of it: "2026/11/22 15:04:05 [emerg] 1234#1234: text". False: it is not such a line. */
struct errorlog_line {
	char level[16];
	int pid;
	const char *text;
};
bool errorlog_parse(const char *line, struct errorlog_line *out);

/* Remember the end of the log of this master; `config`: its nginx.conf. */
void errorlog_mark(struct errorlog *log, pid_t master, const char *config);
void errorlog_close(struct errorlog *log);

/* Each distinct error of the master and of workers that are not among `old`, since the mark, on a
 * line of its own, as `nginx -t` writes them:
 * "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)". */
void errorlog_read(const struct errorlog *log, const struct workers *old, struct buf *out);
/* Has a worker that is not among `old` ended badly since the mark? */
bool errorlog_tells_of_death(const struct errorlog *log, const struct workers *old);

#endif
