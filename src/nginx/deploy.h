/*
 * Deploy: takes one bundle from memory to running workers, or back.
 *
 * Carries out the commands of core/deploy/reload's table: stage, check, publish, signal, verify,
 * settle, revert. One deployment is in flight at a time; the caller keeps the newest bundle and
 * comes back after on_done. instance.h watches nginx meanwhile and between deployments.
 */
#ifndef ZKNGINX_NGINX_DEPLOY_H
#define ZKNGINX_NGINX_DEPLOY_H

#include <systemd/sd-event.h>
#include <zknginx/bundle.h>
#include <zknginx/settings.h>
#include <zknginx/status.h>

#include "core/status/edit.h"
#include "instance.h"
#include "memory.h"
#include "probe.h"
#include "stage.h"

#define DEPLOY_RESULTS(X)                                                                          \
	X(UNCHANGED, "unchanged") /* the live generation has these bytes and nginx runs it */      \
	X(APPLIED, "applied")     /* new workers serve it */                                       \
	X(DEFERRED, "deferred")   /* published; nginx is not running (or is being upgraded) and    \
				     reads it later */                                             \
	X(NOT_INCLUDED, "not-included") /* published, but nginx.conf does not include it */        \
	X(STREAM_NOT_INCLUDED,                                                                     \
	  "stream-not-included") /* nginx runs http.conf and does not include stream.conf */       \
	X(PROVED, "proved")      /* deploy_test(): nginx -t passed; nothing was changed */         \
	X(REFUSED, "refused")    /* nginx -t failed; the live files were not touched */            \
	X(REJECTED, "rejected")  /* nginx took the signal but not the configuration; put back */   \
	X(DIED, "died")          /* its workers died; put back and signalled */                    \
	X(UNKNOWN, "unknown")    /* no verdict in time; the new generation is live */              \
	X(FAILED, "failed")      /* a condition of this host; nothing was changed */

enum deploy_result {
#define X(name, text) DEPLOY_##name,
	DEPLOY_RESULTS(X)
#undef X
		DEPLOY_RESULT_N
};
const char *deploy_result_name(enum deploy_result r);

/* Of FAILED: what is wrong with this host. The names are keys of alerts. */
#define HOST_CONDITIONS(X)                                                                         \
	X(STATE_DIRECTORY, "state-directory")         /* it cannot be written, or read */          \
	X(TEST_UNAVAILABLE, "nginx-test-unavailable") /* nginx -t cannot be run */                 \
	X(CONF_WRITABLE, "nginx-conf-writable")       /* another user can change nginx.conf */     \
	X(NGINX_BUSY, "nginx-unresponsive")           /* the master is busy and takes no signal */

enum host_condition {
	HOST_IS_WELL,
#define X(name, text) HOST_##name,
	HOST_CONDITIONS(X)
#undef X
		HOST_CONDITION_N
};
/* "" of HOST_IS_WELL. */
const char *host_condition_key(enum host_condition c);

struct outcome {
	enum deploy_result result;
	enum host_condition condition;
	unsigned long generation; /* the one this was about */
	const char *message; /* REFUSED: all that nginx -t wrote; REJECTED, DIED: from its error
				log; FAILED: why, with the path and the system's error */
	/* nginx is known to run all of it, or reads all of it when it starts. */
	bool in_force;
	bool persisted; /* nginx had its servers before: only the files are new */
	bool timed_out; /* REFUSED because nginx -t did not end in time */
	bool tested;    /* nginx -t has run */
	bool passed;    /* … and took the configuration, whatever came of it then */
	/* Of a test that passed: warnings that change what is served (warnings.h); and the first
	 * of them that made it REFUSED, NULL if none did. */
	const char *warnings, *warning;
	double steps_ms[STEP_N];
	double total_ms; /* until the verdict; settling is not in it */
};

/* A deployment that is over, with what it was made for. Borrowed for a call. */
struct deployed {
	const struct outcome *outcome;
	enum deployment_kind kind;
	const struct edit *change;
	uint64_t began;           /* the run for it, wall clock */
	const double *earlier_ms; /* STEP_N: the steps that were taken before it */
};

struct deploy_ops {
	void (*on_done)(void *ctx, const struct outcome *o);
	/* nginx started, ended, lost its workers; or the live files, or the host's own, were
	 * changed: run the path again. */
	void (*on_change)(void *ctx);
	/* Only deploy_nginx_status() has changed. May be NULL. */
	void (*on_status)(void *ctx);
};

struct deploy;
int deploy_new(sd_event *loop, const struct nginx_settings *nginx, struct stage *stage,
	       const struct deploy_ops *ops, void *ctx, struct deploy **out, struct err *e);
void deploy_free(struct deploy *d);

/* Fills in what render needs to know for the probe: its address, and how the nginx that runs was
 * built, and another one that is on disk. The strings live until the next deployment begins. */
void deploy_render_options(struct deploy *d, struct render_options *out);

/* Settings read again, at any time; those before may be freed after it. */
void deploy_configure(struct deploy *d, const struct nginx_settings *nginx);

/* May a deployment begin now (CLOCK_MONOTONIC)? If not, *when says when to ask again (reload gap,
 * old workers), NEVER while one is in flight. */
bool deploy_is_ready(struct deploy *d, uint64_t now, uint64_t *when);

/*
 * Begin; on_done follows, later. The bundle is referenced while it is in flight.
 * revision: hex of the revision it was made from. Only when deploy_is_ready().
 */
void deploy_want(struct deploy *d, struct bundle *b, const char *revision);

/*
 * The same for a bundle whose servers nginx was given without a reload, and which differs from
 * what is live in nothing else: it is staged, tested and published, and nginx is not signalled. If
 * nginx turns out to run something else, it is deployed like any other.
 */
void deploy_persist(struct deploy *d, struct bundle *b, const char *revision);

/*
 * Only run nginx -t on a bundle, within `timeout` microseconds or the setting's,
 * whichever is less. on_done follows, later, with PROVED, REFUSED or FAILED. Not while a deployment
 * is in flight.
 */
void deploy_test(struct deploy *d, struct bundle *b, uint64_t timeout);
bool deploy_is_in_flight(const struct deploy *d);
/* Is one in flight that does not signal nginx, as far as is known? */
bool deploy_is_persisting(const struct deploy *d);
/* The report of the deployment in flight waits until deploy_release(), which makes it if it is due,
 * and then returns true: on_done was called. */
void deploy_hold(struct deploy *d);
bool deploy_release(struct deploy *d);

/* The master that may be signalled; NULL: there is none. Valid until the next turn of the loop. */
const struct master *deploy_master(const struct deploy *d);
/* Is nginx, if it has workers, known to run the live generation, but for servers that it was given
 * without a reload? */
bool deploy_has_loaded_live(const struct deploy *d);
/* It is not known what nginx runs: the next deployment reloads it even if its bytes are live. */
void deploy_doubt(struct deploy *d);

/* The warnings that nginx gives for what it runs: a candidate is not refused for these. */
void deploy_know_warnings(struct deploy *d, const char *warnings);

/* How long the last test that passed took; 0: none has passed. */
uint64_t deploy_test_duration(const struct deploy *d);

/* For tests: where it is, and that nginx is looked at now. */
enum reload_state deploy_state(const struct deploy *d);
void deploy_look_soon(struct deploy *d);

struct nginx_status {
	struct instance_state nginx;
	unsigned long reloads;
	unsigned long tests; /* runs of nginx -t since the daemon started */
	const struct histogram *tests_passed, *tests_refused; /* their durations */
	const char *sandbox;
	/* With nginx.probe; else has_probe is false. */
	bool has_probe;
	struct probe_status probe;
};
/* Of nginx, from /proc. */
struct nginx_memory deploy_nginx_memory(const struct deploy *d);
void deploy_nginx_status(const struct deploy *d, struct nginx_status *out);

/*
 * nginx.conf and what it includes, as of the last test that passed; valid until the next
 * deployment begins. *serial is another one after each change, and 0 while nothing is known.
 */
const struct host_file *deploy_host(const struct deploy *d, size_t *count, unsigned long *serial);

#endif
