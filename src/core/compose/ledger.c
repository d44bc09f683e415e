/*
 * See ledger.h. Entering and releasing claims is slots.h's; most of this file answers questions:
 * which claim makes another one impossible.
 */
#include <string.h>

#include "ledger.h"
#include "slots.h"

struct ledger {
	struct arena *arena;
	struct slots *slots;
	const void *host; /* the owner of nginx.conf's claims */
	bool host_names;  /* … which has upstreams or zones */
};

struct hold *ledger_take(struct ledger *l, const void *owner, const struct claims *claims)
{
	struct hold *holds = arena_array(l->arena, struct hold, claims->count);

	for (size_t i = 0; i < claims->count; i++)
		slots_enter(l->slots, &holds[i], owner, &claims->items[i]);
	return holds;
}

void ledger_release(struct hold *holds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		slots_leave(&holds[i]);
}

/* No claim of another kind has the same key. */
static bool is_named(const struct claim *c)
{
	return c->kind == CLAIM_UPSTREAM || c->kind == CLAIM_ZONE;
}

struct ledger *ledger_new(struct arena *a, const struct claims *host)
{
	struct ledger *l = arena_new_of(a, struct ledger);
	struct claims *claims;

	l->arena = a;
	l->slots = slots_new(a);
	l->host = l;
	if (!host)
		return l;
	claims = claims_copy(a, host);
	for (size_t i = 0; i < claims->count; i++) {
		claims->items[i].live = true;
		if (claims->items[i].kind == CLAIM_LISTEN)
			claims->items[i].listen |= LISTEN_LIVE;
		l->host_names |= is_named(&claims->items[i]);
	}
	ledger_take(l, l->host, claims);
	return l;
}

void ledger_free(struct ledger *l)
{
	slots_free(l->slots);
}

bool ledger_is_host(const struct ledger *l, const struct hold *h)
{
	return h->owner == l->host;
}

/* --- questions -------------------------------------------------------------------------------- */

static const struct slot *slot_of(const struct ledger *l, const struct claim *c)
{
	return c->slot ?: slots_find(l->slots, c->key);
}

/* Which claims a question is about. */
enum among {
	ALL,
	LIVE,
	NOT_LIVE,
	HOST, /* those of nginx.conf */
};

struct question {
	const struct ledger *ledger;
	const void *owner; /* who asks: its own claims are no rivals */
	const struct claim *claim;
	enum among among;
};

static const struct hold *first_in(const struct question *q, const struct hold *h)
{
	if (q->among == HOST)
		return h && h->owner == q->ledger->host ? h : NULL;
	while (h && h->owner == q->owner)
		h = h->next;
	return h;
}

/* A holder of the slot with (signature & mask) == want. */
static const struct hold *find(const struct question *q, const struct slot *s, unsigned mask,
			       unsigned want)
{
	if (q->among == LIVE || q->among == NOT_LIVE) {
		mask |= LISTEN_LIVE;
		want |= q->among == LIVE ? LISTEN_LIVE : 0;
	}
	for (unsigned i = 0; s && i < s->list_count; i++) {
		const struct hold *h;

		if (!(s->used & UINT64_C(1) << i) || (i & mask) != want)
			continue;
		h = first_in(q, s->lists[i]);
		if (h)
			return h;
	}
	return NULL;
}

static const struct hold *find_among(const struct question *q, enum among among,
				     const struct slot *s, unsigned mask, unsigned want)
{
	struct question other = *q;

	other.among = among;
	return find(&other, s, mask, want);
}

/*
 * A rival in an option that belongs to the whole address: its holder has the opposite value, and no
 * earlier holder has ours. Live servers may differ, because nginx has accepted them so; then both
 * values are known there.
 */
static const struct hold *find_opposite(const struct question *q, const struct slot *s,
					unsigned bit)
{
	bool mine = q->claim->listen & bit;
	unsigned want = mine ? 0 : bit;
	const struct hold *h = find(q, s, bit, want);

	if (!h)
		return NULL;
	if (q->among == NOT_LIVE)
		return find_among(q, LIVE, s, bit, want) ? NULL : h;
	return mine && find(q, s, bit, bit) ? NULL : h;
}

/* nginx speaks HTTP/2 on the whole address as soon as one listen has http2. */
static const struct hold *find_http2(const struct question *q, const struct slot *s)
{
	bool mine = q->claim->listen & LISTEN_HTTP2;

	if (q->among == NOT_LIVE)
		return mine || find_among(q, LIVE, s, LISTEN_HTTP2, LISTEN_HTTP2)
			       ? NULL
			       : find(q, s, LISTEN_HTTP2, LISTEN_HTTP2);
	if (!mine || find(q, s, LISTEN_HTTP2, LISTEN_HTTP2))
		return NULL;
	return find_among(q, LIVE, s, LISTEN_HTTP2, 0);
}

static bool reuses_port(const struct slot *s)
{
	for (unsigned i = 0; i < s->list_count; i++) {
		for (const struct hold *h = s->lists[i]; h && (i & LISTEN_OPTIONS); h = h->next) {
			if (h->claim->listen & LISTEN_REUSEPORT)
				return true;
		}
	}
	return false;
}

/*
 * Within one protocol, a wildcard also serves the other addresses of its port. But an address with
 * socket options gets a socket of its own, and the kernel does not allow that together with the
 * wildcard unless both have reuseport.
 */
static const struct hold *find_bind(const struct question *q, const struct slot *s)
{
	bool wildcard = q->claim->listen & LISTEN_WILDCARD;
	const struct hold *h = NULL;

	if (wildcard)
		h = find(q, s, LISTEN_OPTIONS, LISTEN_OPTIONS);
	else if (q->claim->listen & LISTEN_OPTIONS)
		h = find(q, s, 0, 0);
	if (h && (q->claim->listen & LISTEN_REUSEPORT) && reuses_port(s))
		return NULL;
	return h;
}

/* A rival on another address of the same port, where one of the two addresses is a wildcard. */
static struct rival find_on_port(const struct question *q, const struct slot *own)
{
	bool wildcard = q->claim->listen & LISTEN_WILDCARD;
	unsigned other = ~q->claim->listen & LISTEN_STREAM;
	const struct slot *s = slots_on_port(q->ledger->slots, q->claim->port);
	const struct hold *h;

	for (; s; s = s->next) {
		if (s == own || (!wildcard && !s->wildcard))
			continue;
		h = find(q, s, LISTEN_STREAM, other);
		if (h)
			return (struct rival){ DISCORD_PROTOCOL, h };
		h = find_bind(q, s);
		if (h)
			return (struct rival){ DISCORD_BIND, h };
	}
	return (struct rival){ 0 };
}

static struct rival find_on_address(const struct question *q, const struct slot *s)
{
	unsigned other = ~q->claim->listen & LISTEN_STREAM;
	const struct hold *h = find(q, s, LISTEN_STREAM, other);

	if (h)
		return (struct rival){ DISCORD_PROTOCOL, h };
	h = q->claim->listen & LISTEN_OPTIONS ? find(q, s, LISTEN_OPTIONS, LISTEN_OPTIONS) : NULL;
	if (h)
		return (struct rival){ DISCORD_OPTIONS, h };
	if (q->among == HOST)
		return (struct rival){ 0 }; /* nginx accepts the rest: it runs both now */
	h = find_opposite(q, s, LISTEN_SSL);
	if (h)
		return (struct rival){ DISCORD_SSL, h };
	h = find_opposite(q, s, LISTEN_PROXY_PROTOCOL);
	if (h)
		return (struct rival){ DISCORD_PROXY_PROTOCOL, h };
	h = find_http2(q, s);
	return (struct rival){ h ? DISCORD_HTTP2 : DISCORD_NONE, h };
}

static struct rival find_listen(const struct question *q)
{
	const struct slot *s = slot_of(q->ledger, q->claim);
	struct rival r = s ? find_on_address(q, s) : (struct rival){ 0 };

	return r.discord ? r : find_on_port(q, s);
}

static bool is_shared(const struct claim *a, const struct claim *b)
{
	return a->shared && b->shared && strcmp(a->shared, b->shared) == 0;
}

/* Of two servers of one name, and of two definitions of one variable, nginx uses one. */
static bool is_tolerated(const struct claim *c)
{
	return c->live && ((c->kind == CLAIM_SERVER_NAME && c->protocol == PROTOCOL_HTTP) ||
			   c->kind == CLAIM_VARIABLE);
}

static const struct hold *find_holder(const struct question *q, const struct slot *s)
{
	const struct hold *h = NULL;

	if (s && q->among != LIVE)
		h = first_in(q, s->lists[0]);
	if (s && !h && q->among != NOT_LIVE)
		h = first_in(q, s->lists[1]);
	return h && !is_shared(h->claim, q->claim) ? h : NULL;
}

static struct rival ask(const struct question *q)
{
	const struct hold *h;

	if (q->claim->kind == CLAIM_LISTEN)
		return find_listen(q);
	if (q->among == HOST &&
	    (is_tolerated(q->claim) || (is_named(q->claim) && !q->ledger->host_names)))
		return (struct rival){ 0 };
	h = find_holder(q, slot_of(q->ledger, q->claim));
	return (struct rival){ h ? DISCORD_TAKEN : DISCORD_NONE, h };
}

static bool is_live(const struct claim *c)
{
	return c->kind == CLAIM_LISTEN ? c->listen & LISTEN_LIVE : c->live;
}

struct rival ledger_stronger(const struct ledger *l, const void *owner, const struct claim *claim)
{
	struct question q = { l, owner, claim, is_live(claim) ? HOST : ALL };

	return ask(&q);
}

struct rival ledger_weaker(const struct ledger *l, const void *owner, const struct claim *claim)
{
	struct question q = { l, owner, claim, NOT_LIVE };

	return is_live(claim) ? ask(&q) : (struct rival){ 0 };
}

const struct hold *ledger_shadow(const struct ledger *l, const struct claim *claim)
{
	struct question q = { l, NULL, claim, HOST };

	return is_tolerated(claim) ? find_holder(&q, slot_of(l, claim)) : NULL;
}

bool ledger_host_serves(const struct ledger *l, const char *address)
{
	struct claim none = { .kind = CLAIM_LISTEN };
	struct question q = { l, NULL, &none, HOST };
	char key[512] = "listen tcp ";

	if (strlen(address) >= sizeof(key) - strlen(key))
		return false;
	strcat(key, address);
	return find(&q, slots_find(l->slots, key), LISTEN_STREAM, 0);
}

const struct hold *ledger_holder(const struct ledger *l, const char *key)
{
	const struct slot *s = slots_find(l->slots, key);

	for (unsigned i = 0; s && i < s->list_count; i++) {
		if (s->lists[i])
			return s->lists[i];
	}
	return NULL;
}

const struct hold *ledger_on_port(const struct ledger *l, const char *port, bool wildcard,
				  bool live)
{
	struct claim none = { .kind = CLAIM_LISTEN };
	struct question q = { l, NULL, &none, live ? LIVE : ALL };
	const struct slot *s = slots_on_port(l->slots, port);

	for (; s; s = s->next) {
		const struct hold *h = s->wildcard == wildcard ? find(&q, s, 0, 0) : NULL;

		if (h)
			return h;
	}
	return NULL;
}
