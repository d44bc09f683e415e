/*
 * `directives` and `include`: lines of nginx's own language in an object.
 *
 * Here each line is read by itself: one whole statement, of a directive that nginx takes in this
 * place and that is no field. Whether the policy lets the lines be is checked for the whole object.
 */
#ifndef ZKNGINX_CORE_DECODE_DIRECTIVES_H
#define ZKNGINX_CORE_DECODE_DIRECTIVES_H

#include <zknginx/model.h>

#include "fields.h"

/* For rows of fields.h; `where` is the site, location or upstream. */
void decode_site_directives(struct reader *r, const json_t *value, void *where);
void decode_site_includes(struct reader *r, const json_t *value, void *where);
void decode_location_directives(struct reader *r, const json_t *value, void *where);
void decode_location_includes(struct reader *r, const json_t *value, void *where);
void decode_upstream_directives(struct reader *r, const json_t *value, void *where);

/* Once all fields are read: the policy, and what the lines refer to. */
void decode_site_finish_directives(struct reader *r, struct site *site);
void decode_upstream_finish_directives(struct reader *r, struct upstream *u);

#endif
