/*
 * The ledger: who holds what at the moment, and who stands in the way of a claim.
 *
 * An address has as many holders as there are servers on it. They are kept by signature (what
 * nginx compares of their `listen`s), so a question costs the same with ten servers and with ten
 * thousand.
 */
#ifndef ZKNGINX_CORE_LEDGER_H
#define ZKNGINX_CORE_LEDGER_H

#include "claims.h"

struct ledger;
struct slot;

/* One claim of an owner that is in force. */
struct hold {
	const struct claim *claim;
	const void *owner;
	struct slot *slot;
	struct hold **list; /* that it is in */
	struct hold *prev, *next;
};

/* Why two claims do not go together. */
enum discord {
	DISCORD_NONE,
	DISCORD_TAKEN,          /* the key itself */
	DISCORD_SSL,            /* one of them has it, the other has not */
	DISCORD_PROXY_PROTOCOL, /* … */
	DISCORD_HTTP2,          /* it would bring it to servers that live without */
	DISCORD_OPTIONS,        /* both set socket options */
	DISCORD_PROTOCOL,       /* http against stream */
	DISCORD_BIND,           /* a socket of its own beside the wildcard's */
};

struct rival {
	enum discord discord; /* DISCORD_NONE: there is none */
	const struct hold *hold;
};

/* Everything lives in the arena. host: what nginx.conf holds; may be NULL. */
struct ledger *ledger_new(struct arena *a, const struct claims *host);
void ledger_free(struct ledger *l);

/* Enter all claims of an owner; the list is for ledger_release(). */
struct hold *ledger_take(struct ledger *l, const void *owner, const struct claims *claims);
void ledger_release(struct hold *holds, size_t count);

/* Is this nginx.conf's? */
bool ledger_is_host(const struct ledger *l, const struct hold *h);

/* Who makes this claim impossible? A live claim gives way to nginx.conf alone. */
struct rival ledger_stronger(const struct ledger *l, const void *owner, const struct claim *claim);
/* Who has to give way to it? */
struct rival ledger_weaker(const struct ledger *l, const void *owner, const struct claim *claim);
/*
 * A live claim that nginx.conf makes as well, and that nginx puts up with: it takes one of the two
 * and warns at most. NULL: there is none.
 */
const struct hold *ledger_shadow(const struct ledger *l, const struct claim *claim);

/* Is there a server of nginx.conf, of http, on this address? */
bool ledger_host_serves(const struct ledger *l, const char *address);
/* Who holds this key; any of them. */
const struct hold *ledger_holder(const struct ledger *l, const char *key);
/* The first hold on a port (struct claim, `port`) that is a wildcard's, or not; live: that is in
 * the live model too. */
const struct hold *ledger_on_port(const struct ledger *l, const char *port, bool wildcard,
				  bool live);

#endif
