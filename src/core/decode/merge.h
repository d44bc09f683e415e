/* Merging JSON objects: one below another. */
#ifndef ZKNGINX_CORE_MERGE_H
#define ZKNGINX_CORE_MERGE_H

#include <jansson.h>

#include "fields.h"

/* A new value, `over` over `below`: objects are merged, everything else is replaced, also by null.
 */
json_t *merge_objects(const json_t *below, const json_t *over);
/* A new value without the members that are null: they are unset. */
json_t *merge_strip(const json_t *value);
/* A copy of the fields of `defaults` that an object of these kinds may have. */
json_t *merge_select(const json_t *defaults, const struct fields *fields, unsigned kinds);
/* The member at the dotted path ("locations[2].proxy"); NULL: there is none. */
const json_t *merge_find(const json_t *object, const char *field);

#endif
