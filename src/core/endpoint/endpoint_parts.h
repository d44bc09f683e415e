/* What the formats of endpoint.h share among themselves. */
#ifndef ZKNGINX_CORE_ENDPOINT_PARTS_H
#define ZKNGINX_CORE_ENDPOINT_PARTS_H

#include <jansson.h>
#include <string.h>

#include "endpoint.h"

/* One registration being read. */
struct registration {
	struct arena *arena;
	const struct discover *discover;
	const void *prepared;
	const struct znode *znode;
	const char *name; /* of the znode */
	struct endpoint *out;
	const char *why;
};

typedef enum endpoint_verdict endpoint_reader(struct registration *r);
/* The context znodes of one place, made ready for all of its registrations. */
typedef const void *endpoint_preparer(struct arena *a, const struct znode *context, size_t count);

struct endpoint_format {
	const char *name;
	endpoint_reader *read;
	endpoint_preparer *prepare;
	double base;          /* see struct endpoint */
	const char *below;    /* the child of the path that registrations stand below */
	const char *siblings; /* the child of the path that context stands below */
	const char *beside;   /* context: the znode of this name next to the path */
	const char *prefix;   /* context: names that begin so, among the registrations */
	bool by_name;         /* the data may be anything, and is not needed */
};

endpoint_reader endpoint_read_curator, endpoint_read_nerve, endpoint_read_serverset,
	endpoint_read_address, endpoint_read_data, endpoint_read_registrator, endpoint_read_dubbo,
	endpoint_read_solr, endpoint_read_json;
endpoint_preparer endpoint_prepare_serverset, endpoint_prepare_dubbo, endpoint_prepare_solr;

/* Says why, and is ENDPOINT_BAD. The text is the rest of a sentence. */
enum endpoint_verdict registration_bad(struct registration *r, const char *fmt, ...) PRINTF(2, 3);

/* A canonical host in the arena; NULL and a reason. size bytes, no NUL needed behind them. */
const char *registration_host(struct registration *r, const char *s, size_t size);
/* "HOST:PORT" into out->host and out->port. */
bool registration_address(struct registration *r, const char *s, size_t size);
/* Text into *port; false and a reason. */
bool registration_port(struct registration *r, const char *s, size_t size, long *port);
/* Name and value are copied; past the limit, and NULL, are left out. */
void registration_label(struct registration *r, const char *name, const char *value);
void registration_tag(struct registration *r, const char *tag, size_t size);
/* A persistent znode that does not look like a registration is some other znode. */
enum endpoint_verdict registration_other(struct registration *r);

/* --- JSON (endpoint_json.c) --- */

typedef enum endpoint_verdict object_reader(struct registration *r, const json_t *object);
/* What `read` makes of the data's object; bad where the data is none. */
enum endpoint_verdict registration_json(struct registration *r, object_reader *read);
/* The object in other bytes, which the caller decrefs; NULL when they are none. */
json_t *endpoint_json(const char *data, size_t size);
/* … in another znode; NULL also when it holds more than a registration may. */
json_t *endpoint_json_of(const struct znode *z);
/* A host or a port that may be missing (NULL, 0); false and a reason when it is not valid. */
bool registration_json_host(struct registration *r, const json_t *value, const char **host);
bool registration_json_port(struct registration *r, const json_t *value, long *port);
/* A number, or a text that is one; < 0: neither. */
double endpoint_json_number(const json_t *value);
/* Is it true, 1, "1" or "true"? */
bool endpoint_json_is_true(const json_t *value);
/* Members that are texts, numbers or booleans become labels. */
void registration_json_labels(struct registration *r, const json_t *object);
void registration_json_tags(struct registration *r, const json_t *array);

/* --- text (endpoint_text.c) --- */

/* "7", "0.5"; < 0: no number. */
double endpoint_number(const char *s, size_t size);
/* White space off both ends. */
void endpoint_trim(const char **s, size_t *size);
/* The data as text: without a byte order mark, unwrapped from Java. False and a reason. */
bool registration_text(struct registration *r, const char **s, size_t *size);
/* The first '%' without two hexadecimal digits behind it, or NULL. */
const char *endpoint_bad_escape(const char *s, size_t size);
/* %XX and (plus) '+' decoded: in the arena, *size bytes, which may hold anything. */
char *endpoint_unescape(struct arena *a, const char *s, size_t size, bool plus, size_t *out_size);

/* SCHEME://[USER@]HOST[:PORT][/PATH][?QUERY] */
struct url {
	const char *scheme; /* lower case, in the arena */
	const char *host, *port, *path, *query;
	size_t host_size, port_size, path_size, query_size;
};
bool url_parse(struct arena *a, const char *s, size_t size, struct url *u);
/* Host, port, scheme and path into out; https and its like have a TLS port. */
bool registration_url(struct registration *r, const struct url *u);
/* The next NAME=VALUE of a query, both decoded, in the arena; false at the end. */
bool query_next(struct arena *a, const char **query, size_t *size, const char **name,
		const char **value);

/* Does HTTP/1 or HTTP/2 run over it? */
bool endpoint_scheme_is_http(const char *scheme);

#endif
