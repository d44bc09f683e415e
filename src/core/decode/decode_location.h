/* The field `locations` of a site. */
#ifndef ZKNGINX_CORE_DECODE_LOCATION_H
#define ZKNGINX_CORE_DECODE_LOCATION_H

#include "fields.h"

/* An array of locations, into a struct site. For a row of fields.h. */
void decode_locations(struct reader *r, const json_t *value, void *site);

/* The kinds (ONLY_…) that the fields of a location make it; 0: none. */
unsigned location_kinds(const json_t *object);
/* Removes the fields that would make it a kind. */
void location_drop_kinds(json_t *object);

#endif
