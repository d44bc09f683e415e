/* TLS of a site: see decode_tls.c. */
#ifndef ZKNGINX_CORE_DECODE_TLS_H
#define ZKNGINX_CORE_DECODE_TLS_H

#include <zknginx/model.h>

#include "fields.h"

/* The members of "tls", for a struct site. */
extern const struct fields decode_tls_fields;

/* Checks between the fields of the site; problems are added. */
void decode_tls_check(struct reader *r, const struct site *site, bool has_tls);

#endif
