/* A change of servers that is under way: the frames of it, one at a time. */
#ifndef ZKNGINX_NGINX_SERVERS_CHANGE_H
#define ZKNGINX_NGINX_SERVERS_CHANGE_H

#include "core/deploy/apply.h"

struct servers_change {
	const struct apply *apply; /* NULL: no change is under way */
	size_t upstream;           /* the one whose operations are sent … */
	size_t op;                 /* … and the first of them that is not carried out yet */
	size_t sent;               /* how many of these the last frame has */
	uint32_t id;               /* of that frame */
	uint64_t digest;           /* of the upstream's servers before that frame … */
	uint64_t wanted;           /* … and after all of them */
};

void servers_change_begin(struct servers_change *c, const struct apply *apply);
/* The next upstream begins, whose servers have this digest. */
void servers_change_upstream(struct servers_change *c, uint64_t digest);
/* As many operations as fit; returns the size of the frame. */
size_t servers_change_frame(struct servers_change *c, unsigned char frame[static MODULE_FRAME_MAX]);
/* NULL: the frame was carried out, and its operations are behind it; else what is wrong: a clause.
 */
const char *servers_change_answer(struct servers_change *c, const struct module_answer *a);
/* All operations of this upstream were carried out. */
bool servers_change_has_upstream(const struct servers_change *c);
/* NULL: the change is over. */
const struct apply_upstream *servers_change_current(const struct servers_change *c);

#endif
