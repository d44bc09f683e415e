/* Which statement of FILE a problem of a snippet is about. */
#ifndef ZKNGINX_CORE_IMPORT_ORIGIN_H
#define ZKNGINX_CORE_IMPORT_ORIGIN_H

#include "piece.h"

/* The statement on this line of the piece's snippet; the piece's own where that is not known. The
 * piece counts as not moved afterwards (struct conf_change). */
const struct conf_node *origin_of_line(struct piece *p, unsigned line);

#endif
