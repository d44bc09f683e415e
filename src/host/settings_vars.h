/* The group "vars": values of the host, whose names are the operator's. */
#ifndef ZKNGINX_HOST_SETTINGS_VARS_H
#define ZKNGINX_HOST_SETTINGS_VARS_H

#include <libconfig.h>

#include <zknginx/arena.h>
#include <zknginx/settings.h>

#include "settings_errors.h"

/* path: of the settings file. Adds an error for each value that is not valid. */
void settings_vars_read(const config_setting_t *group, const char *path, struct arena *a,
			struct settings *values, struct settings_errors *errors);

#endif
