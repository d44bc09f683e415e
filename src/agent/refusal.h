/*
 * What happens to a configuration that nginx does not accept.
 *
 * First the ground is tested (ground.h): does what nginx runs still pass by itself? If not, the
 * cause lies on this host, and no znode is blamed. If it passes, only the changed znodes can be the
 * cause, and the part of the change that nginx accepts is searched for (refusal_search.h); the
 * znodes that are refused go into quarantine. While this is under way no run begins. Changes that
 * arrive wait for the next run, and a search that has lasted long is dropped for them.
 */
#ifndef ZKNGINX_AGENT_REFUSAL_H
#define ZKNGINX_AGENT_REFUSAL_H

#include <systemd/sd-event.h>
#include <zknginx/problem.h>
#include <zknginx/settings.h>

#include "attempt.h"
#include "core/discover/discover.h"
#include "nginx/deploy.h"
#include "running.h"
#include "tester.h"

struct refusal_spec {
	sd_event *loop;
	const struct settings *settings; /* until refusal_use_settings() */
	struct deploy *deploy;
	const char *live; /* STATE/live */
	/* Both are borrowed, and are what they are at each call. */
	const struct attempt *attempt; /* stays as it is while the refusal is busy */
	const struct running *running;
};

struct refusal_ops {
	struct tester_ops tester;
	/* nginx runs this model, which is taken over. */
	void (*accept)(void *ctx, struct model *m);
	/* The work is over: the attempt ends, and a run follows. */
	void (*on_over)(void *ctx);
	/* What was refused may pass now: a run is due. */
	void (*on_retry)(void *ctx);
	/* What the status says of a refusal has changed. */
	void (*on_change)(void *ctx);
	/* Problems of the last run are over. */
	void (*on_problems)(void *ctx);
};

struct refusal;
struct refusal *refusal_new(const struct refusal_spec *spec, const struct refusal_ops *ops,
			    void *ctx);
void refusal_free(struct refusal *r);
void refusal_use_settings(struct refusal *r, const struct settings *settings);

/* --- on the way there ------------------------------------------------------------------------ */

bool refusal_is_busy(const struct refusal *r);
/* Before a model is made of the attempt's tree: the tree to make it of (one reference). */
struct tree *refusal_filter(struct refusal *r, struct problems *problems);
/* After that: the model without the accepted znodes that are lost for longer than
 * nginx.lost_ground; the caller frees. NULL: all stay. */
struct model *refusal_leave_out_lost(struct refusal *r);
/* The attempt has a newer tree: a search that has lasted long is dropped. */
void refusal_on_newer(struct refusal *r);
/* Were these bytes refused as a whole, and is it too early to try them again? Then a run is due at
 * *due at the latest. */
bool refusal_waits(struct refusal *r, const struct bundle *b, struct problems *problems,
		   uint64_t *due);
/* When a run is due to try again what is in quarantine, or NEVER. */
uint64_t refusal_due(const struct refusal *r);
/* Host names that nginx could not resolve: they are to be resolved. */
void refusal_want_names(const struct refusal *r, struct name_list *wanted);

/* --- on the way back ------------------------------------------------------------------------- */

/* The outcome of a test of the refusal's own: true, and it is not about the attempt. */
bool refusal_takes_outcome(struct refusal *r, const struct outcome *o);
/* nginx refused the attempt. No run begins until on_over(). */
void refusal_trace(struct refusal *r, const struct outcome *o);
/* These bytes, those of the attempt, are not tried again for a while. of_host: the cause is not in
 * ZooKeeper, and no znode gets a problem. */
void refusal_whole(struct refusal *r, enum problem_kind kind, bool of_host, const char *message);
/* The deployment of the attempt failed because of this host: the same bytes are tried again soon.
 */
void refusal_host(struct refusal *r, const struct outcome *o);
/* The attempt is published and not refused: what was refused before does not count any more. */
void refusal_forget(struct refusal *r);
/* The attempt is in force. True: another run is due. */
bool refusal_on_accepted(struct refusal *r, const struct outcome *o, struct problems *problems);
/* The attempt is over: watch the causes of what is refused. */
void refusal_watch_causes(struct refusal *r);

/* --- a cause may be over --------------------------------------------------------------------- */

/* Something outside of ZooKeeper has changed. */
void refusal_on_change(struct refusal *r);
/* Addresses of host names have changed. */
void refusal_on_names(struct refusal *r, const struct names *names);
/* Everything that was refused is tried again, as if it had never been. */
void refusal_retry(struct refusal *r);

/* --- for the status -------------------------------------------------------------------------- */

/* nginx's message about what it runs; NULL: as far as is known it passes. */
const char *refusal_ground(const struct refusal *r);
/* Why the configuration as a whole is not in force; NULL: it is. *of_host (may be NULL): the cause
 * is not in ZooKeeper. */
const char *refusal_message(const struct refusal *r, bool *of_host);
/* What is searched in a change, and how far it is; the caller frees. NULL: no search is under way,
 * and none was dropped before its end. */
char *refusal_search_progress(const struct refusal *r);
/* Which condition of this host the last deployment failed of. */
enum host_condition refusal_condition(const struct refusal *r);

#endif
