/*
 * Where the services register themselves that become servers of an upstream ("discover" in its
 * policy), and what was found there.
 */
#ifndef ZKNGINX_SERVICES_H
#define ZKNGINX_SERVICES_H

#include <stdbool.h>
#include <zknginx/kind.h>
#include <zknginx/tree.h>

struct label {
	const char *name, *value;
};

/* Which port of a registration, in all of an upstream. */
enum tls_choice { TLS_NEVER, TLS_ONLY, TLS_PREFER /* where every registration has one */ };

/* Which members a registration of the format "json" has: dotted paths, or NULL. */
struct discover_keys {
	const char *host, *port, *tls_port, *url, *weight, *up, *labels;
	const char **up_is; /* the values of `up` that mean up; NULL: the usual words */
	size_t up_is_count;
};

struct endpoint_format;

/* Where the services register themselves that become servers of an upstream. */
struct discover {
	const char *path;
	const struct endpoint_format *format; /* endpoint.h; NULL: "auto" (see `chosen`) */
	enum tls_choice tls;
	const char *endpoint; /* which named endpoint, or protocol; NULL: the main one */
	struct label *labels; /* a registration must have all of them */
	size_t label_count;
	bool show_down; /* a registration that is down stays, marked `down` */
	bool backup;    /* its servers are used only when no other one is available */
	struct discover_keys keys;
	const char **ignored; /* names of children that are no registrations; `*` is anything */
	size_t ignored_count;
	const char *key; /* the choices above as text: another key means another discover */
	/* Filled in from the tree. */
	const struct endpoint_format *chosen; /* NULL: not recognised */
	struct znode *context;                /* further znodes that the servers were made from */
	size_t context_count;
	enum protocol protocol; /* of the upstream */
	size_t left_out;        /* registrations that gave no server … */
	const char
		*left_out_why; /* … and why the first ones did not: "\"a\" is down"; NULL: none */
	const char **foreign;  /* children that are no registrations, each with what it is instead:
				  "\"readonly\" is empty"; not those that were expected */
	size_t foreign_count;
};

#endif
