/*
 * Decode: tree → model, with all problems found on the way.
 *
 * Never fails. Each znode is judged alone: one that is not valid keeps the form
 * it has in `accepted` (the znodes of the generation that nginx runs), or stays
 * out where it has none there, and a problem says so.
 *
 * The work has three steps, which share the model under construction:
 *	decode	each znode by itself (decode_upstream.c, decode_site.c, decode_snippet.c)
 *	guard	what must not be lost comes back (guard.h)
 *	link	what the objects say about each other: references, clashes (link.h)
 */
#ifndef ZKNGINX_DECODE_H
#define ZKNGINX_DECODE_H

#include <zknginx/model.h>

#include "core/discover/decode_input.h"

/*
 * A model that the caller frees. Two problems leave their object in it: an upstream's
 * "discover" (the rest of its policy holds), and servers that are all backups (nginx
 * takes no such upstream; render writes them as plain servers).
 */
struct model *decode(const struct decode_input *in, struct problems *problems);

/*
 * The forms of one znode: each returns false and adds problems (serving is left
 * ABSENT for the caller to correct) when it is not valid. Strings go to the arena.
 */
bool decode_upstream(struct arena *a, const struct znode *z, struct upstream *out,
		     struct problems *problems);
bool decode_server(struct arena *a, const struct znode *z, const struct upstream *u,
		   struct server *out, struct problems *problems);
bool decode_site(struct arena *a, const struct znode *z, const struct policy *policy,
		 struct site *out, struct problems *problems);
bool decode_snippet(struct arena *a, const struct znode *z, enum protocol context,
		    const struct policy *policy, struct snippet *out, struct problems *problems);

#endif
