/* What the files of decode share among themselves. */
#ifndef ZKNGINX_CORE_DECODE_PARTS_H
#define ZKNGINX_CORE_DECODE_PARTS_H

#include "core/discover/discover.h"
#include "decode.h"
#include "fields.h"

/* One run of decode(). */
struct decoder {
	const struct decode_input *in;
	struct problems *problems;
	struct problems dropped; /* of second tries: the znode they are about is not the newest */
	struct model *model;
	size_t upstream_room, site_room, snippet_room;
	const struct upstream *upstream; /* whose servers are being decoded */
	enum protocol context;           /* of the snippets */
	struct name_list wanted;
};

typedef bool decode_form(struct decoder *d, const struct znode *z, void *out, struct problems *ps);

/* Try the newest bytes, then the accepted ones; false when neither is valid. */
bool decode_znode(struct decoder *d, const struct znode *z, decode_form *form, void *out);
/* A znode that has no place where it is. */
void decode_stray(struct decoder *d, const struct znode *z, const char *why);
/*
 * The servers of u: those that stand from index i of the tree on, below path, and those
 * that its discovers find. Returns where the former end.
 */
size_t decode_servers(struct decoder *d, struct upstream *u, size_t i, const char *path);

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

/* The `discover` of a struct upstream: one object, or a list. */
void decode_discover(struct reader *r, const json_t *value, void *upstream);

/* A list of locations, into a struct site. */
void decode_locations(struct reader *r, const json_t *value, void *site);

/* Not valid UTF-8, or a byte order mark at its beginning: what is wrong, else NULL. */
const char *decode_text_fault(const char *data, size_t size);

#endif
