/*
 * One registration while its format reads it, and what all formats do with it: refuse it with a
 * reason, take over a host, a port, a label.
 */
#ifndef ZKNGINX_CORE_REGISTRATION_H
#define ZKNGINX_CORE_REGISTRATION_H

#include <string.h>

#include "endpoint.h"

struct registration {
	struct arena *arena;
	const struct discover *discover;
	const void *prepared; /* what the format's prepare() returned */
	const struct znode *znode;
	const char *name; /* of the znode */
	struct endpoint *out;
	const char *why; /* the rest of a sentence about the znode: "has no port"; NULL: none yet */
};

/* Sets r->why and returns ENDPOINT_BAD. The text is the rest of a sentence about the znode. */
enum endpoint_result registration_bad(struct registration *r, const char *fmt, ...) PRINTF(2, 3);

/*
 * For a znode that does not look like a registration: a persistent one is something else
 * (ENDPOINT_OTHER), an ephemeral one is a registration that cannot be read (ENDPOINT_BAD). Sets
 * r->why to why.
 */
enum endpoint_result registration_other(struct registration *r, const char *why);

/*
 * The host in the form that nginx is given, in the arena. NULL and r->why when it is not valid. s
 * has size bytes and needs no NUL.
 */
const char *registration_host(struct registration *r, const char *s, size_t size);
/* "HOST:PORT" into out->host and out->port; false and r->why when it is not valid. */
bool registration_address(struct registration *r, const char *s, size_t size);
/* Text into *port; false and r->why when it is not a number from 1 to 65535. */
bool registration_port(struct registration *r, const char *s, size_t size, long *port);
/*
 * Copies name and value. Does nothing when one of them is NULL, or when there are
 * ENDPOINT_LABELS_MAX labels already.
 */
void registration_label(struct registration *r, const char *name, const char *value);
/* A label with an empty value. */
void registration_tag(struct registration *r, const char *tag, size_t size);

#endif
