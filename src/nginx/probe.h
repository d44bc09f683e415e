/*
 * The probe: what nginx itself says, over loopback. With nginx.probe set to "127.0.0.1:PORT",
 * the rendered http.conf has a server of ours on it, which answers
 *
 *	/generation	the marker of the bundle that this worker has loaded
 *	/status		stub_status
 *	/echo		nothing, but is told as if it had failed
 *
 * and failed requests (5xx, or a failed upstream server) are reported by nginx as they happen, as
 * one syslog datagram each, to the same port over UDP, where the probe listens. So there is a count
 * of failures without reading a log, and it costs nothing while nothing fails.
 *
 * A probe that hears of no failure may be deaf: then "no failures" would be a lie. So it does not
 * count as answering before an echo has come back; and one is asked for whenever nginx has
 * loaded something new.
 */
#ifndef ZKNGINX_NGINX_PROBE_H
#define ZKNGINX_NGINX_PROBE_H

#include <stdbool.h>
#include <systemd/sd-event.h>
#include <zknginx/err.h>

struct probe;

/* address: as nginx.probe; ERR_INPUT when it is none of loopback. Listens for datagrams (and tries
 * again as long as somebody else has the port); asks /status every `period`. */
int probe_new(sd_event *loop, const char *address, uint64_t period, struct probe **out,
	      struct err *e);
void probe_free(struct probe *p);

/* Ask /generation once; done(ok, marker or why not). A call that comes while one is under way
 * replaces it (the first is not called back). Deadline 2 s. */
void probe_generation(struct probe *p, void (*done)(void *ctx, bool ok, const char *text),
		      void *ctx);
void probe_cancel(struct probe *p);

struct probe_status {
	bool answers;                  /* the last /status was answered, and an echo was heard */
	const char *why;               /* otherwise: a sentence */
	uint64_t since;                /* of `answers`, CLOCK_MONOTONIC */
	uint64_t start;                /* changes when the counters below began anew */
	uint64_t requests;             /* served by nginx, as stub_status has it, ours left out */
	uint64_t connections, waiting; /* now, ours left out */
	/* Of the time when /status was asked, so never more than requests: */
	uint64_t errors;          /* 5xx that were told */
	uint64_t upstream_errors; /* requests in which an upstream server failed */
};
/* As of the last answer; `why` is valid until the next turn of the loop. */
void probe_status(const struct probe *p, struct probe_status *out);

#endif
