/*
 * Status: one value, three writers.
 *
 * The same JSON goes into the report znode, STATE/status.json and the command
 * line; the same numbers into /metrics; one line into sd_notify(STATUS=). Strings
 * are borrowed from whoever fills the value in.
 */
#ifndef ZKNGINX_STATUS_H
#define ZKNGINX_STATUS_H

#include <stdbool.h>
#include <zknginx/buf.h>
#include <zknginx/problem.h>

#define STATUS_STATES(X)                                                                           \
	X(APPLIED, "applied")           /* nginx runs what it is to run here, all of it */         \
	X(DEPLOYING, "deploying")       /* on the way there */                                     \
	X(DEGRADED, "degraded")         /* all but some objects, which are in `problems` */        \
	X(HELD, "held")                 /* a guard holds something back */                         \
	X(REJECTED, "rejected")         /* nginx refused it as a whole; last good is served */     \
	X(WAITING, "waiting")           /* for the first tree, or for nginx */                     \
	X(DISCONNECTED, "disconnected") /* no ZooKeeper; last good is served */

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

/* Steps of a deployment, in the order they happen. */
#define STEPS(X)                                                                                   \
	X(DECODE, "decode")                                                                        \
	X(RENDER, "render")                                                                        \
	X(STAGE, "stage")                                                                          \
	X(CHECK, "check")                                                                          \
	X(PUBLISH, "publish")                                                                      \
	X(SIGNAL, "signal")                                                                        \
	X(VERIFY, "verify")

enum step_id {
#define X(name, text) STEP_##name,
	STEPS(X)
#undef X
		STEP_N
};

struct status_problem {
	struct problem problem;
	uint64_t since; /* wall clock, microseconds since the epoch */
	uint64_t found; /* since when there is a problem of this znode, CLOCK_MONOTONIC */
};

/* One `discover` of an upstream that nginx runs. */
struct status_discovery {
	const char *upstream, *path;
	const char *format; /* as said, or as found out; "" while nothing is there to tell it by */
	size_t servers;     /* that came of it */
};

/* One alert that is raised. */
struct status_alert {
	const char *key, *subject, *severity, *message;
	uint64_t since; /* wall clock */
	unsigned flaps;
};

struct status {
	const char *host, *version;
	uint64_t updated; /* wall clock, microseconds since the epoch */
	enum status_state state;
	const char *revision_seen, *revision_applied; /* hex digests; "" = none yet */
	unsigned long generation;
	const struct status_problem *problems;
	size_t problem_count;
	const struct status_discovery *discovery;
	size_t discovery_count;
	struct {
		const char *state, *server; /* "connected", "127.0.0.1:2181" */
		int64_t session;
		uint64_t since;
		unsigned long nodes, watches, reconnects, requests;
	} zookeeper;
	struct {
		enum nginx_state state;
		long pid;
		unsigned workers, old_workers;
		unsigned long reloads, tests; /* SIGHUPs, and runs of nginx -t */
		const char
			*test_error; /* why what nginx runs does not pass nginx -t; "" = it does */
		enum nginx_includes includes;
		const char *sandbox; /* "namespace", "fallback" */
		bool responding;     /* the master takes signals */
		unsigned long deaths;
		const char *drifted; /* a live file that somebody else has changed; "" = none */
	} nginx;
	struct {
		bool on, answers;
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
		unsigned step;
		const char *permitted; /* revision; "" = the newest */
		const char *why;
		const char *verdict; /* on a revision on trial here; "" = there is none */
	} rollout;
	const struct status_alert *alerts;
	size_t alert_count;
	struct {
		unsigned long applied, rejected, rolled_back;
		unsigned long last_generation;
		uint64_t last_at; /* wall clock; 0 = none yet */
		double last_total_ms;
		double steps_ms[STEP_N];
	} deployments;
};

const char *status_state_name(enum status_state s);
const char *step_name(enum step_id s);
const char *nginx_state_name(enum nginx_state s);

/* The report: sorted keys, stable bytes. `problem_limit` shortens the list (0 = all). */
void status_write_json(const struct status *s, size_t problem_limit, struct buf *out);
/* OpenMetrics text, ending in "# EOF". */
void status_write_metrics(const struct status *s, struct buf *out);
/* "applied: revision 0123456789ab, generation 42, 2 problems" */
void status_write_line(const struct status *s, struct buf *out);

/* "2026-11-22T15:04:05.123Z"; out holds at least 32 bytes. */
void status_time(uint64_t wall, char out[static 32]);

#endif
