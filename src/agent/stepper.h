/*
 * The stepper: gives the workers of nginx the weights of slow starts, step by step.
 *
 * A step is one change of all upstreams with ramps, at most once a second. It waits for everything
 * else that changes nginx. Ramps go by the clock, so a step that waited makes up for those before
 * it. Its result comes to the owner of `servers`, who hands it to stepper_take().
 */
#ifndef ZKNGINX_AGENT_STEPPER_H
#define ZKNGINX_AGENT_STEPPER_H

#include "nginx/servers.h"
#include "slow_start.h"

struct stepper_ops {
	/* May a step begin now? */
	bool (*may)(void *ctx);
	/* What nginx has. */
	const struct model *(*model)(void *ctx);
};

struct stepper {
	struct slow_start slow;
	bool stepping; /* a step is under way */
	struct servers *servers;
	sd_event_source *due;
	const struct stepper_ops *ops;
	void *ctx;
	struct arena *arena; /* of that step */
	struct apply apply;
};

/* servers: borrowed. */
void stepper_init(struct stepper *s, sd_event *loop, struct servers *servers,
		  const struct stepper_ops *ops, void *ctx);
void stepper_fini(struct stepper *s);

/* The ramps, or what was given of them, may have changed; m: what nginx has. */
void stepper_arm(struct stepper *s, const struct model *m);
/* nginx has the weights of the model again. The ramps go on. */
void stepper_on_reload(struct stepper *s);
/* The step under way is over. With an error all ramps end: nginx has to be reloaded. */
void stepper_take(struct stepper *s, const char *error);
/* No step follows any more: the servers get their full weights, as far as that can be said in a
 * moment. */
void stepper_end(struct stepper *s);

#endif
