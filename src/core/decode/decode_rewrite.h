/* Rewriting, and files to try: see decode_rewrite.c. */
#ifndef ZKNGINX_CORE_DECODE_REWRITE_H
#define ZKNGINX_CORE_DECODE_REWRITE_H

#include "fields.h"

/* read() of the row "rewrite"; where is a struct common. */
void decode_rewrites(struct reader *r, const json_t *value, void *where);
/* read() of the row "try_files"; where is a struct clauses. */
void decode_try_files(struct reader *r, const json_t *value, void *where);
extern const struct fields decode_rewrite_fields;

#endif
