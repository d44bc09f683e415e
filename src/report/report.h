/*
 * The report: one status value, published to everybody who reads it.
 *
 * It owns the problems with the time at which each began, the counters of deployments and the time
 * of the next report. All else that a status holds belongs to other parts; they fill it in when a
 * report is made. Published are STATE/status.json, systemd's status line, /metrics on request, and,
 * where there is a fleet, the report znode, the member znode and the Curator service.
 */
#ifndef ZKNGINX_REPORT_H
#define ZKNGINX_REPORT_H

#include <systemd/sd-event.h>
#include <zknginx/member.h>
#include <zknginx/settings.h>

#include "core/status/conditions.h"
#include "core/status/state.h"
#include "nginx/deploy.h"
#include "zk/fleet.h"

struct report_spec {
	sd_event *loop;
	const struct settings *settings; /* until report_use_settings() */
	const char *host;
	const char *id;      /* of this start of the daemon, for the member znode */
	uint64_t started;    /* wall clock */
	struct fleet *fleet; /* borrowed; NULL: nothing is published in ZooKeeper */
};

struct report_ops {
	/* A report is due, and will be made next: what it depends on may be brought up to date. */
	void (*on_due)(void *ctx);
	/* Fills in the facts, except those about problems. */
	void (*facts)(void *ctx, struct status_facts *out);
	/* Fills in the parts of the others. Strings and lists are borrowed until the next event; a
	 * list may be made in the arena. */
	void (*fill)(void *ctx, struct status *s, struct arena *scratch);
	/* Fills in what only /metrics shows; borrowed in the same way. */
	void (*fill_numbers)(void *ctx, struct numbers *n);
	/* Fills in what this host runs, and its verdict. */
	void (*fill_member)(void *ctx, struct member *m);
};

struct report;
/* The first report follows soon, from the loop. */
struct report *report_new(const struct report_spec *spec, const struct report_ops *ops, void *ctx);
void report_free(struct report *r);
/* The settings before may be freed after this call. */
void report_use_settings(struct report *r, const struct settings *settings);

/* Something in the status may have changed. Calls within a short time make one report. */
void report_soon(struct report *r);
void report_now(struct report *r);

/* For the pages of metrics.listen. report_not_ready(): NULL, or a sentence. */
void report_write_metrics(const struct report *r, struct buf *out);
void report_write_status(const struct report *r, struct buf *out);
const char *report_not_ready(const struct report *r);

/* The problems of a run. Those of the run before keep their time; only changes are logged. */
void report_problems(struct report *r, const struct problems *problems);
/* While no run is possible: the paths that cannot be read now, in place of those of the last run.
 */
void report_unreadable(struct report *r, const struct problems *unreadable);
/* A deployment is over: it is counted, and the change that it brought is logged in one line. */
void report_outcome(struct report *r, const struct deployed *d);

/* Adds the conditions that the problems make, for the alerts. Returns when they change by
 * themselves, or NEVER. */
uint64_t report_conditions(const struct report *r, struct conditions *out);

/* The problems of the last status.json in this state directory: what was known before this start
 * of the daemon. None if the file is missing or damaged. */
void report_recall(const char *state_directory, struct problems *out);

#endif
