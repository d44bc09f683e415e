/*
 * One child process: deadline, captured output, killed with its whole group.
 *
 * Between fork and exec only async-signal-safe calls are made (the daemon has
 * threads). The child gets a clean environment, no descriptor but 0, 1 and 2 (which
 * must be open in the daemon itself), and dies with the thread that spawned it.
 * Nothing of its process group outlives it.
 */
#ifndef ZKNGINX_SYS_CHILD_H
#define ZKNGINX_SYS_CHILD_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

#define CHILD_ERRORS_LIMIT ((size_t)1024 * 1024) /* bytes of standard error: both ends are kept */
#define CHILD_OUTPUT_LIMIT ((size_t)256 * 1024 * 1024) /* of standard output: the beginning */

struct child_result {
	const char *failure;      /* why it did not run (preparing it or exec failed), or not to its
				     end (the process that had started it ended); else NULL */
	bool timed_out;           /* killed at the deadline */
	bool exited;              /* else killed by `code` */
	int code;                 /* exit status or signal */
	const struct buf *output; /* standard output, with `keep_output` */
	const struct buf *errors; /* standard error */
};

/* Where a child that another process starts is connected. */
struct child_ends {
	int input, output, errors; /* become 0, 1, 2 */
	int failure;               /* write end for one struct launch_failure */
	/* The other process writes one struct child_status at the end of the child. When we shut
	 * our end down, or close it, it kills the child with its group. */
	int control;
};

struct child_status {
	int code, status; /* as in siginfo_t */
};

struct child_spec {
	const char *path; /* executable; or */
	int exec_fd;      /* … an open executable, no script (-1: use path; else path, which may
			     be NULL, is only for messages) */
	char *const *argv;
	char *const *envp;
	const char *input; /* the whole standard input; NULL: none */
	size_t input_size;
	uint64_t deadline; /* microseconds from now, or NEVER */
	bool keep_output;
	/* Run in the child before exec; returns 0, or errno with *what, words for an operator
	 * ("cannot remount the root read-only") in memory that outlives the call.
	 * Async-signal-safe. */
	int (*prepare)(void *ctx, const char **what);
	void *prepare_ctx;
	/* NULL, or: have another process start the child with these ends; path to prepare_ctx are
	 * not used. The ends are closed after the call. */
	int (*launch)(void *ctx, const struct child_ends *ends, struct err *e);
	void *launch_ctx;
	/* Standard output as it comes; may be NULL. */
	void (*on_output)(void *ctx, const char *bytes, size_t size);
	/* Once, after its end and the end of its output, or soon after the deadline. May free the
	 * child. */
	void (*done)(void *ctx, const struct child_result *r);
	void *ctx;
};

struct child;
/* All of the spec is copied or used up, except prepare_ctx's, launch_ctx's and ctx's targets. */
int child_spawn(sd_event *loop, const struct child_spec *spec, struct child **out, struct err *e);
/* The same on a loop of its own, until the end; `done` must not free anything of it. For the start
 * of the daemon, when nothing else has to run. */
int child_run(const struct child_spec *spec, struct err *e);
/* Kills it if it still runs; `done` is not called any more. */
void child_free(struct child *c);
DEFINE_CLEANUP(struct child *, child_free)

#endif
