/* A child's standard input, made before the fork. */
#ifndef ZKNGINX_SYS_CHILD_INPUT_H
#define ZKNGINX_SYS_CHILD_INPUT_H

#include <stddef.h>
#include <zknginx/err.h>

/* A descriptor (close-on-exec; the caller closes it) from which these bytes are read, then the end
 * of file. bytes NULL: an empty input. */
int child_input_open(const char *bytes, size_t size, struct err *e);

#endif
