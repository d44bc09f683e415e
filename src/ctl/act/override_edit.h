/*
 * One override, cluster/overrides/UPSTREAM, read, changed in one place, and written back. What
 * another client has written meanwhile is never overwritten.
 */
#ifndef ZKNGINX_CTL_OVERRIDE_EDIT_H
#define ZKNGINX_CTL_OVERRIDE_EDIT_H

#include "core/fleet/override_content.h"
#include "ctl/console/ctl.h"

struct override_edit {
	struct ctl *ctl;
	struct client *client;
	struct arena *arena; /* the caller's */
	const char *path;
	bool exists;
	int version;
	struct override_content content; /* in the arena */
};

/*
 * Reads the override, lets change() change the content, and writes it; again from the start when
 * another client was faster. An override that has nothing left is deleted. change() returns an exit
 * code; another than CTL_OK ends it without a write, and is the result. The errors are printed.
 * *written: the zxid of the override; 0: it was deleted.
 */
int override_edit(struct ctl *ctl, struct arena *a, const char *upstream,
		  int (*change)(struct override_edit *o, void *ctx), void *ctx, int64_t *written);
/* The name of an upstream, as the user gave it. Returns an exit code. */
int override_check_name(const char *upstream);

/* For change(): the drain of this server (in the model's spelling); NULL: it is not drained. */
struct drain *override_edit_drain(const struct override_edit *o, const char *server);
/* Adds the drain, or gives it another end; until 0: none. */
void override_edit_add(struct override_edit *o, const char *server, uint64_t until);
void override_edit_remove(struct override_edit *o, const char *server);

#endif
