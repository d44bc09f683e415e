/* The tables of fields, one for each kind of object: for decode, defaults and the schema. */
#ifndef ZKNGINX_CORE_TABLES_H
#define ZKNGINX_CORE_TABLES_H

#include "fields.h"

extern const struct fields site_fields, location_fields, upstream_fields;

#endif
