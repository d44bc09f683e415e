/* How much of a child's standard error is kept. */
#ifndef ZKNGINX_SYS_CHILD_ERRORS_H
#define ZKNGINX_SYS_CHILD_ERRORS_H

#include <zknginx/buf.h>

/*
 * nginx may write a megabyte of warnings before the one line that matters. So the middle of a long
 * standard error is dropped; the first quarter of the limit stays.
 */
void child_errors_limit(struct buf *b);

#endif
