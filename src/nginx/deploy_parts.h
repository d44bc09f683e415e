/*
 * What the parts of deploy share. deploy.c drives the table; deploy_push.c carries out
 * what comes before a verdict, deploy_verify.c finds the verdict and puts back,
 * deploy_probe.c asks nginx itself, deploy_report.c ends a deployment, deploy_watch.c knows which
 * nginx there is and looks after it between deployments; deploy_trust.c knows when that may
 * have loaded something else than it should; deploy_host.c keeps what nginx.conf says.
 *
 * Whoever calls deploy_step() or an operation of the caller's returns at once after it and
 * touches nothing: the deployment may be over and the whole struct freed.
 */
#ifndef ZKNGINX_NGINX_DEPLOY_PARTS_H
#define ZKNGINX_NGINX_DEPLOY_PARTS_H

#include <zknginx/log.h>

#include "conffiles.h"
#include "deploy.h"
#include "errorlog.h"
#include "health.h"
#include "master.h"
#include "sandbox.h"
#include "sys/timing.h"

/* One deployment, from deploy_want() to on_done. */
struct flight {
	struct bundle *bundle;
	char *revision;
	bool relive;  /* the live generation has these bytes: nothing to stage or to publish */
	bool current; /* … and nginx runs it, as far as is known */
	bool held;    /* … but somebody has changed the files, and they are left as they are */
	bool staged;  /* `generation` is ours and not live */
	unsigned long generation;
	unsigned long previous; /* what was live when it began */
	unsigned long reverted_to;
	enum deploy_result result;
	struct buf message;
	bool test_only; /* of deploy_test() */
	uint64_t timeout;
	bool tested, passed, timed_out;
	struct buf warnings;  /* of the test, see warnings.h */
	char *warning;        /* the one that made it refused */
	uint64_t began, mark; /* of the whole, of the stage at hand */
	double steps_ms[STEP_N], total_ms;
};

/* What a SIGHUP came to. */
struct verify {
	struct workers before; /* when it was sent */
	struct workers taken;  /* the new ones that have to stay */
	enum reload_event verdict;
	bool has_verdict;
	bool is_rebased;   /* `before` was counted again, after a reload of somebody else's */
	uint64_t since;    /* the verdict has stood since then */
	uint64_t sent;     /* the SIGHUP */
	uint64_t deadline; /* for a verdict */
	unsigned rounds;   /* of settling */
	struct errorlog log;
	/* What nginx itself says, with a probe. */
	bool asking;    /* the question is under way */
	bool agreed;    /* it has answered with the marker of the new bundle */
	bool disagreed; /* its last answer was another marker */
	uint64_t ask_at;
	char said[512]; /* why it does not agree: the last answer, in words; "" = never asked */
};

struct deploy {
	sd_event *loop;
	const struct nginx_settings *nginx;
	struct stage *stage;
	struct sandbox *sandbox;
	bool has_new_settings; /* … that the sandbox does not know yet */
	struct deploy_ops ops;
	void *ctx;

	enum reload_state state;
	bool in_flight;
	struct flight flight;
	struct verify verify;
	sd_event_source *timer; /* of the flight */
	void (*on_timer)(struct deploy *d);
	uint64_t wait_until; /* for a master that does not read */
	bool has_seen;       /* verify.before holds its workers of the last look */

	/* The nginx that is known. */
	struct master master;
	bool has_master;
	bool is_odd;    /* something is there, but it is no master that we may signal */
	char why[1024]; /* there is none */
	bool included, included_known;
	bool stream_missing; /* … though there is something in our stream.conf */

	struct probe *probe;
	char *probe_address; /* that it was made for; NULL: not looked at yet */

	/* Spacing. */
	uint64_t last_hangup, last_reload, last_check; /* when; how long; how long */
	unsigned long reloads, tests;
	struct log_limit crowd;
	char *known_warnings; /* of what nginx runs; NULL: none */

	/* Between deployments. */
	sd_event_source *watch, *death;
	struct applied known; /* pid and start time of the nginx that was there at the last look */
	bool known_upgrading;
	bool has_news; /* … was another one at the look before, and the caller was not told */
	bool workerless;
	bool unsettled; /* a SIGHUP of ours has had no verdict yet */
	struct health health;

	/* Live files that somebody has changed. */
	const char *drifted; /* the first of them; NULL: none */
	unsigned long drifted_generation;

	/* The host's own files. */
	struct conffiles *conffiles;
	struct arena *host_arena; /* of what follows; NULL: not known yet */
	struct host_file *host;   /* what they held in the last test that passed */
	size_t host_count;
	unsigned long host_serial;
	bool lost; /* the last test missed our include lines */

	/* deploy_trust.c */
	struct workers sane; /* when it was last certain that what they run is what they should */
	bool has_doubted;    /* … `doubted` was applied when the doubt began */
	unsigned long doubted;
};

/* --- deploy.c --- */

/* Feed the table and carry out its command. */
void deploy_step(struct deploy *d, enum reload_event event);
/* Call fn from the loop, `delay` microseconds from now; replaces what was waited for. */
void deploy_later(struct deploy *d, uint64_t delay, void (*fn)(struct deploy *d));
/* The stage at hand took the time since the last call. */
void deploy_took(struct deploy *d, enum step_id stage);
/* What the outcome will be, should the deployment end now; appends to the message. */
void deploy_result(struct deploy *d, enum deploy_result result, const char *fmt, ...) PRINTF(3, 4);

/* --- deploy_push.c --- */

void deploy_check(struct deploy *d);
void deploy_publish(struct deploy *d);
void deploy_signal(struct deploy *d);

/* --- deploy_verify.c --- */

/* Snapshot the workers and send SIGHUP. */
int deploy_hangup(struct deploy *d, struct err *e);
void deploy_verify(struct deploy *d);
void deploy_settle(struct deploy *d);
void deploy_revert(struct deploy *d);
void deploy_recover(struct deploy *d);

/* --- deploy_probe.c --- */

/* The probe that the settings want; not while it may be asked. */
void deploy_probe_configure(struct deploy *d);
void deploy_probe_free(struct deploy *d);
/* Before a verification, and after it. */
void deploy_probe_forget(struct deploy *d);
/* Of a reload that was taken: does nginx answer with the bundle's marker? True also where it is not
 * to be asked. Ask again and again until it does. */
bool deploy_probe_agrees(struct deploy *d);

/* --- deploy_report.c: each is the end of a deployment --- */

void deploy_report(struct deploy *d); /* as the flight says */
void deploy_finish(struct deploy *d);
void deploy_keep(struct deploy *d);
void deploy_defer(struct deploy *d);
void deploy_strand(struct deploy *d);
void deploy_unknown(struct deploy *d);
void flight_fini(struct flight *f);

/* --- deploy_host.c --- */

/* A test has passed: what the host's own files hold is known. */
void deploy_host_learn(struct deploy *d, const struct sandbox_result *r);

/* --- deploy_trust.c --- */

/* Should nginx be reloaded now, by anybody, it would not have the live generation. */
void deploy_doubt(struct deploy *d);
/* That is over: what it runs is what it was when deploy_is_sane() was last called, if nobody has
 * reloaded it since. */
void deploy_trust(struct deploy *d);
void deploy_is_sane(struct deploy *d, const struct workers *w);

/* --- deploy_watch.c --- */

/* The live file that somebody has changed, as of the last look; NULL: none. */
const char *deploy_drifted(const struct deploy *d);
/* Does the operator want it left alone? */
bool deploy_keeps_drift(const struct deploy *d);
bool deploy_is_applied(const struct deploy *d, unsigned long generation);

/* Look for the master again. */
void deploy_refresh(struct deploy *d);
/* The same where a deployment begins: its outcome tells the caller of the nginx that is met. */
void deploy_meet(struct deploy *d);
bool deploy_may_signal(const struct deploy *d);
/* Does the running nginx have the live generation? */
bool deploy_runs_live(const struct deploy *d);
void deploy_note_applied(struct deploy *d, unsigned long generation);
/* Look after nginx, `delay` microseconds from now and then regularly. */
void deploy_watch(struct deploy *d, uint64_t delay);
/* … from the end of a deployment on. */
void deploy_watch_on(struct deploy *d);
void deploy_watch_free(struct deploy *d);

#endif
