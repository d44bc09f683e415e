/*
 * What a push begins with: the directory, the config of ZooKeeper, what leads from the one to the
 * other, and what the daemons would say of it.
 */
#ifndef ZKNGINX_CTL_PUSH_STATE_H
#define ZKNGINX_CTL_PUSH_STATE_H

#include <zknginx/digest.h>
#include <zknginx/problem.h>

#include "core/fleet/config_edit.h"
#include "core/fleet/config_note.h"
#include "ctl/console/ctl.h"
#include "directory.h"

struct push_state {
	struct arena *arena;
	struct directory *directory;
	struct tree *before, *after; /* ZooKeeper's config, and what it becomes */
	struct policy policy;
	struct config_edit_input in;
	struct config_edit edit;
	struct config_note note; /* of `before`; its mark is that of an unfinished push */
	char id[17];             /* of this push's mark: the same for the same directory */
	char revision_before[DIGEST_HEX_SIZE], revision[DIGEST_HEX_SIZE]; /* of `after` */
	struct problems problems; /* that the change would make */
};

/* keep: nothing is deleted. After an error too, end it with push_state_fini(). */
int push_state_read(struct push_state *s, struct ctl *ctl, const char *path, bool keep,
		    struct err *e);
void push_state_fini(struct push_state *s);
/* The unfinished push was one of this directory as it is now. */
bool push_state_continues(const struct push_state *s);
/* Is this the config that the push makes? For marked_write(). */
bool push_state_is_result(void *state, const struct tree *now);

#endif
