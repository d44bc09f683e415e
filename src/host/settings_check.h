/* Checks a parsed file against the table. */
#ifndef ZKNGINX_HOST_SETTINGS_CHECK_H
#define ZKNGINX_HOST_SETTINGS_CHECK_H

#include <libconfig.h>

#include "settings_errors.h"
#include "settings_table.h"

/* Stores every valid value of the file in *values (strings in the arena), and adds an error for
 * every other. */
void settings_check(const config_t *config, const char *path, struct arena *a,
		    struct settings *values, struct settings_errors *errors);

#endif
