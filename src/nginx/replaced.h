/*
 * nginx replaced on disk: would nginx start again?
 *
 * A package upgrade replaces the binary, modules or libraries while nginx goes on with the old
 * ones. Deployments are tested with what runs, because that is what loads them. So the live
 * generation is tested here with what is on disk, in the same sandbox, before anybody restarts
 * nginx: nothing live is changed, and no signal is sent.
 *
 * A test begins when the files have been quiet for some seconds and no package manager is at work.
 * It is repeated after each deployment, when nginx.conf has changed, and from time to time while
 * it fails. All of it is over when the running nginx is the one on disk.
 */
#ifndef ZKNGINX_NGINX_REPLACED_H
#define ZKNGINX_NGINX_REPLACED_H

#include <systemd/sd-event.h>
#include <zknginx/settings.h>

#include "master.h"
#include "stage.h"

enum replaced_state {
	REPLACED_NOT,     /* what is on disk runs, as far as is known */
	REPLACED_PASSES,  /* another one is on disk, and it accepts the live configuration */
	REPLACED_REFUSES, /* … and it does not: a start would fail */
	REPLACED_MISSING, /* there is no binary on disk */
};

struct replaced;
/* The settings and the stage are borrowed. on_change: replaced_state() or
 * replaced_lacks_status() has changed. */
struct replaced *replaced_new(sd_event *loop, const struct nginx_settings *nginx,
			      struct stage *stage, void (*on_change)(void *ctx), void *ctx);
void replaced_free(struct replaced *r);
void replaced_configure(struct replaced *r, const struct nginx_settings *nginx);

/* The regular look. m: NULL when nginx does not run. conf: another number after each change of
 * nginx.conf. */
void replaced_look(struct replaced *r, const struct master *m, unsigned long conf);
/* A deployment begins: a test that runs is given up; a later look begins it again. */
void replaced_pause(struct replaced *r);

/* *message: what nginx wrote, masked; valid until the next look. */
enum replaced_state replaced_state(const struct replaced *r, const char **message);
/* The nginx on disk is known to be built without ngx_http_stub_status_module. */
bool replaced_lacks_status(const struct replaced *r);

#endif
