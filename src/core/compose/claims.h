/*
 * Claims: what an object uses of the things that nginx has only once.
 *
 * A claim has a key. Two owners may not have the same key, with two exceptions: several `listen`s
 * of one address, when they agree (clash.h), and claims with an equal `shared`. Upstreams and sites
 * make claims by their fields, snippets and nginx.conf by their text. All are compared alike.
 */
#ifndef ZKNGINX_CORE_CLAIMS_H
#define ZKNGINX_CORE_CLAIMS_H

#include <zknginx/model.h>

enum claim_kind {
	CLAIM_LISTEN,
	CLAIM_DEFAULT,     /* default_server of an address */
	CLAIM_SERVER_NAME, /* on an address; "" = a server without a name */
	CLAIM_UPSTREAM,
	CLAIM_ZONE, /* of shared memory */
	CLAIM_LOG_FORMAT,
	CLAIM_VARIABLE,   /* that map, geo or split_clients define */
	CLAIM_DEFINITION, /* of a variable by any directive: several may define one */
};

/* Flags of a `listen`. Those before LISTEN_SIGNATURES are what nginx compares. */
enum {
	LISTEN_SSL = 1 << 0,
	LISTEN_PROXY_PROTOCOL = 1 << 1,
	LISTEN_HTTP2 = 1 << 2,
	LISTEN_OPTIONS = 1 << 3, /* socket options, which one listen of an address may have */
	LISTEN_STREAM = 1 << 4,
	LISTEN_LIVE = 1 << 5, /* the same object has it, with the same options, in the live model */
	LISTEN_SIGNATURES = 1 << 6,
	LISTEN_REUSEPORT = 1 << 6,
	LISTEN_WILDCARD = 1 << 7,
	LISTEN_DEFAULT = 1 << 8,
	LISTEN_UDP = 1 << 9,
};

struct slot;

struct claim {
	enum claim_kind kind;
	enum protocol protocol;
	const char *key;
	const char *name;    /* as in a message: what is claimed; of a LISTEN the address */
	const char *address; /* of LISTEN, DEFAULT and SERVER_NAME */
	const char *port;    /* of LISTEN: what a wildcard covers, "tcp4:80"; NULL = nothing does */
	const char *shared; /* others with an equal text may have the key as well; NULL: no other */
	unsigned listen;    /* flags */
	const char *file;   /* of nginx.conf: where */
	unsigned line;      /* of the text; 0 = the claim is not from a text */
	bool live;          /* the same object holds it in the live model */
	struct slot *slot;  /* once it is in force (slots.h); the ledger's own */
};

struct claims {
	struct arena *arena; /* of everything in it */
	struct claim *items;
	size_t count, room;
};

/* A place in a text. */
struct claim_place {
	const char *file;
	unsigned line;
};

struct claims *claims_new(struct arena *a);
void claims_add(struct claims *c, const struct claim *claim);
/* A copy of the list for a caller that sets flags in it; the strings are shared. */
struct claims *claims_again(struct arena *a, const struct claims *from);
/* A full copy in the arena, in which no claim is live. */
struct claims *claims_copy(struct arena *a, const struct claims *from);

/* A listen of a server block. */
struct claimed_listen {
	const char *address;
	unsigned flags;
	struct claim_place place;
};
/* A listen's option ("ssl", "backlog=4096"): its flags. */
unsigned claims_listen_option(const char *word, size_t size);
/* All claims of one server block. names: as in `server_name`. */
void claims_add_server(struct claims *c, enum protocol protocol,
		       const struct claimed_listen *listens, size_t listen_count,
		       const char *const *names, size_t name_count, struct claim_place place);
void claims_add_upstream(struct claims *c, enum protocol protocol, const char *name,
			 struct claim_place place);
/* The key of such a claim; the name in any case. */
const char *claims_upstream_key(struct arena *a, enum protocol protocol, const char *name);
/* shared: see struct claim. */
void claims_add_zone(struct claims *c, const char *name, const char *shared,
		     struct claim_place place);
void claims_add_name(struct claims *c, enum claim_kind kind, enum protocol protocol,
		     const char *name, const char *shared, struct claim_place place);

/* The name is without `$` and not terminated. */
void claims_add_definition(struct claims *c, enum protocol protocol, const char *name, size_t size,
			   struct claim_place place);
/* Those that a site's regular expressions and auth_request define. */
void claims_add_definitions_of_site(struct claims *c, const struct site *s);
/* The key of such a claim, and: is it among these? */
const char *claims_definition_key(struct arena *a, enum protocol protocol, const char *name,
				  size_t size);
bool claims_define(const struct claims *c, const char *key);

/* The claims of upstreams and sites, by their fields. */
struct claims *claims_of_site(struct arena *a, const struct site *s);
struct claims *claims_of_upstream(struct arena *a, const struct upstream *u);
/* claims_snippet.c: the claims of a definition or a snippet, by its text. */
struct claims *claims_of_snippet(struct arena *a, const struct snippet *s);

/* claims_part.c: the same with their `directives`; and those of a snippet that is included. */
struct claims *claims_of_whole_site(struct arena *a, const struct site *s);
struct claims *claims_of_whole_upstream(struct arena *a, const struct upstream *u);
struct claims *claims_of_included(struct arena *a, const struct snippet *s);

/*
 * claims_text.c: the claims of a text in http { } or stream { }, up to where nginx would refuse it.
 */
struct claims *claims_of_text(struct arena *a, enum protocol context, const char *text,
			      size_t size);

#endif
