/* Children of a path of registrations that are something else. */
#ifndef ZKNGINX_CORE_DISCOVER_FOREIGN_H
#define ZKNGINX_CORE_DISCOVER_FOREIGN_H

#include <zknginx/model.h>

/* Did the operator name it in "ignore"? */
bool foreign_is_ignored(const struct discover *d, const struct znode *z);
/* Is it called as well-known programs call what they keep among their registrations? It may be a
 * registration all the same. */
bool foreign_is_well_known(const struct znode *z);

#endif
