/* Locations that answer a subrequest of nginx: an auth_request, or a mirror. */
#ifndef ZKNGINX_CORE_DECODE_SUBREQUEST_H
#define ZKNGINX_CORE_DECODE_SUBREQUEST_H

#include <zknginx/model.h>

/* Marks them. All fields of the site have been read. */
void decode_subrequests(struct site *site);

#endif
