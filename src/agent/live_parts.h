/* What live.c (the way of servers to nginx) and live_status.c (what others see of it) share. */
#ifndef ZKNGINX_AGENT_LIVE_PARTS_H
#define ZKNGINX_AGENT_LIVE_PARTS_H

#include "live.h"

struct live {
	struct live_spec spec;
	const struct live_ops *ops;
	void *ctx;
	struct servers *servers;

	bool knows_rest;
	struct digest rest;  /* bundle.h */
	struct model *model; /* what the workers were given and is not persisted; NULL: nothing */
	struct config_numbers numbers; /* of the model, when they were asked for last */
	uint64_t due;                  /* when it is to be persisted; NEVER: nothing is */
	bool failed;                   /* a change failed: until a reload all is deployed */
	bool reloaded; /* nginx was reloaded for other servers, and still has other ones */
	bool agrees;   /* nginx had these servers when live_look() was called last, and nothing has
			  happened since */

	struct arena *arena; /* of the change under way */
	struct apply apply;
	unsigned long updates;

	struct stepper steps;
	bool has_accepted;
};

#endif
