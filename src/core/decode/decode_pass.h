/* Locations that pass requests on: see decode_pass.c. */
#ifndef ZKNGINX_CORE_DECODE_PASS_H
#define ZKNGINX_CORE_DECODE_PASS_H

#include <zknginx/model.h>

#include "fields.h"

/* read() of rows; where is a struct location. */
void decode_proxy(struct reader *r, const json_t *value, void *where);
void decode_hidden_headers(struct reader *r, const json_t *value, void *where);
void decode_buffers(struct reader *r, const json_t *value, void *where);

/* The members of "proxy_tls" and "cache", for a struct location, and of "buffers". */
extern const struct fields decode_proxy_tls_fields;
extern const struct fields decode_cache_fields;
extern const struct fields decode_buffers_fields;

/* Checks between the fields of the location; problems are added. */
void decode_pass_check(struct reader *r, const struct location *l, bool has_tls);

#endif
