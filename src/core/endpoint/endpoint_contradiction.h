/* Whether the data of a registration has another host than its name. */
#ifndef ZKNGINX_CORE_ENDPOINT_CONTRADICTION_H
#define ZKNGINX_CORE_ENDPOINT_CONTRADICTION_H

#include "endpoint.h"

/*
 * host is what was read from the name. The data has another one when it is an address, a URL, or
 * JSON that names a host and a port. Of a name that is no full address ("node7", "app_1") it is
 * enough that any member of the JSON is, or is called, a host.
 */
bool endpoint_data_contradicts(struct arena *a, const struct znode *z, const char *name,
			       const char *host);

#endif
