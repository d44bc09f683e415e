/*
 * Numbers: what only /metrics shows, beside the fields of a status.
 *
 * They change all the time or are many, so they are in neither the report znode nor status.json.
 * Each part of the daemon counts its own, and a status borrows them while it is written. One table
 * (core/status/number_fields.c) says how each becomes a metric. A status that was read from JSON
 * has none.
 */
#ifndef ZKNGINX_NUMBERS_H
#define ZKNGINX_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zknginx/step.h>

/* How many upstreams have metrics of their own; the totals count all. */
#define NUMBERS_UPSTREAMS_MOST 500
/* How many servers of upstreams have metrics of their own, for http and for stream. */
#define NUMBERS_SERVERS_MOST 1000
/* How many raised alerts have a metric of their own; alerts by severity count all. */
#define NUMBERS_ALERTS_MOST 200

/* Upper bounds of the buckets, in seconds; the last bucket is above all of them. */
#define HISTOGRAM_BOUNDS(X)                                                                        \
	X(0.001)                                                                                   \
	X(0.0025)                                                                                  \
	X(0.005)                                                                                   \
	X(0.01)                                                                                    \
	X(0.025)                                                                                   \
	X(0.05)                                                                                    \
	X(0.1)                                                                                     \
	X(0.25)                                                                                    \
	X(0.5)                                                                                     \
	X(1.0)                                                                                     \
	X(2.5)                                                                                     \
	X(5.0)                                                                                     \
	X(10.0)                                                                                    \
	X(30.0)                                                                                    \
	X(60.0)

enum {
#define X(bound) +1
	HISTOGRAM_BUCKETS = 1 HISTOGRAM_BOUNDS(X)
#undef X
};

struct histogram {
	unsigned long buckets[HISTOGRAM_BUCKETS]; /* each counts what no bucket before it does */
	double sum;                               /* seconds */
};
void histogram_add(struct histogram *h, double seconds);

/* How a deployment reaches nginx. */
#define DEPLOYMENT_KINDS(X)                                                                        \
	X(RELOAD, "reload")   /* new files, SIGHUP, new workers */                                 \
	X(SERVERS, "servers") /* the workers take other servers, without a reload */               \
	X(FILES, "files")     /* new files of servers that nginx has already; no SIGHUP */

enum deployment_kind {
#define X(name, text) DEPLOYMENT_##name,
	DEPLOYMENT_KINDS(X)
#undef X
		DEPLOYMENT_KIND_N
};
const char *deployment_kind_name(enum deployment_kind k);

#define DEPLOYMENT_RESULTS_MOST 16

/* Deployments of one kind since the daemon started. */
struct deployment_numbers {
	unsigned long results[DEPLOYMENT_RESULTS_MOST]; /* by deploy_result_name() */
	struct histogram total, steps[STEP_N];
};

/* What nginx runs of one upstream. */
struct upstream_numbers {
	const char *name;
	unsigned long servers; /* that are rendered */
	unsigned long usable;  /* … and neither down, drained, failing nor backup */
	unsigned long backup;  /* … backup, and neither down, drained nor failing */
	unsigned long held;    /* gone from ZooKeeper, kept by the guard */
	unsigned long drained;
	unsigned long failing;  /* not used, because their checks fail */
	unsigned long found;    /* by discovery */
	unsigned long left_out; /* registrations that gave no server */
};

/* What nginx runs of the configuration. */
struct config_numbers {
	unsigned long sites, upstreams;
	unsigned long empty;           /* upstreams that have no server */
	struct upstream_numbers total; /* of all upstreams */
	struct upstream_numbers upstream[NUMBERS_UPSTREAMS_MOST]; /* the first, by name … */
	size_t count;                                             /* … in that list */
};

/* What nginx says of a server, if it has the module. */
struct server_numbers {
	const char *upstream, *server;
	unsigned long connections, failures, available;
};

struct server_numbers_list {
	const struct server_numbers *items;
	size_t count;
};

struct numbers {
	/* Of the report: DEPLOYMENT_KIND_N of them; NULL: none are known. */
	const struct deployment_numbers *deployments;
	const char *(*result_name)(unsigned result);
	unsigned result_count;
	const struct histogram *changes; /* from the commit in ZooKeeper until nginx serves it */

	const struct config_numbers *config;
	struct server_numbers_list http_servers, stream_servers;

	/* nginx -t */
	const struct histogram *tests_passed, *tests_refused;
	struct {
		unsigned long master, workers, old_workers; /* resident bytes */
	} memory;
	struct {
		unsigned long reading, writing, waiting; /* connections */
		unsigned long accepted, handled;
	} stub;
	struct {
		unsigned long expirations;
		unsigned long data;           /* bytes of the znodes that are mirrored */
		unsigned long received, sent; /* bytes, of all sessions */
		int64_t zxid;                 /* the newest transaction in the mirrored tree */
		const struct histogram *beats;
	} zookeeper;
	struct {
		bool leads; /* this host; else the rest is not known */
		unsigned long members, hosts, hosts_done, conditions;
	} leader;
	struct {
		unsigned long resident; /* bytes */
		double cpu;             /* seconds */
		uint64_t started;       /* wall clock */
	} process;
};

#endif
