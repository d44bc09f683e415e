/* Decoding what is changed in the head of a server's answer: see decode_answer.c. */
#ifndef ZKNGINX_CORE_DECODE_ANSWER_H
#define ZKNGINX_CORE_DECODE_ANSWER_H

#include "fields.h"

/* read() of the row "proxy_redirect"; where is a struct clauses. */
void decode_proxy_redirect(struct reader *r, const json_t *value, void *where);
/* One element of it: {"from": …, "to": …}. */
extern const struct fields decode_replacement_fields;
/* The fields of "cookie", of a struct location. */
extern const struct fields decode_cookie_fields;

#endif
