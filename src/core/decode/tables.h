/* The tables of fields, one for each kind of object: for decode, defaults and the schema. */
#ifndef ZKNGINX_CORE_TABLES_H
#define ZKNGINX_CORE_TABLES_H

#include "fields.h"

extern const struct fields site_fields, location_fields, upstream_fields, discover_fields;
extern const struct fields map_fields, geo_fields, split_fields, split_part_fields,
	log_format_fields, limit_fields_of_znode, cache_fields_of_znode;

#endif
