/* What the two files of the ledger share: a slot is a key with its holders; a port knows the slots
 * of its addresses. */
#ifndef ZKNGINX_CORE_LEDGER_PARTS_H
#define ZKNGINX_CORE_LEDGER_PARTS_H

#include <zknginx/err.h>

#define HASH_FUNCTION HASH_FNV /* the default one falls through its switches */
#include <uthash.h>

#undef uthash_fatal
#define uthash_fatal(message) die("uthash: %s", message)

#include "ledger.h"

struct slot {
	const char *key;
	bool wildcard;
	struct hold **lists; /* by signature */
	unsigned list_count;
	uint64_t used;     /* lists that have had a hold */
	struct slot *next; /* of the same port */
	struct port *port;
	UT_hash_handle hh;
};

struct port {
	const char *key;
	struct slot *slots;
	UT_hash_handle hh;
};

struct ledger {
	struct arena *arena;
	struct slot *slots;
	struct port *ports;
	const void *host; /* the owner of nginx.conf's claims */
};

struct slot *ledger_slot(const struct ledger *l, const char *key);
struct port *ledger_port(const struct ledger *l, const char *key);

#endif
