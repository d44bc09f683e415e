/*
 * The probe asks nginx itself, over loopback. With nginx.probe set to "127.0.0.1:PORT", the
 *rendered http.conf has a server of ours on that port, which answers
 *
 *	/generation	the marker of the bundle that this worker has loaded
 *	/status		stub_status
 *	/echo		nothing, but is logged as if it had failed
 *
 * nginx reports each failed request (5xx, or a failed upstream server) in one syslog datagram to
 *the same port over UDP, where the probe listens. So failures are counted without reading a log,
 *and it costs nothing while nothing fails.
 *
 * When no failure is reported, the reports may also be lost on the way. So the probe does not count
 * as answering before an echo has been received, and it asks for one whenever nginx has loaded
 * something new.
 */
#ifndef ZKNGINX_NGINX_PROBE_H
#define ZKNGINX_NGINX_PROBE_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>

#include "probe_sender.h"

struct probe;

/* address: as nginx.probe; ERR_INPUT when it is not a loopback address. Listens for datagrams (and
 * tries again as long as another program has the port); asks for /status every `period`. workers:
 * whose reports count; borrowed. */
int probe_new(sd_event *loop, const char *address, uint64_t period,
	      const struct probe_workers *workers, struct probe **out, struct err *e);
void probe_free(struct probe *p);

/* Ask for /generation once; done(ok, marker or why not). A call that comes while one is under way
 * replaces it (the first is not called back). Deadline 2 s. */
void probe_generation(struct probe *p, void (*done)(void *ctx, bool ok, const char *text),
		      void *ctx);
void probe_cancel(struct probe *p);

struct probe_status {
	bool answers;                  /* the last /status was answered, and an echo was received */
	const char *why;               /* otherwise: a sentence */
	uint64_t since;                /* of `answers`, CLOCK_MONOTONIC */
	uint64_t start;                /* changes when the counters below restart from 0 */
	uint64_t requests;             /* served by nginx, after stub_status, without ours */
	uint64_t connections, waiting; /* now, without ours */
	uint64_t reading, writing;     /* now, with ours … */
	uint64_t accepted, handled;    /* … since nginx started */
	/* Of the time when /status was asked, so never more than requests: */
	uint64_t errors;          /* 5xx that were reported */
	uint64_t upstream_errors; /* requests in which an upstream server failed */
};
/* As of the last answer; `why` is valid until the next turn of the loop. */
void probe_status(const struct probe *p, struct probe_status *out);

#endif
