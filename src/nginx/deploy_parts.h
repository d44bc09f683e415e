/* What deploy.c (the driver) and deploy_status.c (what others see of it) share. */
#ifndef ZKNGINX_NGINX_DEPLOY_PARTS_H
#define ZKNGINX_NGINX_DEPLOY_PARTS_H

#include "deploy.h"
#include "pipeline.h"

struct deploy {
	const struct nginx_settings *nginx;
	struct stage *stage;
	struct deploy_ops ops;
	void *ctx;
	struct instance *instance;
	struct pipeline pipeline; /* with the flight */
	enum reload_state state;
	bool in_flight;
	bool is_held, is_over;  /* its report has to wait; it is due */
	sd_event_source *start; /* of what was wanted */
	struct master met;      /* by the sandbox, for the options of render */
	/* What was logged last: a cause that stays is not logged again. */
	enum deploy_result logged;
	enum host_condition logged_condition;
};

#endif
