/*
 * Clashes: two objects claim what nginx has only once (claims.h), and one of them gets it.
 *
 * nginx.conf wins against every object. A claim that its object already has in the live model wins
 * against every new claim. Of two new claims the older znode wins, by the transaction that created
 * it, then by its path. Objects that only a guard keeps come last. The loser falls back to its last
 * good form, whose claims are all live, so that they do not clash with other live claims; without
 * such a form it is left out. Each object is tried in its new form first, so an object may get a
 * claim that another one gives up in the same step.
 *
 * Every object falls at most twice, from its new form to the last good one, and from that to none.
 * So this terminates.
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
		const struct upstream *upstream;
		struct site *site;
		struct snippet *snippet;
		const void *any;
	} item;           /* in the model under construction, or not yet in its list (`extra`) */
	const void *good; /* its last good form in the live model; NULL: it has none */
	int64_t czxid;
	enum form form;
	bool weak;  /* gone from ZooKeeper, and in the model only because of a guard */
	bool extra; /* gone from ZooKeeper, and brought back by clash_bring_back() */
	bool placed;
	struct claims *claims;      /* of its form */
	struct claims *good_claims; /* of `good`, where they were needed */
	struct hold *holds;         /* while it is placed */
	size_t problem;             /* index + 1 of its first problem; 0: it has none */
};

struct clash {
	struct model *next;
	const struct model *good;
	const struct link_input *in;
	struct problems *problems;
	struct ledger *ledger;
	struct object **objects; /* upstreams, sites, snippets; then the extra ones */
	size_t count, room;
	bool again; /* an object fell while another one was settled */
};

/* Lists all objects of the model; none of them is placed yet. */
void clash_init(struct clash *c);
void clash_fini(struct clash *c);
/* Places every object, in the order of precedence; an object that cannot be placed falls. */
void clash_place_all(struct clash *c);
/* The object cannot stay as it is: its last good form is placed, or it is left out (FORM_OUT). */
void clash_fall(struct clash *c, struct object *o);
/*
 * Adds an object of the live model that is gone from ZooKeeper, in its last good form. NULL: it
 * cannot be placed.
 */
struct object *clash_bring_back(struct clash *c, enum object_kind kind, const void *good);
/* clash_find.c: the upstream of this name, in any form (also FORM_OUT); NULL: none has this name.
 */
struct object *clash_upstream(const struct clash *c, const char *name);
/* The same of a definition or a snippet. */
struct object *clash_text(const struct clash *c, enum config_kind kind, const char *name);
/* The path of the znode of that kind and name, when it has a problem; else NULL. */
const char *clash_wrong(const struct clash *c, enum config_kind kind, const char *name);
/* clash_claims.c: sets o->claims, those of its form. */
void clash_set_claims(struct clash *c, struct object *o);
/* Sets the claims of all texts of the model, as clash_set_claims() does. */
void clash_read_texts(struct model *next, const struct model *good);
/* The claims of its last good form, all of them live; NULL: it has no such form. */
struct claims *clash_good_claims(struct clash *c, struct object *o);
/*
 * Updates the lists of the model: without objects that are out, with those that were brought back.
 */
void clash_finish(struct clash *c);

/* Adds a problem of the object. clash_finish() fills in what is served. */
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

/* What only a guard keeps has no problem of its own; a last good form has one at most. */
bool clash_needs_report(const struct object *o);

/* clash_variables.c: is every variable that the object uses defined? Reports those that are not. */
bool clash_has_variables(struct clash *c, struct object *o);

/*
 * clash_includes.c: does the policy let the site have the snippets that it includes? Where a new
 * text is the cause, that snippet falls; else reports. They have to be there already.
 */
bool clash_may_include(struct clash *c, struct object *site);

/*
 * clash_pools.c: calls back for each upstream that a variable of this object may name in an
 * address; the second also says whether the policy lets the object have such variables, and
 * reports.
 */
void clash_keep_pools(struct clash *c, struct object *o,
		      void (*on_upstream)(struct clash *c, const struct object *user,
					  const char *name));
bool clash_has_pools(struct clash *c, struct object *o,
		     void (*on_upstream)(struct clash *c, const struct object *user,
					 const char *name));

/* clash_bound.c: sockets that nginx cannot exchange in one step. True: an object fell. */
bool clash_check_sockets(struct clash *c);

/*
 * defaults.c: no new object becomes the default server of an address by its place. True: an object
 * fell.
 */
bool defaults_check(struct clash *c);
/* Sets the default servers of the finished model. */
void defaults_note(struct clash *c);

#endif
