/*
 * The ledger: which claims are in force, and which of them make another claim impossible.
 *
 * An address has as many holders as there are servers on it (slots.h).
 */
#ifndef ZKNGINX_CORE_LEDGER_H
#define ZKNGINX_CORE_LEDGER_H

#include "claims.h"

struct ledger;

/* One claim of an owner that is in force. */
struct hold {
	const struct claim *claim;
	const void *owner;
	struct hold **list; /* the list that it is in (slots.h) */
	struct hold *prev, *next;
};

/* Why two claims exclude each other. */
enum discord {
	DISCORD_NONE,
	DISCORD_TAKEN,          /* the key itself */
	DISCORD_SSL,            /* one of them has ssl, the other one has not */
	DISCORD_PROXY_PROTOCOL, /* the same with proxy_protocol */
	DISCORD_HTTP2,          /* it would switch on HTTP/2 for live servers without it */
	DISCORD_OPTIONS,        /* both set socket options */
	DISCORD_PROTOCOL,       /* http against stream */
	DISCORD_BIND, /* one of them needs a socket of its own, and the other is the wildcard */
};

struct rival {
	enum discord discord; /* DISCORD_NONE: there is none */
	const struct hold *hold;
};

/*
 * Everything is in the arena. host: what nginx.conf claims, which is copied; NULL: not known.
 * ledger_free() gives back what is not in the arena.
 */
struct ledger *ledger_new(struct arena *a, const struct claims *host);
void ledger_free(struct ledger *l);

/*
 * All claims of an owner are in force from now on; borrows them. Returns one hold for each, in
 * their order, for ledger_release().
 */
struct hold *ledger_take(struct ledger *l, const void *owner, const struct claims *claims);
void ledger_release(struct hold *holds, size_t count);

/* Is this a claim of nginx.conf? */
bool ledger_is_host(const struct ledger *l, const struct hold *h);

/* A claim in force that makes this one impossible. Only nginx.conf does that to a live claim. */
struct rival ledger_stronger(const struct ledger *l, const void *owner, const struct claim *claim);
/* A claim in force that this one makes impossible: this one is live, the other one is not. */
struct rival ledger_weaker(const struct ledger *l, const void *owner, const struct claim *claim);
/*
 * The same claim of nginx.conf, where this one is live and nginx accepts both: it uses one of the
 * two and at most writes a warning. NULL: there is none.
 */
const struct hold *ledger_shadow(const struct ledger *l, const struct claim *claim);

/* Has nginx.conf an http server on this address? */
bool ledger_host_serves(const struct ledger *l, const char *address);
/* Any holder of the key; NULL: it has none. */
const struct hold *ledger_holder(const struct ledger *l, const char *key);
/*
 * The first hold on a port (struct claim, `port`): of a wildcard, or of an address that is none.
 * live: only those that are in the live model as well. NULL: there is none.
 */
const struct hold *ledger_on_port(const struct ledger *l, const char *port, bool wildcard,
				  bool live);

#endif
