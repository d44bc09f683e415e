/*
 * Kinds of object: an upstream, a site or a location has some fields only for one protocol, or only
 * as one kind of location. A row of fields.h says so in `only`.
 */
#ifndef ZKNGINX_CORE_KINDS_H
#define ZKNGINX_CORE_KINDS_H

#include <zknginx/model.h>

#include "fields.h"

enum {
	ONLY_HTTP = 1 << 0,
	ONLY_STREAM = 1 << 1,
	ONLY_PROXY = 1 << 2,
	ONLY_ROOT = 1 << 3,
	ONLY_RETURN = 1 << 4,
	ONLY_REDIRECT = 1 << 5,
	ONLY_GRPC = 1 << 6,
	ONLY_FASTCGI = 1 << 7,
	ONLY_UWSGI = 1 << 8,
	ONLY_ALIAS = 1 << 9,
	ONLY_FILES = 1 << 10,
	ONLY_PASS = ONLY_PROXY | ONLY_GRPC | ONLY_FASTCGI | ONLY_UWSGI,
	ONLY_SERVED = ONLY_PASS | ONLY_ROOT | ONLY_ALIAS | ONLY_FILES,
};

/*
 * Reads the field "protocol" of an object, before all others, as it decides which fields the object
 * may have. Sets r->kinds and r->kind_name; names: of both kinds, for messages.
 */
enum protocol kinds_read_protocol(struct reader *r, const json_t *object,
				  const char *const names[2]);
/* The read() of the row "protocol". Does nothing: kinds_read_protocol() has read it. */
void kinds_skip_protocol(struct reader *r, const json_t *value, void *where);
/* The same of "defaults": whether the object takes any was decided when it was expanded. */
void kinds_skip_defaults(struct reader *r, const json_t *value, void *where);

#endif
