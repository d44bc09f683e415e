/* The field `discover` of an upstream. */
#ifndef ZKNGINX_CORE_DECODE_DISCOVER_H
#define ZKNGINX_CORE_DECODE_DISCOVER_H

#include "fields.h"

/* One object or an array of them, into a struct upstream. For a row of fields.h. */
void decode_discover(struct reader *r, const json_t *value, void *upstream);

#endif
