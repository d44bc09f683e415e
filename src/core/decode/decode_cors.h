/* Requests of pages of other origins: see decode_cors.c. */
#ifndef ZKNGINX_CORE_DECODE_CORS_H
#define ZKNGINX_CORE_DECODE_CORS_H

#include "fields.h"

/* read() of the row "cors"; where is a struct location. */
void decode_cors(struct reader *r, const json_t *value, void *where);
extern const struct fields decode_cors_fields;

#endif
