/*
 * Apply: how nginx comes from one model to another.
 *
 *	NOTHING	both are the same to nginx
 *	SERVERS	only servers of upstreams with a zone differ: the module of nginx makes one list of
 *		the other, by the operations that are listed here
 *	RELOAD	anything else
 *
 * Both models were rendered: what is not a server is compared as text (bundle.rest), so no field
 * of the model can be forgotten. The operations of an upstream are carried out in their order. At
 * each moment the list has a primary server, and a server that comes is there before one that goes
 * is deleted, unless it is the same server in another place. Pure.
 */
#ifndef ZKNGINX_APPLY_H
#define ZKNGINX_APPLY_H

#include <zknginx/bundle.h>
#include <zknginx/model.h>

#include "core/wire/module_wire.h"
#include "weights.h"

enum apply_way { APPLY_NOTHING, APPLY_SERVERS, APPLY_RELOAD };

struct apply_side {
	const struct model *model;
	const struct digest *rest;     /* of the bundle that was rendered from it */
	const struct weights *weights; /* NULL: those of the model */
};

/* The servers of one upstream. */
struct apply_list {
	const struct upstream *upstream;
	const struct weights_upstream *weights; /* NULL: those of the model */
};

/* What is to be done to one upstream's list. */
struct apply_upstream {
	const struct upstream *before, *after;
	struct module_op *ops; /* texts are those of the models */
	size_t count;
	uint64_t difference; /* the digest after, less the one before */
};

struct apply {
	enum apply_way way;
	const char *why;                  /* RELOAD: a clause */
	struct apply_upstream *upstreams; /* SERVERS: those that differ, sorted by name */
	size_t count;
};

/* Lists are made in the arena; they borrow from both models. */
void apply_decide(const struct apply_side *before, const struct apply_side *after, struct arena *a,
		  struct apply *out);
/* How many operations there are. */
size_t apply_size(const struct apply *a);
/* SERVERS: from one weights to others, in a model that stays. */
void apply_weights(const struct model *m, const struct weights *before, const struct weights *after,
		   struct arena *a, struct apply *out);

/* The servers of an upstream as nginx reads them, primary ones first, each kind in its order; in
 * the arena. NULL: one has a name that the module does not take. */
struct module_server *apply_servers(const struct apply_list *l, struct arena *a, size_t *count);
/* The operations that make the list `after` of the list `before`. False: one of the lists cannot be
 * told to the module. */
bool apply_operations(const struct apply_list *before, const struct apply_list *after,
		      struct arena *a, struct apply_upstream *out);
/* Why its servers cannot be changed without a reload, as far as the model says: a clause; NULL:
 * they can. */
const char *apply_why_reload(const struct upstream *u);

#endif
