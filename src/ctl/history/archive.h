/*
 * The archive: the entries of the fleet's history, and the configs that they hold.
 *
 * A REV of the command line is the beginning of a revision, at least six hexadecimal digits, or the
 * number of an entry. Of several entries of one revision it is the newest.
 */
#ifndef ZKNGINX_CTL_ARCHIVE_H
#define ZKNGINX_CTL_ARCHIVE_H

#include <zknginx/history.h>

#include "ctl/console/ctl.h"

struct archive {
	struct ctl *ctl;
	struct arena *arena;
	struct history_entry *entries; /* complete ones, by number */
	size_t count;
};

/* After an error too, end it with archive_fini(). Without a history it is empty. */
int archive_read(struct archive *a, struct ctl *ctl, struct err *e);
void archive_fini(struct archive *a);

/* Can a revision begin so? At least six hexadecimal digits, as they are printed. */
bool revision_is_prefix(const char *rev);
/* ERR_INPUT: there is none, or several revisions begin so. */
int archive_find(const struct archive *a, const char *rev, const struct history_entry **out,
		 struct err *e);
/* The entry before this one; NULL: there is none. */
const struct history_entry *archive_before(const struct archive *a, const struct history_entry *h);
/* The config of an entry (one reference). */
int archive_config(const struct archive *a, const struct history_entry *h, struct tree **out,
		   struct err *e);

#endif
