/* Pages for errors: see decode_errors.c. */
#ifndef ZKNGINX_CORE_DECODE_ERRORS_H
#define ZKNGINX_CORE_DECODE_ERRORS_H

#include "fields.h"

/* read() of the row "error_pages"; where is a struct clauses. */
void decode_error_pages(struct reader *r, const json_t *value, void *where);
/* The members of a page that is an object. */
extern const struct fields decode_page_fields;

#endif
