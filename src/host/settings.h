/*
 * Reads /etc/zknginxd.conf (libconfig) into struct settings, by one static table:
 * {path, type, min, max, default, reloadable}. Whatever is not in the table, has
 * another type or is out of range is an error with file, line and what was
 * expected; libconfig alone would accept a typo and truncate a large number.
 */
#ifndef ZKNGINX_HOST_SETTINGS_H
#define ZKNGINX_HOST_SETTINGS_H

#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/settings.h>

#define SETTINGS_FILE "/etc/zknginxd.conf"

struct settings_file; /* a parsed set and the memory of its strings */

/*
 * All or nothing: ERR_INPUT (what the file says) or ERR_SYS (cannot be read).
 * missing_ok: a file that is not there is the empty file. The text of an ERR_INPUT
 * holds up to ten errors, one a line ("FILE:LINE: what"): log it line by line.
 */
int settings_load(const char *path, bool missing_ok, struct settings_file **out, struct err *e);
const struct settings *settings_get(const struct settings_file *f);
void settings_free(struct settings_file *f);
DEFINE_CLEANUP(struct settings_file *, settings_free)

/*
 * Names in `fixed` ("a, b") the keys that differ between the two but need a restart;
 * returns how many there are.
 */
size_t settings_fixed_changes(const struct settings *now, const struct settings *next,
			      struct buf *fixed);

/* The i-th key's dotted path and default as text, for tests of the sample and the man page; false
 * past the end. A list's default is its entries by ", ". */
bool settings_key(size_t i, const char **path, const char **preset, bool *reloadable);

#endif
