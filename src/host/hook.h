/*
 * Hooks: commands of the operator (an argv, never a shell) that get JSON on standard input and have
 * a deadline.
 *
 * One runs at a time, the others wait. Of those that wait under the same name a newer one replaces
 * the older (only the newest state counts), unless the hook keeps all. Before each run the
 * executable and every directory above it are checked: those that users other than root and this
 * daemon's may write are refused.
 *
 * Commands that must not wait for each other, such as one that follows the leader and a gate,
 * belong into two queues.
 */
#ifndef ZKNGINX_HOST_HOOK_H
#define ZKNGINX_HOST_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>

struct hooks;
struct hooks *hooks_new(sd_event *loop);
/* Kills what still runs; no done() is called any more. May be called in a done(). */
void hooks_free(struct hooks *h);

struct hook_result {
	const char *name;
	bool passed; /* it ran and exited 0 */
	const char
		*message; /* why it failed, and the end of its output; of a pass: its last line */
};

struct hook_spec {
	const char *name;        /* "alerts.command" */
	const char *const *argv; /* NULL-terminated; empty: nothing is done, done() is not called */
	const char *input;       /* JSON for standard input; copied */
	size_t input_size;
	uint64_t deadline; /* microseconds */
	bool keep_all; /* none is replaced by a newer one; of more than 100 the oldest are dropped
			  and logged */
	void (*done)(void *ctx,
		     const struct hook_result *r); /* may be NULL: then a failure is logged */
	void *ctx;
};
/* Copies everything; runs later, never within the call. done() is called once, unless a newer one
 * replaces this one or it is dropped. */
void hooks_run(struct hooks *h, const struct hook_spec *spec);

/* May this file be run? If not, ERR_INPUT with the path that is wrong and how to correct it. */
int hook_check(const char *path, struct err *e);

#endif
