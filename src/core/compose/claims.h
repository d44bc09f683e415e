/*
 * Claims: what an object takes of the things that nginx has only once.
 *
 * A claim has a key. Two owners may not hold one key, with these exceptions: `listen`s of one
 * address go together when they agree (clash.h), and so do zones that say the same in
 * `shared`. Objects make claims by their fields, snippets and nginx.conf by their text; they are
 * compared without a difference.
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
	CLAIM_VARIABLE, /* that map, geo or split_clients define */
};

/* Of a `listen`. Those before LISTEN_SIGNATURES tell apart what nginx compares. */
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

struct claim {
	enum claim_kind kind;
	enum protocol protocol;
	const char *key;
	const char *name;    /* as in a message: what is claimed; of a LISTEN the address */
	const char *address; /* of LISTEN, DEFAULT and SERVER_NAME */
	const char *port;    /* of LISTEN: what a wildcard covers, "tcp4:80"; NULL = nothing does */
	const char *shared;  /* NULL: with nobody */
	unsigned listen;     /* flags */
	const char *file;    /* of nginx.conf: where */
	unsigned line;       /* of the text; 0 = the claim is not from a text */
	bool live;           /* the same object holds it in the live model */
};

struct claims {
	struct arena *arena; /* of everything in it */
	struct claim *items;
	size_t count, room;
};

/* Where in a text. */
struct claim_place {
	const char *file;
	unsigned line;
};

void claims_add(struct claims *c, const struct claim *claim);
/* The same claims, for somebody who marks them; the strings are shared. */
struct claims *claims_again(const struct claims *from);
/* A copy in the arena, none of it live. */
struct claims *claims_copy(struct arena *a, const struct claims *from);

/* Of a server block: the address as nginx takes it, and flags. */
struct claimed_listen {
	const char *address;
	unsigned flags;
	struct claim_place place;
};
/* A listen's option ("ssl", "backlog=4096"): its flags. */
unsigned claims_listen_option(const char *word, size_t size);
/* Names in nginx's words. */
void claims_add_server(struct claims *c, enum protocol protocol,
		       const struct claimed_listen *listens, size_t listen_count,
		       const char *const *names, size_t name_count, struct claim_place place);
void claims_add_upstream(struct claims *c, enum protocol protocol, const char *name,
			 struct claim_place place);
/* shared: who may have it as well says the same; NULL = nobody. */
void claims_add_zone(struct claims *c, const char *name, const char *shared,
		     struct claim_place place);
void claims_add_name(struct claims *c, enum claim_kind kind, enum protocol protocol,
		     const char *name, const char *shared, struct claim_place place);

/* What typed objects claim. */
struct claims *claims_of_site(struct arena *a, const struct site *s);
struct claims *claims_of_upstream(struct arena *a, const struct upstream *u);

/* claims_text.c: what a text of http { } or stream { } claims. It ends where nginx would refuse it.
 */
struct claims *claims_of_text(struct arena *a, enum protocol context, const char *text,
			      size_t size);

#endif
