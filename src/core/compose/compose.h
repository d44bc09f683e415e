/*
 * Compose: tree → finished model. The pure half of the spine in one call: decode, guard and link,
 * in this order, with one list of problems; then the drains and the zones.
 */
#ifndef ZKNGINX_COMPOSE_H
#define ZKNGINX_COMPOSE_H

#include "core/check/failures.h"
#include "core/decode/expand.h"
#include "core/discover/names.h"
#include "guard.h"
#include "link.h"

/* Everything is borrowed for the call. */
struct compose_input {
	const struct tree *tree;     /* the newest settled tree */
	const struct tree *accepted; /* the znodes from which nginx's configuration was made; may be
					empty, never NULL */
	const struct model *good;    /* the model of `accepted`; never NULL */
	const struct model *live; /* what nginx was given since, and is not in `accepted` yet; may
				     be NULL */
	const char *root;         /* zookeeper.config */
	const struct policy *policy;
	const struct names *names;       /* NULL: nginx resolves host names */
	struct guard *guard;             /* memory between runs; NULL: nothing is held */
	const struct guard_rules *rules; /* with a guard; else NULL */
	uint64_t now;                    /* microseconds, CLOCK_MONOTONIC */
	uint64_t (*confirmed)(void *ctx, const char *upstream); /* see guard.h; may be NULL */
	void *ctx;                                              /* of confirmed() */
	struct drains drains;           /* what operators have drained now */
	struct check_failures failures; /* the servers whose checks fail now */
	const struct host_claims *host; /* what nginx.conf claims; NULL: not known */
	bool sockets_are_free;          /* nginx does not run, so every socket can be bound */
	bool is_live;                   /* nginx runs this tree already */
	bool host_may_define;           /* see link.h */
	const struct host_var *vars;    /* the host's own values; NULL: none */
	/* Made of the newest tree, from which `tree` was made; NULL: `tree` is expanded here */
	const struct expansion *expansion;
	struct decode_cache *cache; /* see decode_cache.h; NULL: everything is decoded */
	struct linked *linked;      /* see linked.h; NULL: everything is linked */
};

/*
 * Returns a model that the caller frees. It never fails: an object that cannot be used keeps its
 * last good form, or is left out, and is a problem. Problems are added and the list is sorted. *due
 * (may be NULL) is when a guard needs another run without a change in ZooKeeper, or NEVER.
 */
struct model *compose(const struct compose_input *in, struct problems *problems, uint64_t *due);

/*
 * The model of accepted znodes, for the first `good` after a restart; the caller frees it. `names`
 * has to give the addresses that nginx runs (a cache that survives restarts); otherwise the servers
 * with host names count as lost.
 */
struct model *compose_accepted(const struct tree *accepted, const char *root,
			       const struct policy *policy, const struct names *names);

#endif
