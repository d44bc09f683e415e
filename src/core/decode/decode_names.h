/* Decoding the server names of a site: see decode_names.c. */
#ifndef ZKNGINX_CORE_DECODE_NAMES_H
#define ZKNGINX_CORE_DECODE_NAMES_H

#include "fields.h"

/* read() of the row "server_names"; where is a struct site. */
void decode_server_names(struct reader *r, const json_t *value, void *where);

#endif
