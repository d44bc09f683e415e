/* `limit` of a location: see decode_limit.c. */
#ifndef ZKNGINX_CORE_DECODE_LIMIT_H
#define ZKNGINX_CORE_DECODE_LIMIT_H

#include <zknginx/model.h>

#include "fields.h"

/* read() of the row "limit"; where is a struct location. */
void decode_limit(struct reader *r, const json_t *value, void *where);
/* The members of a limit that is an object. */
extern const struct fields decode_limit_fields;

/* The same of limits/NAME: does `delay` go with the other two? */
void decode_limit_check_delay(struct reader *r, const char *field, long delay, long burst,
			      bool nodelay);

/* Checks between these members; problems are added. */
void decode_limit_check(struct reader *r, const struct location *l, const json_t *limit);

#endif
