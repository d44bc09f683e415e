/*
 * The gate: a host's own judgement of a revision that it was permitted to run. Pure: fed
 * with what was seen, asked for a verdict.
 *
 * A verdict begins with WAITING; it is GOOD as long as everything that can be looked at
 * speaks for the revision, and BAD for good once something speaks against it: then the
 * leader halts.
 */
#ifndef ZKNGINX_GATE_H
#define ZKNGINX_GATE_H

#include <stdint.h>
#include <zknginx/member.h>
#include <zknginx/problem.h>

struct gate_rules {
	bool probe;      /* there is one: without two answers of it there is no GOOD */
	long max_errors; /* percent of requests answered with 5xx since the revision runs */
	long max_upstream_errors; /* percent of requests in which an upstream server failed */
	long min_requests;        /* fewer than that say nothing about a share */
	bool command; /* there is a gate command: without a success of it there is no GOOD */
};

/* Counters of nginx since some moment, as the probe has them; they only grow, until nginx is
 * started anew (then all begin again, with another `start`). */
struct gate_counts {
	uint64_t start; /* which nginx, and which probe, this is */
	uint64_t requests, errors, upstream_errors;
};

struct gate;
/* root: zookeeper.config, below which a server of an upstream is told from an object; copied. */
struct gate *gate_new(const char *root);
void gate_free(struct gate *g);
DEFINE_CLEANUP(struct gate *, gate_free)

/*
 * A revision is permitted that was not before, or was in an earlier attempt of the plan ("" = there
 * is none to judge): all begins anew. The problems that there are so far (NULL = none) are known
 * ones. With the revision and the attempt at hand it changes nothing.
 */
void gate_begin(struct gate *g, const char *revision, unsigned long attempt,
		const struct problems *known);
/* nginx runs it, verified; `deaths` as counted so far, `counts` NULL without an answer of a probe.
 * The first time counts: a later deployment of the same revision (other endpoints) changes nothing.
 */
void gate_applied(struct gate *g, unsigned long deaths, const struct gate_counts *counts);
/* nginx refused or dropped it as a whole, and why. */
void gate_refused(struct gate *g, const char *znode, const char *message);
/*
 * The problems of a run with this revision: a new one of a kind that a revision can be guilty of
 * (json, field, policy, nginx, reload, guard) is BAD. Those of a registration
 * (upstreams/NAME/SERVER) are none: a revision leaves it out. Nor is an upstream whose applications
 * have yet to register (discovery), nor what a guard holds back once the revision is applied: then
 * applications have gone.
 */
void gate_problems(struct gate *g, const struct problems *now);
/* Once in a while, when applied; `counts` NULL when the probe has no answer now, which is no GOOD
 * as long as it lasts. */
void gate_sample(struct gate *g, const struct gate_rules *rules, unsigned long deaths,
		 const struct gate_counts *counts);
/* What the gate command said; message: what it wrote, for people. */
void gate_command(struct gate *g, bool passed, const char *message);

const char *gate_revision(const struct gate *g);
unsigned long gate_attempt(const struct gate *g);
enum verdict gate_verdict(const struct gate *g, const struct gate_rules *rules);
/* Of BAD; "" otherwise. */
const char *gate_znode(const struct gate *g);
const char *gate_message(const struct gate *g);

#endif
