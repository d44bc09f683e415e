/* `limit` of a location: see decode_limit.c. */
#ifndef ZKNGINX_CORE_DECODE_LIMIT_H
#define ZKNGINX_CORE_DECODE_LIMIT_H

#include <zknginx/model.h>

#include "fields.h"

/* read() of the row "limit"; where is a struct location. */
void decode_limit(struct reader *r, const json_t *value, void *where);
/* The members of a limit that is an object. */
extern const struct fields decode_limit_fields;

/* Checks between these members; problems are added. */
void decode_limit_check(struct reader *r, const struct location *l, const json_t *limit);

#endif
