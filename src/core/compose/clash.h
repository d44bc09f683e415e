/*
 * Clashes: two objects that want what nginx has only once (claims.h), and which of them gets it.
 *
 * nginx.conf comes first. Then whoever is live: a claim that its object has in the live model
 * already gives way to none that is new. Of two new ones the older znode wins, by the transaction
 * that created it, then by its path. What is only retained comes last. The loser falls back to its
 * last good form, whose claims are all live, and so fits beside everything else that is live; if it
 * has none it stays out. A claim that one live object gives up another may take in the same
 * step, as each is tried in its new form first.
 *
 * Every object falls twice at most, from its new form to the last good one and from there to
 * nothing, so this comes to an end.
 */
#ifndef ZKNGINX_CORE_CLASH_H
#define ZKNGINX_CORE_CLASH_H

#include "ledger.h"
#include "link.h"
#include "retain.h"

enum object_kind { OBJECT_UPSTREAM, OBJECT_SITE, OBJECT_SNIPPET };

enum form { FORM_NEW, FORM_GOOD, FORM_OUT };

struct object {
	enum object_kind kind;
	const char *path;
	union {
		struct upstream *upstream;
		struct site *site;
		struct snippet *snippet;
		void *any;
	} item;           /* in the model under construction, or beside it (`extra`) */
	const void *good; /* its last good form in the live model; NULL: it has none */
	int64_t czxid;
	enum form form;
	bool weak;  /* gone from ZooKeeper, and held back by a guard alone */
	bool extra; /* gone from ZooKeeper, and brought back here */
	bool placed;
	struct claims *claims;      /* of its form */
	struct claims *good_claims; /* of `good`, where they were needed */
	struct hold *holds;         /* while it is placed */
	size_t problem;             /* index + 1 of what was said about it; 0 = nothing */
};

struct clash {
	struct model *next;
	const struct model *good;
	const struct link_input *in;
	struct problems *problems;
	struct ledger *ledger;
	struct object **objects; /* upstreams, sites, snippets; then the extra ones */
	size_t count, room;
};

/* All objects of the model, none placed. */
void clash_init(struct clash *c);
void clash_fini(struct clash *c);
/* Place everything that has a place. */
void clash_place_all(struct clash *c);
/* The object does not fit as it is: its last good form is placed, or it stays out. */
void clash_fall(struct clash *c, struct object *o);
/* Of the live model, and gone from ZooKeeper: back in its last good form. NULL: it cannot be. */
struct object *clash_bring_back(struct clash *c, enum object_kind kind, const void *good);
/* The upstream of this name, in any form (also FORM_OUT); NULL: there is none. */
struct object *clash_upstream(const struct clash *c, const char *name);
/* What its last good form claims, all of it live; NULL: it has none. */
struct claims *clash_good_claims(struct clash *c, struct object *o);
/* The model without what is out, with what was brought back. */
void clash_finish(struct clash *c);

/* A problem of the object; what is served instead is filled in at the end. */
struct problem *clash_report(struct clash *c, struct object *o, const char *field, const char *fmt,
			     ...) PRINTF(4, 5);

/*
 * clash_words.c: the sentence of a problem. What cannot have `claim` because of the rival, and what
 * was expected; in the arena of the next model.
 */
const char *clash_explain(const struct clash *c, const struct claim *claim,
			  const struct rival *rival);
/* nginx.conf has the same claim, and nginx runs both and uses one of them. */
const char *clash_explain_shadow(const struct clash *c, const struct claim *claim,
				 const struct hold *host);
/* The field of the object that makes this claim; NULL for an object that is a text. */
const char *clash_field(const struct object *o, const struct claim *claim);

/* clash_bound.c: sockets that nginx cannot exchange in one step. True: somebody fell. */
bool clash_check_sockets(struct clash *c);

/* defaults.c: who is the default server of each address; it stays so. True: somebody fell. */
bool defaults_check(struct clash *c);
/* Into the finished model: who is it now. */
void defaults_note(struct clash *c);

#endif
