/*
 * Status: what a host reports about itself, as one value.
 *
 * One table (core/status/status_fields.c) says how each field is written: as JSON into the report
 * znode and STATE/status.json, as a number into /metrics. The same table reads the JSON back. So a
 * new field is a member here and a row there. sd_notify(STATUS=) gets one line.
 *
 * Strings are borrowed from the owner that fills them in; NULL and "" both mean "not known".
 */
#ifndef ZKNGINX_STATUS_H
#define ZKNGINX_STATUS_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/numbers.h>
#include <zknginx/problem.h>

#define STATUS_STATES(X)                                                                           \
	X(APPLIED, "applied")     /* nginx runs all of what this host is to run */                 \
	X(DEPLOYING, "deploying") /* a change is being deployed */                                 \
	X(DEGRADED, "degraded")   /* all but some objects, which are listed in `problems` */       \
	X(HELD, "held")           /* a guard keeps servers or objects that ZooKeeper has lost */   \
	X(REJECTED, "rejected")   /* nginx refused the configuration as a whole */                 \
	X(WAITING, "waiting")     /* for the first tree, or for nginx */                           \
	X(DISCONNECTED, "disconnected") /* no connection to ZooKeeper */

enum status_state {
#define X(name, text) STATUS_##name,
	STATUS_STATES(X)
#undef X
		STATUS_STATE_N
};

#define NGINX_STATES(X)                                                                            \
	X(DOWN, "down")                                                                            \
	X(RUNNING, "running")                                                                      \
	X(UNKNOWN, "unknown") /* there is a process, but no master that may be signalled */

enum nginx_state {
#define X(name, text) NGINX_STATE_##name,
	NGINX_STATES(X)
#undef X
		NGINX_STATE_N
};

/* Which of the generated files nginx.conf includes, as the last nginx -T has shown. */
enum nginx_includes {
	NGINX_INCLUDES_UNKNOWN, /* no test has passed yet */
	NGINX_INCLUDES_NOTHING,
	NGINX_INCLUDES_NO_STREAM, /* http.conf, and not stream.conf, which is not empty */
	NGINX_INCLUDES_ALL,
};

/* A fact that may not be known yet. */
enum status_maybe { STATUS_UNKNOWN, STATUS_NO, STATUS_YES };

/* How many problems status.json and a report znode list. */
#define STATUS_PROBLEMS_MOST 500

struct status_problem {
	struct problem problem;
	uint64_t since; /* wall clock, microseconds since the epoch */
	uint64_t found; /* since when this znode has a problem, CLOCK_MONOTONIC; not published */
};

/* One `discover` of an upstream that nginx runs. */
struct status_discovery {
	const char *upstream, *path;
	const char *format; /* as set, or as recognized; "" while there is no registration */
	size_t servers;     /* how many it found */
};

/* One drain that nginx's configuration follows. */
struct status_drain {
	const char *upstream, *server; /* as in the override */
	uint64_t until;                /* wall clock; 0: until an operator undoes it */
	size_t servers;                /* how many it takes out; 0: the upstream does not have it */
};

/* What the checks of one server have found. */
struct status_check {
	const char *upstream, *server;
	const char *state; /* "unknown", "passing", "failing" */
	uint64_t since;    /* of the state; wall clock */
	bool down;         /* nginx does not use it, because the checks fail */
	const char *found; /* by the last check: "answers with status 500" */
};

/* One upstream with slow_start. */
struct status_slow_start {
	const char *upstream, *time;
	const char *state; /* "on", or "no effect: " and why */
};

/* One server that starts slowly. */
struct status_ramp {
	const char *upstream, *server;
	uint64_t since, until; /* wall clock */
};

/* How the servers of one upstream that nginx runs come to it. */
struct status_update {
	const char *upstream;
	const char *way; /* "live" or "reload" */
	const char *why; /* of "reload" */
};

/* One alert that is raised. */
struct status_alert {
	const char *key, *subject, *severity, *message;
	uint64_t since; /* wall clock */
	unsigned long flaps;
};

/* Since the start of the daemon. */
struct status_deployments {
	unsigned long applied, rejected, rolled_back;
	struct {
		bool on; /* there was one; else the rest is not published */
		unsigned long generation;
		uint64_t at; /* wall clock */
		double total_ms;
		double steps_ms[STEP_N];
	} last;
};

/* The last change of the config that nginx took, from its commit in ZooKeeper until nginx
 * served it. */
struct status_change {
	bool on;              /* there was one; else the rest is not published */
	int64_t zxid, newest; /* the first and the last transaction that it brought */
	const char *znode;    /* that the first one changed */
	unsigned long znodes; /* that all of them changed */
	unsigned long generation;
	uint64_t committed; /* wall clock of a ZooKeeper server; 0: not known */
	double total_ms;
	double waited_ms;   /* from the commit until the run began; 0 when the clocks differ */
	bool clocks_differ; /* the commit is in the future of this host's clock */
	const char *text;   /* a sentence */
};

struct status {
	const char *host, *version;
	uint64_t updated; /* wall clock, microseconds since the epoch */
	enum status_state state;
	const char *revision_seen, *revision_applied; /* hex digests; "" = none yet */
	unsigned long generation;
	const struct status_problem *problems;
	size_t problem_count; /* in that list … */
	size_t problem_total; /* … and in all; the list that is written is limited */
	const struct status_discovery *discovery;
	size_t discovery_count;
	const struct status_drain *drains;
	size_t drain_count; /* in that list … */
	int64_t overrides;  /* zxid of the newest override that nginx's configuration follows; 0:
			       none */
	size_t drain_total; /* … and in all; the list may be shortened like that of problems */
	const struct status_check *checks; /* the failing ones come first */
	size_t check_count;                /* in that list … */
	size_t check_total;                /* … and in all: servers that are checked */
	struct {
		bool on; /* some server is checked; else the rest is not published */
		unsigned long passing, failing, unknown; /* servers */
		unsigned long panics;                    /* upstreams with too many failing ones */
		unsigned long good, bad, late;           /* checks since the start */
		unsigned long sockets;
	} checker;
	const struct status_slow_start *slow_starts;
	size_t slow_start_count;
	const struct status_ramp *ramps;
	size_t ramp_count; /* in that list … */
	size_t ramp_total; /* … and in all; the list may be shortened like that of problems */
	const struct status_update *updates; /* empty while nginx has no module of ours */
	size_t update_count;
	struct {
		const char *state, *server; /* "connected", "127.0.0.1:2181" */
		int64_t session;
		uint64_t since;
		unsigned long nodes, watches, reconnects, requests;
		/* What shows that ZooKeeper's history has gone back; "" = it has not, or an
		 * operator has accepted it. */
		const char *rolled_back;
		int64_t confirmed; /* zxid of the confirmation in the tree that is followed; 0 */
		const char *open;  /* which znodes every client may change; "" = none is known */
		unsigned long open_znodes;
	} zookeeper;
	struct {
		enum nginx_state state;
		long pid;
		unsigned long workers, old_workers;
		unsigned long reloads, tests; /* SIGHUPs, and runs of nginx -t */
		unsigned long updates;        /* changes of servers without a reload */
		const char *test_error;       /* of nginx -t on what nginx runs; "" = it passes */
		enum status_maybe included;   /* http.conf, by nginx.conf */
		const char *sandbox;          /* "namespace", "fallback" */
		bool responding;              /* the master takes signals */
		unsigned long deaths;
		const char *drifted; /* a live file that another program has changed; "" = none */
	} nginx;
	struct {
		bool on; /* nginx.probe is set; else the rest is not published */
		bool answers;
		unsigned long requests, errors, upstream_errors, connections;
	} probe;
	struct {
		const char *member; /* "member", "pending", "duplicate" */
		const char *why;    /* of the other two */
		const char *role;   /* as in election.h */
		const char *leader; /* a host; "" = not known */
	} fleet;
	struct {
		const char *mode, *part; /* as in member.h */
		const char *phase;       /* of the plan; "" = there is none */
		bool paused;
		unsigned long step;
		const char *permitted; /* revision; "" = the newest */
		const char *why;
		const char *verdict; /* on a revision on trial here; "" = there is none */
	} rollout;
	struct {
		bool on; /* a push to the config is unfinished; else the rest is not published */
		const char *by, *id;
		uint64_t time;      /* wall clock: when it began */
		unsigned long left; /* znodes that are not written yet */
	} push;
	struct {
		bool on; /* trust.require is not "off"; else the rest is not published */
		const char *require; /* … as it is */
		const char
			*state;  /* of the newest config: "good", or as in core/fleet/signature.h */
		const char *key; /* who has signed it */
		const char *why; /* it is not applied; "" = it may be */
		unsigned long serial; /* of the newest config; 0 = none */
		unsigned long last;   /* … that this host has applied */
	} trust;
	const struct status_alert *alerts;
	size_t alert_count;
	struct status_deployments deployments;
	struct status_change change;
	struct numbers numbers; /* for /metrics alone */
};

const char *status_state_name(enum status_state s);
const char *nginx_state_name(enum nginx_state s);

/* JSON with sorted keys, so that equal values are equal bytes. `problem_limit` shortens the list of
 * problems, and that of drains (0 = all of them). */
void status_write_json(const struct status *s, size_t problem_limit, struct buf *out);
/*
 * Reads such JSON into the arena; writing it again gives the same bytes. Keys that this version
 * does not know are ignored. A field that is missing, null or of another type is "" or 0; a name
 * that this version does not know is the last one of its list. ERR_INPUT: the text is no JSON
 * object, or has no state that this version knows.
 */
int status_parse(struct arena *a, const char *text, size_t size, struct status *out, struct err *e);
/* OpenMetrics text, ending in "# EOF". */
void status_write_metrics(const struct status *s, struct buf *out);
/* "applied: revision 0123456789ab, generation 42, 2 problems" */
void status_write_line(const struct status *s, struct buf *out);

/* The value without the time and the counters that change all the time: two of these are equal as
 * JSON when there is nothing to report. */
struct status status_without_counters(const struct status *s);

/* "2026-11-22T15:04:05.123Z"; out holds at least 32 bytes. */
void status_time(uint64_t wall, char out[static 32]);

#endif
