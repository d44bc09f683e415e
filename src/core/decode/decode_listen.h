/* Decoding the listens of a site: see decode_listen.c. */
#ifndef ZKNGINX_CORE_DECODE_LISTEN_H
#define ZKNGINX_CORE_DECODE_LISTEN_H

#include "fields.h"

/* read() of the row "listen"; where is a struct site. */
void decode_listens(struct reader *r, const json_t *value, void *where);
/* The members of an element that is an object. */
extern const struct fields decode_listen_fields;
/* Every listen of the site gets the option proxy_protocol. */
struct site;
void decode_proxy_protocol(struct arena *a, struct site *site);

#endif
