/*
 * Deploy: takes one bundle from memory to running workers, or back.
 *
 * Carries out the commands of core/deploy/reload's table: stage, check, publish, signal,
 * verify, settle, revert. One deployment is in flight at a time; the caller keeps
 * the newest bundle and comes back after `done`. Between deployments it watches
 * nginx: started, stopped, workers lost, live files changed by somebody else, nginx.conf
 * edited, a master that takes no signals.
 */
#ifndef ZKNGINX_NGINX_DEPLOY_H
#define ZKNGINX_NGINX_DEPLOY_H

#include <systemd/sd-event.h>
#include <zknginx/bundle.h>
#include <zknginx/host_claims.h>
#include <zknginx/reload.h>
#include <zknginx/render.h>
#include <zknginx/settings.h>
#include <zknginx/status.h>

#include "probe.h"
#include "stage.h"

#define DEPLOY_RESULTS(X)                                                                          \
	X(UNCHANGED, "unchanged") /* the live generation has these bytes and nginx runs it */      \
	X(APPLIED, "applied")     /* new workers serve it */                                       \
	X(DEFERRED, "deferred")   /* published; nginx is not running (or is being upgraded) and    \
				     reads it later */                                             \
	X(NOT_INCLUDED, "not-included") /* nginx.conf does not include it, or its stream part */   \
	X(PROVED, "proved")     /* deploy_test(): nginx -t said yes; nothing was changed */        \
	X(REFUSED, "refused")   /* nginx -t said no; the live files were not touched */            \
	X(REJECTED, "rejected") /* nginx took the signal but not the configuration; put back */    \
	X(DIED, "died")         /* its workers died; put back and signalled */                     \
	X(UNKNOWN, "unknown")   /* no verdict in time; the new generation is live */               \
	X(FAILED, "failed")     /* the environment: disk full, no sandbox, …; nothing changed */

enum deploy_result {
#define X(name, text) DEPLOY_##name,
	DEPLOY_RESULTS(X)
#undef X
		DEPLOY_RESULT_N
};
const char *deploy_result_name(enum deploy_result r);

struct outcome {
	enum deploy_result result;
	unsigned long generation; /* the one this was about */
	const char *message; /* REFUSED: all that nginx -t wrote; REJECTED, DIED: from its error
				log; FAILED: why */
	bool timed_out;      /* REFUSED because nginx -t did not end in time */
	bool tested;         /* nginx -t has run */
	bool passed;         /* … and took the configuration, whatever came of it then */
	/* Of a test that passed: warnings that change what is served (warnings.h); and the first
	 * of them that made it REFUSED, NULL if none did. */
	const char *warnings, *warning;
	double steps_ms[STEP_N];
	double total_ms; /* until the verdict; settling is not in it */
};

struct deploy_ops {
	void (*on_done)(void *ctx, const struct outcome *o);
	/* nginx appeared, vanished, lost workers; or the live files, or the host's own, were
	 * changed: run the path again. */
	void (*on_change)(void *ctx);
	/* deploy_nginx_status() has something new to tell, and nothing more is to be done. May be
	 * NULL. */
	void (*on_status)(void *ctx);
};

struct deploy;
int deploy_new(sd_event *loop, const struct nginx_settings *nginx, struct stage *stage,
	       const struct deploy_ops *ops, void *ctx, struct deploy **out, struct err *e);
void deploy_free(struct deploy *d);

/* Fills in what render has to know for the probe's sake: the address, and what this nginx is like.
 * The strings live until the next deployment begins. */
void deploy_render_options(const struct deploy *d, struct render_options *out);

/* Settings read again, at any time; those before may be freed after it. */
void deploy_configure(struct deploy *d, const struct nginx_settings *nginx);

/* May a deployment begin now (CLOCK_MONOTONIC)? Otherwise *when says when to ask again (reload gap,
 * old workers), or NEVER while one is in flight. */
bool deploy_is_ready(struct deploy *d, uint64_t now, uint64_t *when);

/*
 * Begin; on_done follows, later. The bundle is referenced while it is in flight.
 * revision: hex of the revision it was made from. Only when deploy_is_ready().
 */
void deploy_want(struct deploy *d, struct bundle *b, const char *revision);

/*
 * Only find out what nginx -t says of a bundle, within `timeout` microseconds or the setting's,
 * whichever is less. on_done follows, later, with PROVED, REFUSED or FAILED. Not while a deployment
 * is in flight.
 */
void deploy_test(struct deploy *d, struct bundle *b, uint64_t timeout);
bool deploy_is_in_flight(const struct deploy *d);

/* The warnings that what nginx runs gives: a candidate is not refused for these. */
void deploy_know_warnings(struct deploy *d, const char *warnings);

/* How long a test of what nginx runs took, the last time that one passed; 0: none did. */
uint64_t deploy_test_duration(const struct deploy *d);

enum reload_state deploy_state(const struct deploy *d);

struct nginx_status {
	const char *state; /* "running", "down", "unknown" */
	const char *why;   /* of a state that is not "running", or of one that does not respond: a
			      sentence */
	long pid;
	unsigned workers, old_workers;
	unsigned long reloads;
	unsigned long tests; /* runs of nginx -t since the daemon started */
	bool included;
	const char *sandbox;
	bool responding; /* the master takes signals: it is not stopped, and none is left pending */
	unsigned long deaths; /* workers that ended badly, since the daemon started */
	uint64_t old_since;   /* since when the oldest of the old workers is on its way (as far as
				 is known; CLOCK_MONOTONIC); 0 = none */
	const char *drifted;  /* a live file that somebody else has changed; NULL = none */
	/* With nginx.probe; else has_probe is false. */
	bool has_probe;
	struct probe_status probe;
};
void deploy_nginx_status(const struct deploy *d, struct nginx_status *out);

/*
 * nginx.conf and what it includes, as of the last test that passed; valid until the next
 * deployment begins. *serial is another one after each change, and 0 while nothing is known.
 */
const struct host_file *deploy_host(const struct deploy *d, size_t *count, unsigned long *serial);

#endif
