/* The fields that only a stream site has: rows of fields.h, whose `where` is the site. */
#ifndef ZKNGINX_CORE_DECODE_STREAM_H
#define ZKNGINX_CORE_DECODE_STREAM_H

#include <zknginx/model.h>

#include "fields.h"

void decode_stream_tls(struct reader *r, const json_t *value, void *where);
void decode_stream_sni(struct reader *r, const json_t *value, void *where);
void decode_stream_access(struct reader *r, const json_t *value, void *where);
void decode_stream_proxy_protocol(struct reader *r, const json_t *value, void *where);
void decode_stream_udp(struct reader *r, const json_t *value, void *where);

/* Once all fields are read: do they fit each other? */
void decode_stream_finish(struct reader *r, const struct site *site);

#endif
