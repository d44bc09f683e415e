/* Who may come in: see decode_access.c. */
#ifndef ZKNGINX_CORE_DECODE_ACCESS_H
#define ZKNGINX_CORE_DECODE_ACCESS_H

#include "fields.h"

/* read() of rows; where is a struct common. */
void decode_access(struct reader *r, const json_t *value, void *where);
/* where is a struct clauses. */
void decode_basic_auth(struct reader *r, const json_t *value, void *where);
void decode_auth_request(struct reader *r, const json_t *value, void *where);
void decode_real_ip(struct reader *r, const json_t *value, void *where);

/* The members of these fields where they are objects. */
extern const struct fields decode_access_fields, decode_basic_auth_fields,
	decode_auth_request_fields, decode_real_ip_fields;

#endif
