/*
 * The slow start of servers on this host: which ramps there are (core/deploy/ramp.h), and which
 * weights the workers of nginx were given for them. live.c gives them.
 *
 * A change is prepared, and then carried out (slow_start_commit) or not (slow_start_forget).
 */
#ifndef ZKNGINX_AGENT_SLOW_START_H
#define ZKNGINX_AGENT_SLOW_START_H

#include "core/deploy/apply.h"
#include "core/deploy/ramp.h"

/* What the workers have in place of the weights of the model. */
struct slow_start_given {
	struct arena *arena; /* NULL: nothing */
	struct weights weights;
	uint64_t at; /* the time that they are of */
};

struct slow_start {
	struct ramps ramps, next_ramps;
	struct slow_start_given given, next;
	bool prepared;
	bool behind;     /* what was given is not of these ramps: a step is due at once */
	uint64_t logged; /* when the last ramp began that the log has */
};
void slow_start_fini(struct slow_start *s);

/* The servers become those of another model; the ramps stay at the weights that they have. */
void slow_start_prepare(struct slow_start *s, const struct model *before, const struct model *after,
			uint64_t now);
/* How nginx comes from one model to the next (apply_decide()), with the weights that it was given
 * and those that it is to be given; of SERVERS the change is prepared. */
void slow_start_decide(struct slow_start *s, struct apply_side before, struct apply_side after,
		       uint64_t now, struct arena *a, struct apply *out);
/* The next step of all ramps in the model. */
void slow_start_prepare_step(struct slow_start *s, const struct model *m, uint64_t now);
void slow_start_commit(struct slow_start *s);
void slow_start_forget(struct slow_start *s);
/* Of these weights both may be empty. */
const struct weights *slow_start_given(const struct slow_start *s);
const struct weights *slow_start_next(const struct slow_start *s);
/* Is there any weight that is not the model's, before what was prepared or after it? */
bool slow_start_matters(const struct slow_start *s);

/* nginx was given the servers of another model in its files. begin: new ramps may begin. */
void slow_start_follow(struct slow_start *s, const struct model *before, const struct model *after,
		       uint64_t now, bool begin);
/* nginx was reloaded, and has the weights of the model. The ramps go on with the next step. */
void slow_start_on_reload(struct slow_start *s);
/* There are no ramps any more; the workers have the weights of the model, or will be reloaded. */
void slow_start_end(struct slow_start *s);
/* … of this upstream; what was prepared has to be prepared again. */
void slow_start_end_upstream(struct slow_start *s, const char *upstream);

/* When the next step is due; NEVER: there is no ramp. */
uint64_t slow_start_due(const struct slow_start *s, const struct model *m);

#endif
