/*
 * The tester: runs of nginx -t, and of whole deployments, that are made to find the cause of a
 * refusal. One at a time, within a budget, so that a refusal that lasts does not cost much.
 */
#ifndef ZKNGINX_AGENT_TESTER_H
#define ZKNGINX_AGENT_TESTER_H

#include <systemd/sd-event.h>
#include <zknginx/bundle.h>
#include <zknginx/model.h>

#include "core/deploy/blame.h"
#include "core/deploy/budget.h"
#include "nginx/deploy.h"

struct tester_ops {
	/* The finished model of these znodes: nothing is guarded a second time. */
	struct model *(*compose)(void *ctx, const struct tree *sources);
	struct bundle *(*render)(void *ctx, const struct model *m);
};

struct tester {
	struct deploy *deploy;
	const char *live; /* STATE/live, which messages of nginx name */
	const struct tester_ops *ops;
	void *ctx;
	struct model *model;   /* under test */
	struct bundle *bundle; /* … and what messages of nginx are about */
	char *warnings;        /* of what nginx runs; NULL: not known */
	uint64_t began;
	struct budget budget;
	sd_event_source *timer;      /* the next test may begin … */
	void (*again)(void *caller); /* … by this call */
	uint64_t due;                /* … at that time; NEVER: nobody waits */
	void *caller;
};

void tester_init(struct tester *t, sd_event *loop, struct deploy *deploy, const char *live,
		 const struct tester_ops *ops, void *ctx);
void tester_fini(struct tester *t);

/* May a test begin now? If not, again(caller) is called when it may. reloads: a whole deployment,
 * which waits for nginx.reload_gap, too. */
bool tester_may_test(struct tester *t, bool reloads, void (*again)(void *caller), void *caller);
/* May a deployment begin now? The budget does not matter. If not, as above. */
bool tester_may_deploy(struct tester *t, void (*again)(void *caller), void *caller);
/* A caller that waits is called at that time at the latest. */
void tester_wake(struct tester *t, uint64_t when);
/* Test the configuration of these znodes with nginx -t. Only when it may. */
void tester_test(struct tester *t, struct tree *sources);
/* Deploy it: if nginx loads it, it is live. revision: what the generation is recorded as. */
void tester_deploy(struct tester *t, struct tree *sources, const char *revision);
/* The outcome of a test has come: its time is taken from the budget. */
void tester_end_test(struct tester *t);
/* The messages to come are about this bundle, which was not tested here. */
void tester_use_bundle(struct tester *t, struct bundle *b);
void tester_forget(struct tester *t);

/* nginx's own sentence in what it wrote about the bundle; the caller frees it. */
char *tester_sentence(const struct tester *t, const struct bundle *b, const char *message);
/* Which znodes of the bundle under test nginx's message is about. */
struct blame tester_blame(const struct tester *t, struct arena *a, const char *message);

/* The warnings that nginx -t gives for what nginx runs: no candidate is refused for these. */
void tester_keep_warnings(struct tester *t, const char *warnings);
/* The first warning of the test that is not among them; NULL: there is none. The caller frees. */
char *tester_new_warning(const struct tester *t, const struct outcome *o);
/* Is this message of a refusal about no other warnings than these? */
bool tester_knows_warnings(const struct tester *t, const char *message);

/* Did nginx accept it, or is it running with it? */
bool tester_is_success(const struct outcome *o);

#endif
