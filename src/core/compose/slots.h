/*
 * Slots: each claimed key with its holders. A port knows the slots of its addresses.
 *
 * The holders of one key are kept in lists, one per signature: what nginx compares of a `listen`,
 * and otherwise whether the claim is live. So a question about an address costs the same with ten
 * servers and with ten thousand.
 */
#ifndef ZKNGINX_CORE_SLOTS_H
#define ZKNGINX_CORE_SLOTS_H

#include "ledger.h"

struct slot {
	const char *key;
	bool wildcard;       /* the address is a wildcard */
	struct hold **lists; /* by signature */
	unsigned list_count;
	uint64_t used;     /* bit i: lists[i] has had a hold */
	struct slot *next; /* the next slot of the same port; NULL: the last one */
};

struct slots;

/* In the arena, which also has to outlive the claims. slots_free() gives back the hash tables. */
struct slots *slots_new(struct arena *a);
void slots_free(struct slots *s);

/* NULL: the key has never been claimed. */
struct slot *slots_find(const struct slots *s, const char *key);
/* The first slot of a port (struct claim, `port`); NULL: there is none. port may be NULL. */
struct slot *slots_on_port(const struct slots *s, const char *port);

/* Fill in *h and add it to the holders of the claim's key. The claim is borrowed. */
void slots_enter(struct slots *s, struct hold *h, const void *owner, struct claim *c);
/* Take it out again. */
void slots_leave(struct hold *h);

#endif
