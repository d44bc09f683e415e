/*
 * Decode: makes a model from a tree, and reports all problems of the znodes.
 *
 * Never fails. Each znode is decoded by itself. One that is not valid keeps the form that it has in
 * `accepted` (the znodes of the generation that nginx runs), or is left out when it has no such
 * form, and is a problem.
 *
 * The work has three steps, which share the model under construction:
 *	decode	each znode by itself (decode_upstream.c, decode_site.c, decode_snippet.c)
 *	guard	brings back what must not be lost (guard.h)
 *	link	references and clashes between objects (link.h)
 */
#ifndef ZKNGINX_DECODE_H
#define ZKNGINX_DECODE_H

#include <zknginx/model.h>

#include "core/discover/decode_input.h"

/*
 * A model that the caller frees. Two problems leave their object in it: an upstream's "discover"
 * (its other fields stay in force), and servers that are all backups (nginx refuses such an
 * upstream; render writes them as ordinary servers).
 */
struct model *decode(const struct decode_input *in, struct problems *problems);

/*
 * Decode one znode. False, with problems added, when it is not valid: their serving is ABSENT, and
 * the caller may correct that. Strings are copied to the arena.
 */
bool decode_upstream(struct arena *a, const struct znode *z, const struct policy *policy,
		     struct upstream *out, struct problems *problems);
bool decode_server(struct arena *a, const struct znode *z, const struct upstream *u,
		   struct server *out, struct problems *problems);
bool decode_site(struct arena *a, const struct znode *z, const struct policy *policy,
		 struct site *out, struct problems *problems);
bool decode_snippet(struct arena *a, const struct znode *z, enum config_kind kind,
		    const struct policy *policy, struct snippet *out, struct problems *problems);
bool decode_definition(struct arena *a, const struct znode *z, enum config_kind kind,
		       const struct policy *policy, struct snippet *out, struct problems *problems);
/* One of these two, by the role of the kind. */
bool decode_text(struct arena *a, const struct znode *z, enum config_kind kind,
		 const struct policy *policy, struct snippet *out, struct problems *problems);

#endif
