/*
 * A draft: the temporary file in which an operator edits data, and the editor. What was typed is
 * never lost: the file stays until draft_remove(), and a signal that ends the command says where it
 * is.
 */
#ifndef ZKNGINX_CTL_DRAFT_H
#define ZKNGINX_CTL_DRAFT_H

#include <stdbool.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

/* A new file in $TMPDIR or /tmp whose name contains `name` and ends in `suffix`; the caller frees
 * the path. From now on, signals say where it is. */
int draft_new(const char *name, const char *suffix, const char *data, size_t size, char **path,
	      struct err *e);
/* Runs $VISUAL, $EDITOR, or an editor that is there, until it ends. ERR_REFUSED: it failed. */
int draft_edit(const char *path, struct err *e);
/* Is it still there? */
bool draft_exists(const char *path);
/* What it has now. */
int draft_read(const char *path, struct buf *out, struct err *e);
void draft_remove(const char *path);

#endif
