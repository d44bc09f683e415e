/*
 * A format of registrations: one row.
 *
 * Each format is one small file. It ends with its row, which says how the format is read, where
 * its znodes are, and what it looks like when the operator does not name it. A new format is
 * such a file and its name in ENDPOINT_FORMATS.
 */
#ifndef ZKNGINX_CORE_ENDPOINT_FORMAT_H
#define ZKNGINX_CORE_ENDPOINT_FORMAT_H

#include <jansson.h>

#include "endpoint.h"

struct registration;

/* Fills r->out. On ENDPOINT_BAD it has called registration_bad() or set r->why. */
typedef enum endpoint_result endpoint_reader(struct registration *r);
/* The context znodes of one place, prepared once for all of its registrations; in the arena. */
typedef const void *endpoint_preparer(struct arena *a, const struct znode *context, size_t count);

/* A new array of what a znode's JSON holds, each an object that read() takes; NULL: the JSON is one
 * registration. */
typedef json_t *endpoint_splitter(const json_t *data);

/* A JSON object with these members looks like the format. */
struct endpoint_sign {
	const char *member, *other; /* "host" and "port"; other may be NULL */
	int certainty; /* where signs of two formats are found, the higher one counts */
};

struct endpoint_format {
	const char *name;           /* as an upstream names it: "curator" */
	endpoint_reader *read;      /* one registration */
	endpoint_preparer *prepare; /* NULL: the format has no context */
	endpoint_splitter *split;   /* NULL: only an array holds several registrations */
	double base;                /* the weight of an ordinary registration: 1; Dubbo's is 100 */

	/* Where the znodes are. Each of these may be NULL. */
	const char *below; /* "providers": the registrations are the children of PATH/providers */
	const char *siblings; /* "configurators": context is the children of PATH/configurators */
	const char *beside;   /* "clusterprops.json": context is the znode next to PATH, so named */
	unsigned beside_depth; /* … and this many levels below it */
	const char *prefix;    /* "vector_": context is the children of PATH with such names */

	bool by_name;  /* the name is the registration (dubbo: an encoded URL): data of any kind is
			  allowed, and is not decoded before read() */
	bool is_text;  /* the data is text (data): an array of strings holds several registrations,
			  elsewhere an array of objects does */
	bool has_keys; /* json: the upstream's "keys" say which member of the data holds what */

	/* How several protocols of one application are told apart. */
	bool multi_protocol; /* the named ports are protocols: "tri" on 50051, "dubbo" on 20880
				(curator, as Dubbo 3 writes it); an HTTP upstream takes the first
				that is HTTP, and none of the others */
	bool http_by_scheme; /* the scheme of the URL is the protocol: "tri://", "dubbo://" (dubbo);
				an HTTP upstream takes only schemes that are HTTP */

	/* What it looks like (endpoint_sniff). */
	const struct endpoint_sign *signs; /* of the data, where that is a JSON object */
	size_t sign_count;
	const char *const *parents; /* "providers", "routers": znodes with these names, and all that
				       is below them; ends with NULL; or NULL */
	const char *name_prefix;    /* "base64_": znodes with such names; or NULL */
	unsigned trial; /* what has no other sign is read on trial, in this order from 1 on: solr,
			   address, data, json; 0: it is not read on trial */
};

/* All formats, as messages list them. Of equally likely ones the first one counts. */
#define ENDPOINT_FORMATS(X)                                                                        \
	X(curator)                                                                                 \
	X(nerve)                                                                                   \
	X(serverset)                                                                               \
	X(address)                                                                                 \
	X(data)                                                                                    \
	X(registrator)                                                                             \
	X(dubbo)                                                                                   \
	X(solr)                                                                                    \
	X(d2)                                                                                      \
	X(helix)                                                                                   \
	X(json)

#define X(name) extern const struct endpoint_format endpoint_format_##name;
ENDPOINT_FORMATS(X)
#undef X

#endif
