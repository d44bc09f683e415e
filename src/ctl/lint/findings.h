/*
 * Findings: problems with their place in a file, for people, editors and CI:
 * "FILE:LINE:COLUMN: error: FIELD: MESSAGE".
 */
#ifndef ZKNGINX_CTL_FINDINGS_H
#define ZKNGINX_CTL_FINDINGS_H

#include <jansson.h>
#include <stdio.h>
#include <zknginx/problem.h>
#include <zknginx/tree.h>

#include "core/text/json_locate.h"

struct finding {
	const char *file; /* or the znode's path, where it is in no file */
	struct text_place place;
	const char *severity; /* "error" or "warning" */
	const struct problem *problem;
};

struct findings {
	struct arena *arena;
	struct finding *items;
	size_t count, room;
	size_t errors;
};

void findings_init(struct findings *f);
void findings_fini(struct findings *f);

/*
 * Adds each problem, with its place in the data that the znode has in `tree`. The problems outlive
 * the findings. file(), which may be NULL, names the file of a znode; where that is NULL the path
 * of the znode is shown.
 */
void findings_add(struct findings *f, const struct problems *ps, const struct tree *tree,
		  const char *(*file)(void *ctx, const char *znode), void *ctx);
/* Adds one that is about a file which is none of a znode. */
void findings_add_file(struct findings *f, const char *file, const char *severity,
		       const char *message);

/* One line each. */
void findings_print(const struct findings *f, FILE *out);
/* [{file, line, column, severity, field, kind, message, serving, znode}] */
json_t *findings_json(const struct findings *f);

#endif
