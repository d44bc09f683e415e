/*
 * A difference of two configs, for people (a unified diff, in colours) and as JSON.
 */
#ifndef ZKNGINX_CTL_DIFFERENCE_H
#define ZKNGINX_CTL_DIFFERENCE_H

#include <jansson.h>

#include "core/fleet/config_edit.h"
#include "ctl/console/screen.h"

/* What the two sides are called: "ZooKeeper", "conf". */
struct difference_names {
	const char *old, *new;
};

/* All changes, file by file; nothing where there is none. */
void difference_print(const struct screen *s, const struct config_edit *e,
		      const struct difference_names *names);
/* "2 znodes created, 1 changed, 3 deleted", in the arena. */
const char *difference_summary(struct arena *a, const struct config_edit *e);
/* Names the znodes that cannot have a file, and so stay as they are, on standard error; and as an
 * array of their paths. */
void difference_say_unnamed(const struct config_edit *e);
json_t *difference_json_unnamed(const struct config_edit *e);
/* An array of {"change": "changed|created|deleted", "diff": TEXT, "znode": PATH}. */
json_t *difference_json(const struct config_edit *e);

/* A unified diff in colours; file: what both texts are called. */
void difference_print_texts(const struct screen *s, const struct difference_names *names,
			    const char *file, const struct buf *old, const struct buf *new);
/* {"diff": TEXT, "file": NAME} */
json_t *difference_json_texts(const char *file, const struct buf *old, const struct buf *new);

#endif
