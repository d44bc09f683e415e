/* The walk of a parsed file against the table. */
#ifndef ZKNGINX_HOST_SETTINGS_CHECK_H
#define ZKNGINX_HOST_SETTINGS_CHECK_H

#include <libconfig.h>

#include "settings_errors.h"
#include "settings_table.h"

/* Stores every value of the file that is right into *values, adds an error for every other. */
void settings_check(const config_t *config, const char *path, struct settings *values,
		    struct settings_errors *errors);

#endif
