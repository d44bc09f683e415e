/* Requests split between upstreams: see decode_split.c. */
#ifndef ZKNGINX_CORE_DECODE_SPLIT_H
#define ZKNGINX_CORE_DECODE_SPLIT_H

#include "fields.h"

/* read() of the row "split"; where is a struct location. */
void decode_split(struct reader *r, const json_t *value, void *where);
extern const struct fields decode_split_fields;

#endif
