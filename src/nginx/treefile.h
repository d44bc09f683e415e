/*
 * tree.txt: the accepted znodes of a generation, added once nginx runs it. Its first line is the
 * digest of the rest, so a file that was cut off is not used.
 */
#ifndef ZKNGINX_NGINX_TREEFILE_H
#define ZKNGINX_NGINX_TREEFILE_H

#include <zknginx/tree.h>

#include "sys/disk.h"

/* What was written last, to not write it again. */
struct treefile {
	bool has_written;
	unsigned long generation;
	struct digest digest;
};

/* Does generation n below `all` (STATE/generations) have one? */
bool treefile_exists(struct place all, unsigned long n);
/* From the directory of one generation; false when it has none, or it is damaged (logged). */
bool treefile_read(struct place generation, struct tree **tree);
/* The same by path; an empty tree when there is none. */
int treefile_peek(const char *generation, struct tree **tree, struct err *e);
/*
 * Of the newest generation that has one, up to `newest`; *revision (may be NULL) is the one of its
 * manifest. An empty tree and "" when there is none. One reference.
 */
int treefile_read_newest(struct place all, unsigned long newest, struct tree **tree,
			 char revision[DIGEST_HEX_SIZE], struct err *e);
/* The newest intact generation that has one, else the newest intact one; never `bad`. False when
 * there is none. */
bool treefile_newest_good(struct place all, unsigned long bad, unsigned long *good);
int treefile_write(struct treefile *last, struct place all, unsigned long n,
		   const struct tree *accepted, struct err *e);

#endif
