/*
 * One child process: deadline, captured output, killed with its whole group.
 *
 * Between fork and exec only async-signal-safe calls are made (the daemon has
 * threads). The child gets a clean environment, no descriptor but 0, 1 and 2, and
 * dies with the daemon.
 */
#ifndef ZKNGINX_NGINX_CHILD_H
#define ZKNGINX_NGINX_CHILD_H

#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

#define CHILD_OUTPUT_LIMIT (1024 * 1024) /* bytes of standard error that are kept */

struct child_result {
	bool timed_out;
	bool exited;              /* else killed by `code` */
	int code;                 /* exit status or signal */
	const struct buf *output; /* standard output: what `keep_output` kept */
	const struct buf *errors; /* standard error */
};

struct child_spec {
	const char *path; /* executable; or */
	int exec_fd;      /* … an open executable (-1: use path) */
	char *const *argv;
	char *const *envp;
	uint64_t deadline; /* microseconds from now */
	bool keep_output;
	/* Run in the child before exec; returns 0, or errno with *what a static word.
	 * Async-signal-safe. */
	int (*prepare)(void *ctx, const char **what);
	void *prepare_ctx;
	void (*done)(void *ctx, const struct child_result *r);
	void *ctx;
};

struct child;
int child_spawn(sd_event *loop, const struct child_spec *spec, struct child **out, struct err *e);
/* Kills it if it still runs; `done` is not called any more. */
void child_free(struct child *c);
DEFINE_CLEANUP(struct child *, child_free)

#endif
