/* Which files and paths a site can lead to: see decode_paths.c. */
#ifndef ZKNGINX_CORE_DECODE_PATHS_H
#define ZKNGINX_CORE_DECODE_PATHS_H

#include <zknginx/model.h>

#include "fields.h"

/* What the policy refuses is a problem of the field that it is in. */
void decode_paths_check(struct reader *r, const struct site *site);

#endif
