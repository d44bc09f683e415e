/* Files that are named on the command line, of any kind; "-" is standard input. */
#ifndef ZKNGINX_CTL_INPUT_H
#define ZKNGINX_CTL_INPUT_H

#include <zknginx/buf.h>
#include <zknginx/err.h>

/* At most INPUT_LIMIT bytes; ERR_INPUT past it. */
#define INPUT_LIMIT ((size_t)64 << 20)
int input_read(const char *path, struct buf *out, struct err *e);

#endif
