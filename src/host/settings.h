/*
 * Reads /etc/zknginxd.conf (libconfig) into struct settings, by one static table: {path, type, min,
 * max, default, reloadable}. A key that is not in the table, has another type or is out of range is
 * an error with file, line and what was expected. libconfig alone would accept a wrong name and
 * truncate a large number.
 */
#ifndef ZKNGINX_HOST_SETTINGS_H
#define ZKNGINX_HOST_SETTINGS_H

#include <limits.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>
#include <zknginx/settings.h>

#include "settings_errors.h"

#define SETTINGS_FILE "/etc/zknginxd.conf"

struct settings_file; /* settings and the memory of their strings */

/*
 * All or nothing. missing_ok: a file that does not exist is the empty file. After -1 there is at
 * least one error; the errors are empty before the call (`= { 0 }`), and the caller's.
 */
int settings_load(const char *path, bool missing_ok, struct settings_file **out,
		  struct settings_errors *errors);
const struct settings *settings_get(const struct settings_file *f);
void settings_free(struct settings_file *f);
/* The name of this host in the fleet: cluster.host, or else the system's, which is put into `name`.
 */
const char *settings_host(const struct settings *s, char name[static HOST_NAME_MAX + 1]);
/* The path of the file that the settings include after `last` (NULL: the first one); NULL: there is
 * no other one. */
const char *settings_included(const struct settings_file *f, const char *last);
DEFINE_CLEANUP(struct settings_file *, settings_free)

/*
 * Append to `fixed` the keys ("a, b") that differ between the two and need a restart; returns how
 * many there are.
 */
size_t settings_fixed_changes(const struct settings *now, const struct settings *next,
			      struct buf *fixed);

/* The path and the default of the i-th key, for tests of the sample and the man page; false past
 * the end. The default of a list is its entries, joined by ", ". */
bool settings_key(size_t i, const char **path, const char **default_text, bool *reloadable);

#endif
