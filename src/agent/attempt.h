/* An attempt: a deployment that is under way, and what it was made from, until its outcome. */
#ifndef ZKNGINX_AGENT_ATTEMPT_H
#define ZKNGINX_AGENT_ATTEMPT_H

#include <zknginx/bundle.h>
#include <zknginx/model.h>
#include <zknginx/status.h>

#include "core/decode/expand.h"
#include "core/status/edit.h"

struct attempt {
	struct model *model;         /* NULL: no deployment is under way */
	struct tree *tree;           /* what the model was made of … */
	struct expansion *expansion; /* … with its defaults, templates and parameters */
	struct bundle *bundle;
	struct tree *newest; /* the newest tree when the attempt was made … */
	struct tree *newer;  /* … and a later one that differs; NULL: there is none */
	char revision[DIGEST_HEX_SIZE];
	bool leaves_out; /* the model is without an accepted znode that is lost */
	bool is_behind;  /* while it was persisted, the workers were given more, or may have been */
	struct edit change;      /* what of ZooKeeper's transactions made it due … */
	uint64_t began;          /* … and when the run began, wall clock */
	uint64_t rendered;       /* when the bundle was rendered, CLOCK_MONOTONIC */
	double steps_ms[STEP_N]; /* of the steps before nginx/deploy's */
};

static inline void attempt_end(struct attempt *a)
{
	model_free(a->model);
	tree_unref(a->tree);
	expansion_free(a->expansion);
	tree_unref(a->newest);
	tree_unref(a->newer);
	bundle_unref(a->bundle);
	*a = (struct attempt){ 0 };
}

/* The newest tree of now. */
static inline void attempt_note_newest(struct attempt *a, struct tree *newest)
{
	tree_unref(a->newer);
	a->newer = a->newest && !tree_same(a->newest, newest) ? tree_ref(newest) : NULL;
}

#endif
