/* What the files of decode share among themselves. */
#ifndef ZKNGINX_CORE_DECODE_PARTS_H
#define ZKNGINX_CORE_DECODE_PARTS_H

#include <zknginx/decode.h>

#include "fields.h"

/* Kinds of object that a field may belong to (struct field, `only`). */
enum {
	ONLY_HTTP = 1 << 0,
	ONLY_STREAM = 1 << 1,
	ONLY_PROXY = 1 << 2,
	ONLY_ROOT = 1 << 3,
	ONLY_RETURN = 1 << 4,
	ONLY_REDIRECT = 1 << 5,
};

/* "protocol" comes first, as it says which fields there may be. Sets r->kinds. */
enum protocol decode_protocol(struct reader *r, const json_t *object, const char *const names[2]);
/* The row's read() of "protocol": decode_protocol() has done it. */
void decode_nothing(struct reader *r, const json_t *value, void *where);

/* weight, max_fails, fail_timeout, max_conns: of an upstream's "server" and of a server. */
extern const struct fields server_defaults_fields;

/* A list of locations, into a struct site. */
void decode_locations(struct reader *r, const json_t *value, void *site);

/* Not valid UTF-8, or a byte order mark at its beginning: what is wrong, else NULL. */
const char *decode_text_fault(const char *data, size_t size);

#endif
