/*
 * Counts the datagrams in which nginx reports failed requests to the probe. A flood of datagrams
 * takes a bounded share of the daemon's time.
 */
#ifndef ZKNGINX_NGINX_PROBE_COUNT_H
#define ZKNGINX_NGINX_PROBE_COUNT_H

#include "probe_http.h"
#include "probe_sender.h"

struct probe_counts {
	uint64_t errors;          /* answered with 5xx */
	uint64_t upstream_errors; /* an upstream server failed; may count as an error, too */
	uint64_t echoes;          /* nothing failed: a client asked for /echo */
};

struct probe_count;
/* Listens. The address and the workers are borrowed. on_echo: one has just been counted; may not
 * free it. */
int probe_count_new(sd_event *loop, const struct probe_address *a,
		    const struct probe_workers *workers, void (*on_echo)(void *ctx), void *ctx,
		    struct probe_count **out, struct err *e);
void probe_count_free(struct probe_count *c);
/* What has arrived by now; reads a bounded part of what is waiting. */
struct probe_counts probe_count_now(struct probe_count *c);

/* Adds what a datagram reports to the counts; false: it is not from our server. */
bool probe_count_parse(const char *text, size_t size, struct probe_counts *counts);

#endif
