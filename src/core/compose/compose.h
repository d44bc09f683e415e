/*
 * Compose: tree → finished model. The pure half of the spine in one call: decode,
 * guard, link, in this order, sharing one list of problems.
 */
#ifndef ZKNGINX_COMPOSE_H
#define ZKNGINX_COMPOSE_H

#include "core/discover/names.h"
#include "guard.h"
#include "link.h"

struct compose_input {
	const struct tree *tree;     /* the newest settled tree */
	const struct tree *accepted; /* the znodes behind what nginx runs; never NULL */
	const struct model *good;    /* the model of these; never NULL */
	const char *root;            /* zookeeper.config */
	const struct policy *policy;
	const struct names *names; /* NULL: host names are left to nginx */
	struct guard *guard;       /* memory between runs; NULL: nothing is held back */
	const struct guard_rules *rules;
	uint64_t now;
	uint64_t (*confirmed)(void *ctx, const char *upstream); /* see guard.h; may be NULL */
	void *ctx;
	const struct host_claims *host; /* what nginx.conf takes; NULL: not known */
	bool sockets_are_free;          /* nginx does not run */
	bool is_live;                   /* the tree is what nginx runs */
};

/* A model that the caller frees; *due (may be NULL): when a guard wants another run, or NEVER. */
struct model *compose(const struct compose_input *in, struct problems *problems, uint64_t *due);

/*
 * The model of accepted znodes, to begin with after a restart. With names, these have to
 * give the addresses that nginx runs (a cache that survives), or the servers count as lost.
 */
struct model *compose_accepted(const struct tree *accepted, const char *root,
			       const struct policy *policy, const struct names *names);

#endif
