/* "check" of an upstream: how the daemon checks its servers. */
#ifndef ZKNGINX_CORE_DECODE_CHECK_H
#define ZKNGINX_CORE_DECODE_CHECK_H

#include "fields.h"

extern const struct fields check_fields;

/* Into a struct upstream. */
void decode_check(struct reader *r, const json_t *value, void *upstream);

text_check check_slow_start;
/* In microseconds; NULL: 0. */
uint64_t decode_slow_start(const char *s);

#endif
