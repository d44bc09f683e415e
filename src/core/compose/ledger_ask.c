/* See ledger.h: who stands in the way of whom. Nothing is changed here. */
#include <string.h>

#include "ledger_parts.h"

/* Whom a question is about. */
enum among {
	ALL,
	LIVE,
	NOT_LIVE,
	HOST, /* nginx.conf */
};

struct question {
	const struct ledger *ledger;
	const void *owner; /* who asks: nobody is his own rival */
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

/* A holder of the slot whose signature has these bits. */
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
 * Who says the opposite about an option of the whole address, with nobody before him who says the
 * same? Live servers may well differ (nginx has taken them so): then either is known there.
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

/* nginx speaks HTTP/2 on the whole address as soon as one listen says so. */
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
 * Of one protocol a wildcard serves its port's other addresses as well; but an address with
 * socket options is bound by itself, which the kernel does not allow beside the wildcard unless
 * both have reuseport.
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

/* Those on the same port that one of the two, as a wildcard, covers. */
static struct rival find_on_port(const struct question *q, const struct slot *own)
{
	bool wildcard = q->claim->listen & LISTEN_WILDCARD;
	unsigned other = ~q->claim->listen & LISTEN_STREAM;
	const struct port *p = ledger_port(q->ledger, q->claim->port);
	const struct hold *h;

	for (const struct slot *s = p ? p->slots : NULL; s; s = s->next) {
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
		return (struct rival){ 0 }; /* what lives beside it already may go on */
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
	const struct slot *s = ledger_slot(q->ledger, q->claim->key);
	struct rival r = s ? find_on_address(q, s) : (struct rival){ 0 };

	return r.discord ? r : find_on_port(q, s);
}

static bool is_shared(const struct claim *a, const struct claim *b)
{
	return a->shared && b->shared && strcmp(a->shared, b->shared) == 0;
}

/* Two servers of one name, and two definitions of one variable: nginx takes one of them. */
static bool is_borne(const struct claim *c)
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
	if (q->among == HOST && is_borne(q->claim))
		return (struct rival){ 0 };
	h = find_holder(q, ledger_slot(q->ledger, q->claim->key));
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

	return is_borne(claim) ? find_holder(&q, ledger_slot(l, claim->key)) : NULL;
}

bool ledger_host_serves(const struct ledger *l, const char *address)
{
	struct claim none = { .kind = CLAIM_LISTEN };
	struct question q = { l, NULL, &none, HOST };
	char key[512] = "listen tcp ";

	if (strlen(address) >= sizeof(key) - strlen(key))
		return false;
	strcat(key, address);
	return find(&q, ledger_slot(l, key), LISTEN_STREAM, 0);
}

const struct hold *ledger_holder(const struct ledger *l, const char *key)
{
	const struct slot *s = ledger_slot(l, key);

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
	const struct port *p = ledger_port(l, port);

	for (const struct slot *s = p ? p->slots : NULL; s; s = s->next) {
		const struct hold *h = s->wildcard == wildcard ? find(&q, s, 0, 0) : NULL;

		if (h)
			return h;
	}
	return NULL;
}
