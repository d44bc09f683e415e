/* A child's standard input, made before the fork. */
#ifndef ZKNGINX_SYS_CHILD_INPUT_H
#define ZKNGINX_SYS_CHILD_INPUT_H

#include <stddef.h>
#include <zknginx/err.h>

/* A descriptor (close-on-exec, the caller's) from which these bytes are read, then the end;
 * bytes NULL: the end at once. */
int child_input_open(const char *bytes, size_t size, struct err *e);

#endif
