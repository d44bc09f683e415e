/*
 * The gate: a host's own verdict on a revision on trial. Pure: it is told what was found, and
 * answers with the verdict.
 *
 * A verdict begins as WAITING. It is GOOD while every check passes. It becomes BAD, and stays so,
 * when one fails: then the leader halts the rollout.
 */
#ifndef ZKNGINX_GATE_H
#define ZKNGINX_GATE_H

#include <stdint.h>
#include <zknginx/member.h>
#include <zknginx/problem.h>

struct gate_rules {
	bool probe;      /* there is one: GOOD needs two answers of it */
	long max_errors; /* percent of requests answered with 5xx since the revision runs */
	long max_upstream_errors; /* percent of requests in which an upstream server failed */
	long min_requests;        /* fewer than that are too few for a share */
	bool command;             /* there is a gate command: GOOD needs one success of it */
};

/* Counters of nginx since some moment, as the probe has them; they only grow, until nginx is
 * started again (then all begin at zero, with another `start`). */
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
 * is none on trial): everything begins again. The problems that there are so far (NULL = none) are
 * known ones. With the same revision and attempt it changes nothing.
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
 * The problems of a run with this revision: a new one of a kind that a revision can cause
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
