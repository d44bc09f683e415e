/* Finds in the text what libconfig would read wrongly without an error. */
#ifndef ZKNGINX_HOST_SETTINGS_SCAN_H
#define ZKNGINX_HOST_SETTINGS_SCAN_H

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "settings_errors.h"

/* The whole of a regular file of at most 1 MiB; ERR_SYS or ERR_INPUT. */
int settings_read(const char *path, struct buf *out, struct err *e);

/*
 * Adds an error for each number that is too large for an int (libconfig 1.5 truncates it, 1.7 reads
 * it as 64 bits) and for each @include of something that is not a readable regular file (libconfig
 * ends the process on a directory). False: the text must not be parsed. The paths of the files that
 * are included, each with its NUL, are appended to `included`.
 */
bool settings_scan(const char *file, const char *text, struct buf *included,
		   struct settings_errors *errors);

#endif
