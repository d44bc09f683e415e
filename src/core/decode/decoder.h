/*
 * One run of decode(): what it reads, what it has made so far, and the rule for each znode: its
 * newest bytes are tried first, then the accepted ones.
 */
#ifndef ZKNGINX_CORE_DECODER_H
#define ZKNGINX_CORE_DECODER_H

#include <zknginx/model.h>

#include "core/discover/discover.h"

struct decoder {
	const struct decode_input *in;
	struct problems *problems;
	struct problems dropped; /* of accepted bytes: an operator cannot do anything about them */
	struct model *model;     /* under construction */
	struct arena *arena;     /* of the object that is being decoded */
	size_t upstream_room, site_room, snippet_room;
	const struct upstream *upstream; /* the one whose servers are being decoded */
	enum config_kind kind;           /* of the object that is being decoded */
	struct name_list wanted;         /* host names of servers */
};

/* Decodes z into *out. False, and at least one problem in *ps, when it is not valid. */
typedef bool decode_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps);

/*
 * Try the newest bytes, then the accepted ones. False: neither is valid, and *out has no meaning.
 * Problems are those of the newest bytes, and say which form is served.
 */
bool decoder_read(struct decoder *d, const struct znode *z, decode_form *form, void *out);
/* A problem: no znode is expected where z is. `why` is a sentence. */
void decoder_reject(struct decoder *d, const struct znode *z, const char *why);

#endif
