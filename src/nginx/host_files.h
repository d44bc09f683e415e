/*
 * nginx.conf and what it includes, read from their files: for code that does not run nginx -T.
 * Whether nginx accepts them is not known.
 */
#ifndef ZKNGINX_NGINX_HOST_FILES_H
#define ZKNGINX_NGINX_HOST_FILES_H

#include <zknginx/arena.h>

#include "core/compose/host_claims.h"

/*
 * The files in the arena, nginx.conf first, for host_claims_read(); those of the directory `live`,
 * which zknginxd has made, are left out. False: nginx.conf cannot be read, or does not include a
 * file of `live`.
 */
bool host_files_read(struct arena *a, const char *config, const char *live,
		     struct host_file **files, size_t *count);

#endif
