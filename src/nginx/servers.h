/*
 * The servers of nginx's upstreams, changed without a reload: workers of our master that have the
 * module connect here, say what they run, and carry out changes.
 *
 * Workers of one configuration (a cycle) share their lists, so a change is sent to one of them. It
 * is sent only while every worker that serves has said hello with the newest cycle: a worker that
 * has not may have another configuration. Nothing here is certain to work: whatever goes wrong ends
 * in on_changed() with the reason, and the caller reloads.
 *
 * A cycle is numbered by the wall clock. When the clock was set back, the workers of a reload are
 * taken for older ones until those before them are gone.
 */
#ifndef ZKNGINX_NGINX_SERVERS_H
#define ZKNGINX_NGINX_SERVERS_H

#include <systemd/sd-event.h>
#include <zknginx/err.h>

#include "core/deploy/apply.h"
#include "master.h"

struct servers_ops {
	/* The master whose workers may speak, if it may be signalled; NULL: there is none. */
	const struct master *(*master)(void *ctx);
	/* A child of a process that is not known as the master has connected. */
	void (*on_stranger)(void *ctx);
	/* A worker has said hello, or is gone. */
	void (*on_news)(void *ctx);
	/* The change is over. error: what went wrong, a clause; NULL: all of it was carried out. */
	void (*on_changed)(void *ctx, const char *error);
};

struct servers;
struct servers *servers_new(sd_event *loop, const struct servers_ops *ops, void *ctx);
void servers_free(struct servers *s);
/* Whether workers may connect. While the socket is not to be had, this is tried again. */
void servers_use(struct servers *s, bool on);

/* Has any worker connected? It costs nothing to ask. */
bool servers_has_module(const struct servers *s);

/* Has every worker that serves said hello, with the newest cycle? This is looked up. */
bool servers_are_heard(struct servers *s);

enum servers_state {
	SERVERS_ABSENT, /* not every worker has said hello */
	SERVERS_AGREE,  /* nginx has the servers of the model, where the module says what it has */
	SERVERS_DIFFER,
};
/* Compares what the workers said with a model, and with weights in place of its own (NULL: none).
 * `again`: even what was compared before. *upstream: of DIFFER, the first one that has other
 * servers. */
enum servers_state servers_compare(struct servers *s, const struct model *m,
				   const struct weights *weights, bool again,
				   const char **upstream);

/* What a worker said of its servers when it was asked last. */
struct server_numbers_list servers_states(const struct servers *s, enum module_context context);
/* Ask for it. What comes replaces what was said. */
void servers_ask(struct servers *s);

/* Why the servers of this upstream of a model that was compared cannot be changed now: a clause;
 * NULL: they can. */
const char *servers_why_not(const struct servers *s, const struct upstream *u);

/* Begin; on_changed follows, later. -1: it cannot be begun, and why. The change and its models have
 * to last until then. */
int servers_change(struct servers *s, const struct apply *apply, struct err *e);
bool servers_is_changing(const struct servers *s);
/* Send a change, and wait for no answer: this process ends, or listens no more. What does not fit
 * in one frame for an upstream is not sent. */
void servers_send_last(struct servers *s, const struct apply *apply);
/* The change under way is of no interest any more; on_changed is not called. */
void servers_forget_change(struct servers *s);

#endif
