/*
 * The steps of a deployment: stage, test, publish, signal, verify, go back. Each is begun by a call
 * and ends with an event of core/deploy/reload's table; deploy.h decides which step is next.
 *
 * Files are made durable while nginx -t runs, and the link while nginx loads the files. The link
 * changes only at a moment at which no nginx reads it (quiet.h).
 */
#ifndef ZKNGINX_NGINX_PIPELINE_H
#define ZKNGINX_NGINX_PIPELINE_H

#include "confirm.h"
#include "core/deploy/reload.h"
#include "flight.h"
#include "quiet.h"
#include "spacing.h"
#include "verify.h"

struct pipeline {
	const struct nginx_settings *nginx; /* borrowed, like the next two */
	struct stage *stage;
	struct instance *instance;
	sd_event *loop;
	struct sandbox *sandbox;
	bool has_new_settings; /* … that the sandbox does not know yet */
	struct confirm confirm;
	struct verify verify;
	struct quiet quiet;
	struct spacing spacing;
	struct flight flight;
	bool is_recovering; /* after pipeline_recover() */
	bool is_settling;   /* after pipeline_settle() */
	unsigned long reloads, tests;
	struct histogram tests_passed, tests_refused;
	char *known_warnings; /* of what nginx runs; NULL: none */
	/* A step has ended. The whole may be freed in here: nothing is touched after it. */
	void (*on_event)(void *ctx, enum reload_event event);
	void *ctx;
};

int pipeline_init(struct pipeline *p, sd_event *loop, const struct nginx_settings *nginx,
		  struct stage *stage, struct instance *instance,
		  void (*on_event)(void *ctx, enum reload_event event), void *ctx, struct err *e);
void pipeline_fini(struct pipeline *p);
/* is_idle: no deployment is in flight, so the probe may be replaced now. */
void pipeline_configure(struct pipeline *p, const struct nginx_settings *nginx, bool is_idle);
/* Before the first step of a deployment: the settings of now are used from here on. */
void pipeline_take_settings(struct pipeline *p);

void pipeline_check(struct pipeline *p);
void pipeline_publish(struct pipeline *p);
void pipeline_signal(struct pipeline *p);
void pipeline_verify(struct pipeline *p);
void pipeline_settle(struct pipeline *p);
void pipeline_revert(struct pipeline *p);
void pipeline_recover(struct pipeline *p);
/* The deployment is over; the flight stays as it is. */
void pipeline_end(struct pipeline *p);

#endif
