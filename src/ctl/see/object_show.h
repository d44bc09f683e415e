/*
 * What `upstreams` and `sites` have in common: all objects of a kind, or one of them, as text or as
 * JSON. The objects are those of composed.h; one that is not in the model cannot be used.
 */
#ifndef ZKNGINX_CTL_OBJECT_SHOW_H
#define ZKNGINX_CTL_OBJECT_SHOW_H

#include "core/data/layout.h"
#include "ctl/console/command.h"
#include "ctl/znodes/composed.h"

struct object_view {
	enum config_kind kind;
	const char *noun, *command; /* "site", "sites" */
	bool (*is_usable)(const struct composed *c, const char *name);
	/* The table of those that can be used. */
	void (*print_table)(const struct composed *c, const struct screen *screen);
	/* One object, whether it can be used or not; `path` is that of its znode. */
	void (*print)(const struct composed *c, const struct screen *screen, const char *path);
	json_t *(*json)(const struct composed *c, const char *path, bool whole);
};

/* Runs the command; its argument, if there is one, is the name. Returns the exit code. */
int object_show(struct ctl *ctl, const struct arguments *args, const struct object_view *v);

#endif
