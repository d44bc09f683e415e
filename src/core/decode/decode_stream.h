/* The fields that only a stream site has: rows of fields.h, whose `where` is the site. */
#ifndef ZKNGINX_CORE_DECODE_STREAM_H
#define ZKNGINX_CORE_DECODE_STREAM_H

#include <zknginx/model.h>

#include "fields.h"

/* The members of "tls". */
extern const struct fields decode_stream_tls_fields;

void decode_stream_sni(struct reader *r, const json_t *value, void *where);
void decode_stream_udp(struct reader *r, const json_t *value, void *where);

/* Once all fields are read: do they fit each other? */
void decode_stream_check(struct reader *r, const struct site *site);

/* The members of "udp". */
extern const struct fields decode_udp_fields;

#endif
