/*
 * The roots: which paths the mirror follows. The config, the overrides, the plan and the
 * confirmation always, and what the upstreams of the last model discover servers at.
 *
 * A tree that was mirrored without such a path does not show what is there, and a model of that
 * tree would have upstreams without servers. So the mirror is told first, and the model that asked
 * is dropped: the next tree has the paths. Until it arrives (`waiting`) no model is made.
 */
#ifndef ZKNGINX_ZK_ROOTS_H
#define ZKNGINX_ZK_ROOTS_H

#include <zknginx/model.h>

#include "mirror.h"

struct roots {
	char *config, *overrides, *plan, *confirmed;
	struct arena *arena; /* of `discovered`; NULL: no model was asked yet */
	struct discover_root *discovered;
	size_t count;
	bool waiting; /* the mirror was given other roots, and its next tree is awaited */
};

void roots_init(struct roots *r, const struct zookeeper_settings *settings);
void roots_fini(struct roots *r);
/* The roots for a first model; the caller frees the list, whose paths belong to r. */
struct mirror_root *roots_begin(struct roots *r, const struct model *m, size_t *count);
/* True: the model needs other roots than the mirror has. It has them now; a tree follows. */
bool roots_follow(struct roots *r, const struct model *m, struct mirror *mirror);

#endif
