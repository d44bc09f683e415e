/* Decoding objects of headers: see decode_headers.c. */
#ifndef ZKNGINX_CORE_DECODE_HEADERS_H
#define ZKNGINX_CORE_DECODE_HEADERS_H

#include <zknginx/model.h>

#include "fields.h"

/* read() of rows; where is a struct location. */
void decode_request_headers(struct reader *r, const json_t *value, void *where);
void decode_response_headers(struct reader *r, const json_t *value, void *where);
/* Parameters of FastCGI or uwsgi, in the place of the request headers: no lines, so any text. */
void decode_param_texts(struct reader *r, const json_t *value, struct location *l);
/* where is a struct site. */
void decode_site_headers(struct reader *r, const json_t *value, void *where);
/* read() of the row "hsts": the header Strict-Transport-Security of a struct site. */
void decode_hsts(struct reader *r, const json_t *value, void *where);

/* The members of a header of an answer, and of "hsts", where they are objects. */
extern const struct fields decode_header_fields, decode_hsts_fields;

#endif
