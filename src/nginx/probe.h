/*
 * The probe: what nginx itself says, over loopback. With nginx.probe set to "127.0.0.1:PORT",
 * the rendered http.conf has a server of ours on it, which answers
 *
 *	/generation	the marker of the bundle that this worker has loaded
 *	/status		stub_status
 *
 * and failed requests (5xx, or a failed upstream server) are reported by nginx as they happen, as
 * one syslog datagram each, to the same port over UDP, where the probe listens. So there is a count
 * of failures without reading a log, and it costs nothing while nothing fails.
 */
#ifndef ZKNGINX_NGINX_PROBE_H
#define ZKNGINX_NGINX_PROBE_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>

struct probe;

/* address: as nginx.probe. Listens for datagrams; asks /status every `period`. */
int probe_new(sd_event *loop, const char *address, uint64_t period, struct probe **out,
	      struct err *e);
void probe_free(struct probe *p);

/* Ask /generation once; done(ok, marker or why not). A call that comes while one is under way
 * replaces it (the first is not called back). Deadline 2 s. */
void probe_generation(struct probe *p, void (*done)(void *ctx, bool ok, const char *text),
		      void *ctx);
void probe_cancel(struct probe *p);

struct probe_status {
	bool answers;                  /* the last /status was answered */
	const char *why;               /* otherwise */
	uint64_t since;                /* of `answers`, CLOCK_MONOTONIC */
	uint64_t start;                /* changes when the counters below began anew */
	uint64_t requests;             /* served by nginx, as stub_status has it, ours left out */
	uint64_t connections, waiting; /* now */
	uint64_t errors;               /* 5xx that were told */
	uint64_t upstream_errors;      /* requests in which an upstream server failed */
};
void probe_status(const struct probe *p, struct probe_status *out);

#endif
