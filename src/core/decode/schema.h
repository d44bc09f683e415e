/*
 * JSON Schemas of the objects, made from the tables that decode reads them by: for editors and CI.
 * They say what decode refuses by type, by name and by range; the checks of strings are decode's.
 */
#ifndef ZKNGINX_CORE_SCHEMA_H
#define ZKNGINX_CORE_SCHEMA_H

#include <jansson.h>
#include <stddef.h>

/* "site", "defaults-location": the name of schema i; NULL past the last one. */
const char *schema_name(size_t i);
/* A new value. */
json_t *schema_new(size_t i);

#endif
