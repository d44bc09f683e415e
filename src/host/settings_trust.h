/*
 * Settings for a process that acts on them as root: nobody else may be able to change them, nor
 * what they name.
 */
#ifndef ZKNGINX_HOST_SETTINGS_TRUST_H
#define ZKNGINX_HOST_SETTINGS_TRUST_H

#include "settings.h"

/*
 * As settings_load(). It is an error, too, if users other than root and the one of this process can
 * change the file, one that it includes, a command, the file with the credentials, one with keys
 * that are trusted, or the state directory.
 */
int settings_load_trusted(const char *path, bool missing_ok, struct settings_file **out,
			  struct settings_errors *errors);

#endif
