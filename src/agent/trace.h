/*
 * The trace: why does nginx refuse a configuration?
 *
 * First the ground is tested (ground.h). If it does not pass, the cause lies on this host and no
 * znode is blamed; if nginx.conf passes without any of the configuration, the accepted znodes that
 * nginx cannot load any more are searched for, and are lost (core/data/quarantine.h). If the ground
 * passes, only the changed znodes can be the cause, and those that nginx refuses are searched for
 * and put into quarantine. While a trace is under way the attempt stays as it is.
 */
#ifndef ZKNGINX_AGENT_TRACE_H
#define ZKNGINX_AGENT_TRACE_H

#include <zknginx/problem.h>
#include <zknginx/settings.h>

#include "attempt.h"
#include "core/data/quarantine.h"
#include "running.h"
#include "tester.h"

struct trace_spec {
	sd_event *loop;
	const struct settings *settings; /* until trace_use_settings() */
	struct deploy *deploy;
	const char *live; /* STATE/live */
	/* All three are borrowed, and are what they are at each call. */
	const struct attempt *attempt;
	const struct running *running;
	struct quarantine *quarantine;
};

struct trace_ops {
	/* nginx runs this model, which is taken over. */
	void (*accept)(void *ctx, struct model *m);
	/* No znode is to blame: the attempt is refused as a whole. */
	void (*whole)(void *ctx, enum problem_kind kind, const char *message);
	/* A test failed because of a condition of this host. */
	void (*host)(void *ctx, const struct outcome *o);
	/* What nginx runs does not pass, so the cause is on this host: the attempt waits. */
	void (*wait_for_host)(void *ctx, const char *message);
	/* A search is under way: trace_search_sentence() has changed. */
	void (*on_progress)(void *ctx);
	/* The ground passes or fails, and did not before, or fails with another message. */
	void (*on_ground)(void *ctx);
	/* The ground passes again. */
	void (*on_passed_again)(void *ctx);
	void (*on_over)(void *ctx);
};

struct trace;
struct trace *trace_new(const struct trace_spec *spec, const struct trace_ops *ops,
			const struct tester_ops *tester_ops, void *ctx, void *tester_ctx);
void trace_free(struct trace *t);
void trace_use_settings(struct trace *t, const struct settings *settings);

/* nginx refused the attempt. on_over() follows; it may be called at once. */
void trace_begin(struct trace *t, const struct outcome *o);
/* The outcome of a test: true, and it is not about the attempt. */
bool trace_takes_outcome(struct trace *t, const struct outcome *o);
bool trace_is_busy(const struct trace *t);
/* The attempt has a newer tree: a search that has lasted long is dropped. */
void trace_on_newer(struct trace *t);
/* For an operator: what is searched, and how far it is; the caller frees. NULL: no search in a
 * change is under way, and none was dropped before its end. */
char *trace_search_sentence(const struct trace *t);

/* The attempt is in force, and nginx -t ran for it: what it says about the ground. */
void trace_on_accepted(struct trace *t, const struct outcome *o);
/* The ground is tested again, if that is due and there is budget left. */
void trace_retest_if_due(struct trace *t);
/* Something outside of ZooKeeper has changed: the next retest is due. */
void trace_on_change(struct trace *t);
/* nginx's message about what it runs; NULL: as far as is known it passes. */
const char *trace_ground(const struct trace *t);
/* Is there budget for this number of tests, and as much again? */
bool trace_has_budget(struct trace *t, size_t tests);

#endif
