/*
 * Guard: what a model must not lose all at once.
 *
 * Works on the model under construction, between decode and link. An upstream that loses all its
 * servers, falls below min_servers, or loses more than max_shrink percent of them within the
 * window, gets the lost ones back (marked held) until they return, `hold` has passed, or an
 * operator confirms the loss. Servers that an operator deletes (persistent znodes) are not held;
 * their deletion is postponed while a mass deletion is running. When the config root is missing or
 * empty, everything stays in force. Pure: time is an argument, and the caller keeps the memory
 * between runs.
 */
#ifndef ZKNGINX_GUARD_H
#define ZKNGINX_GUARD_H

#include <zknginx/model.h>
#include <zknginx/problem.h>

#include "core/policy/policy.h"

struct guard_rules {
	long max_shrink;  /* percent */
	uint64_t window;  /* microseconds */
	uint64_t hold;    /* microseconds; NEVER = until confirmed */
	uint64_t readmit; /* how long a server that came back must stay before it is used */
};

struct guard;
struct guard *guard_new(void);
void guard_free(struct guard *g);
DEFINE_CLEANUP(struct guard *, guard_free)

struct guard_input {
	const struct guard_rules *rules;
	const struct model *good; /* what nginx runs; never NULL, may be empty */
	const struct model
		*live;     /* … with the servers that its workers were given since; or NULL */
	bool root_missing; /* the config root does not exist */
	const char *root;  /* its path, for problems */
	const struct policy *policy;
	uint64_t now;
	/*
	 * When an operator confirmed the losses of this upstream (same clock), or 0. May be NULL.
	 */
	uint64_t (*confirmed)(void *ctx, const char *upstream);
	void *ctx;
};

/* Completes `next`. Returns when to run again without a change in ZooKeeper, or NEVER. */
uint64_t guard_apply(struct guard *g, const struct guard_input *in, struct model *next,
		     struct problems *problems);

#endif
