/*
 * The difference of two texts, line by line, in the unified form of diff(1), for people. A line
 * feed that is missing at the end is no difference.
 */
#ifndef ZKNGINX_CORE_LINE_DIFF_H
#define ZKNGINX_CORE_LINE_DIFF_H

#include <stddef.h>
#include <zknginx/buf.h>

struct line_counts {
	size_t added, removed;
};

/* Appends the hunks, without a head that names files; nothing when the texts are equal. */
struct line_counts line_diff(const char *old, size_t old_size, const char *new, size_t new_size,
			     struct buf *out);

#endif
