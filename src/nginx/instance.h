/*
 * The nginx that is there: its master and workers, its health, the files that it reads.
 *
 * It is looked at regularly. What changes is reported once: nginx starts, ends, is upgraded, loses
 * its workers; the live files or the host's own configuration are changed by another program. While
 * a deployment is in flight only the health is followed.
 */
#ifndef ZKNGINX_NGINX_INSTANCE_H
#define ZKNGINX_NGINX_INSTANCE_H

#include <systemd/sd-event.h>

#include <zknginx/settings.h>
#include <zknginx/status.h>

#include "hostconf.h"
#include "master.h"
#include "replaced.h"
#include "stage.h"

struct instance;

struct instance_ops {
	void (*on_change)(void *ctx); /* there may be something to deploy again */
	void (*on_status)(void *ctx); /* only instance_state() has changed; may be NULL */
};

/* The settings and the stage are borrowed. */
struct instance *instance_new(sd_event *loop, const struct nginx_settings *nginx,
			      struct stage *stage, const struct instance_ops *ops, void *ctx);
void instance_free(struct instance *i);
void instance_configure(struct instance *i, const struct nginx_settings *nginx);

/* --- the master --- */

/* Look for the master now. */
void instance_look(struct instance *i);
/* The same at the start of a deployment: its outcome tells the caller about a new master, so this
 * is not reported as a change. */
void instance_meet(struct instance *i);
/* NULL: there is none. Valid until the next look. */
const struct master *instance_master(const struct instance *i);
/* Why there is none, or none that may be signalled: a sentence. */
const char *instance_why(const struct instance *i);
/* NULL also while an upgrade of its binary is under way: it must not be signalled then. */
const struct master *instance_signallable(const struct instance *i);
bool instance_is_upgrading(const struct instance *i);

/* --- what it runs --- */

bool instance_runs_live(const struct instance *i);
/* … without a look at its workers. */
bool instance_has_loaded_live(const struct instance *i);
void instance_record(struct instance *i, unsigned long generation);
/* A reload was asked for and it is not known what came of it: it is not known what nginx runs. The
 * next look at an idle master is reported as a change. */
void instance_doubt(struct instance *i);

/* The live file that another program has changed, as of the last look; NULL: none. */
const char *instance_drifted(const struct instance *i);
/* Do the settings say to leave such a change as it is? */
bool instance_keeps_drift(const struct instance *i);

/* --- what nginx.conf includes --- */

void instance_test_begins(struct instance *i);
/*
 * nginx -t of a deployment has ended, after `duration`. needs_stream: the candidate's stream.conf
 * is not empty. True: include lines that were missing have come back.
 */
bool instance_test_ended(struct instance *i, const struct sandbox_result *r, bool needs_stream,
			 uint64_t duration);
const struct hostconf *instance_hostconf(const struct instance *i);
/* A test that is no part of a deployment has passed. */
void instance_note_duration(struct instance *i, uint64_t duration);

/* --- for the caller --- */

/* A deployment begins, or has ended. */
void instance_set_busy(struct instance *i, bool busy);

/* Another nginx is on disk, and it is built without ngx_http_stub_status_module. */
bool instance_disk_lacks_status(const struct instance *i);

/* The next regular look comes now. */
void instance_look_soon(struct instance *i);

struct instance_state {
	enum nginx_state state;
	const char *why; /* it does not run, or does not respond: a sentence */
	long pid;
	unsigned workers, old_workers;
	enum nginx_includes includes;
	/* Without the include line, nginx was reloaded, or may have been: it is not known to run
	 * any generation. */
	bool may_run_none;
	bool responding; /* the master takes signals: it is not stopped, and none is left pending */
	unsigned long deaths; /* workers that ended badly, since the daemon started */
	uint64_t old_since; /* since when the oldest of the old workers is shutting down, as far as
			       is known; CLOCK_MONOTONIC; 0 = there is none */
	const char *drifted;
	enum replaced_state
		on_disk; /* is another nginx on disk, and does it accept what is live? */
	const char *on_disk_message; /* REFUSES: what it wrote */
};
/* The workers are those of this turn of the loop (seen_workers.h). */
void instance_state(const struct instance *i, struct instance_state *out);

#endif
