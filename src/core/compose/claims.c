/*
 * The claims of upstreams and sites, and how a claim is made. A key has everything that nginx
 * compares, in a canonical form: names in lower case, one spelling for each address.
 */
#include <stdio.h>
#include <string.h>

#include <zknginx/err.h>

#include "claims.h"
#include "core/text/listen_address.h"

#define RANGE_MAX 4096 /* ports of one listen; nginx would run out of connections long before */

static const struct claim_place no_place;

void claims_add(struct claims *c, const struct claim *claim)
{
	if (c->count == c->room) {
		struct claim *more;

		c->room = c->room ? 2 * c->room : 8;
		more = arena_array(c->arena, struct claim, c->room);
		if (c->count)
			memcpy(more, c->items, c->count * sizeof(*more));
		c->items = more;
	}
	c->items[c->count++] = *claim;
}

struct claims *claims_new(struct arena *a)
{
	struct claims *c = arena_new_of(a, struct claims);

	c->arena = a;
	return c;
}

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

struct claims *claims_again(struct arena *a, const struct claims *from)
{
	struct claims *c = claims_new(a);

	c->count = c->room = from->count;
	c->items = arena_array(c->arena, struct claim, from->count);
	if (from->count)
		memcpy(c->items, from->items, from->count * sizeof(*c->items));
	return c;
}

struct claims *claims_copy(struct arena *a, const struct claims *from)
{
	struct claims *c = claims_new(a);

	for (size_t i = 0; i < from->count; i++) {
		struct claim claim = from->items[i];

		claim.key = copy(a, claim.key);
		claim.name = copy(a, claim.name);
		claim.address = copy(a, claim.address);
		claim.port = copy(a, claim.port);
		claim.shared = copy(a, claim.shared);
		claim.file = copy(a, claim.file);
		claim.live = false;
		claim.slot = NULL;
		claim.listen &= ~(unsigned)LISTEN_LIVE;
		claims_add(c, &claim);
	}
	return c;
}

/* --- servers ---------------------------------------------------------------------------------- */

static bool is_word(const char *word, size_t size, const char *expected)
{
	return strlen(expected) == size && memcmp(word, expected, size) == 0;
}

unsigned claims_listen_option(const char *word, size_t size)
{
	static const struct {
		const char *word;
		unsigned flags;
	} flags[] = {
		{ "ssl", LISTEN_SSL },
		{ "http2", LISTEN_HTTP2 },
		{ "proxy_protocol", LISTEN_PROXY_PROTOCOL },
		{ "default_server", LISTEN_DEFAULT },
		{ "default", LISTEN_DEFAULT },
		{ "udp", LISTEN_UDP },
		{ "quic", LISTEN_UDP },
		{ "reuseport", LISTEN_OPTIONS | LISTEN_REUSEPORT },
		{ "bind", LISTEN_OPTIONS },
		{ "deferred", LISTEN_OPTIONS },
	};
	static const char *const valued[] = { "setfib=",   "fastopen=",    "backlog=",
					      "rcvbuf=",   "sndbuf=",      "accept_filter=",
					      "ipv6only=", "so_keepalive=" };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (is_word(word, size, flags[i].word))
			return flags[i].flags;
	}
	for (size_t i = 0; i < ARRAY_SIZE(valued); i++) {
		if (strncmp(word, valued[i], strlen(valued[i])) == 0)
			return LISTEN_OPTIONS;
	}
	return 0;
}

static const char *lower(struct arena *a, const char *s)
{
	char *copied = arena_strdup(a, s);

	for (char *c = copied; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return copied;
}

/* One address: the listen itself, being its default server, and each name on it. */
struct taking {
	struct claims *claims;
	struct claim claim; /* what all of them say */
};

static void take_name(const struct taking *t, const char *name)
{
	struct claim c = t->claim;

	c.kind = CLAIM_SERVER_NAME;
	c.name = name;
	c.key = arena_printf(t->claims->arena, "name %s %s %s",
			     c.protocol == PROTOCOL_STREAM ? "stream" : "http", c.address, name);
	claims_add(t->claims, &c);
}

/* ".example.com" is two names to nginx. */
static void take_server_name(const struct taking *t, const char *name)
{
	if (name[0] != '.') {
		take_name(t, name);
		return;
	}
	take_name(t, name + 1);
	take_name(t, arena_printf(t->claims->arena, "*%s", name));
}

static void take_listen(const struct taking *t, unsigned flags)
{
	struct arena *a = t->claims->arena;
	struct claim c = t->claim;

	c.kind = CLAIM_LISTEN;
	c.name = c.address;
	c.listen = flags;
	c.key = arena_printf(a, "listen %s %s", flags & LISTEN_UDP ? "udp" : "tcp", c.address);
	claims_add(t->claims, &c);
	if (!(flags & LISTEN_DEFAULT))
		return;
	c.kind = CLAIM_DEFAULT;
	c.listen = 0;
	c.key = arena_printf(a, "default %s", c.address);
	claims_add(t->claims, &c);
}

struct names {
	const char *const *items; /* in lower case */
	size_t count;
};

static void take_port(struct taking *t, const struct listen_address *address, long port,
		      const struct claimed_listen *listen, const struct names *names)
{
	struct arena *a = t->claims->arena;
	char text[LISTEN_ADDRESS_SIZE];
	unsigned flags = listen->flags;

	listen_address_print(address, port, text);
	t->claim.address = arena_strdup(a, text);
	if (address->wildcard)
		flags |= LISTEN_WILDCARD;
	t->claim.port = NULL;
	if (address->family != FAMILY_UNIX)
		t->claim.port = arena_printf(a, "%s%c:%ld", flags & LISTEN_UDP ? "udp" : "tcp",
					     address->family == FAMILY_IPV6 ? '6' : '4', port);
	take_listen(t, flags);
	/* Names are told apart by what nginx reads over TCP, whatever UDP does on that port. */
	t->claim.address =
		flags & LISTEN_UDP ? arena_printf(a, "%s (udp)", text) : t->claim.address;
	for (size_t i = 0; i < names->count; i++)
		take_server_name(t, names->items[i]);
	if (!names->count)
		take_name(t, "");
}

static struct names lower_names(struct arena *a, const char *const *names, size_t count)
{
	const char **items = arena_array(a, const char *, count);

	for (size_t i = 0; i < count; i++)
		items[i] = names[i][0] == '~' ? arena_strdup(a, names[i]) : lower(a, names[i]);
	return (struct names){ items, count };
}

void claims_add_server(struct claims *c, enum protocol protocol,
		       const struct claimed_listen *listens, size_t listen_count,
		       const char *const *names, size_t name_count, struct claim_place place)
{
	static const struct claimed_listen unsaid = { .address = "80" };
	struct names lowered = lower_names(c->arena, names, name_count);
	bool none = listen_count == 0 && protocol == PROTOCOL_HTTP;

	for (size_t i = 0; i < (none ? 1 : listen_count); i++) {
		const struct claimed_listen *l = none ? &unsaid : &listens[i];
		const struct claim_place *at = l->place.line ? &l->place : &place;
		struct taking t = {
			.claims = c,
			.claim = { .protocol = protocol, .file = at->file, .line = at->line }
		};
		struct claimed_listen listen = *l;
		struct listen_address address;

		if (protocol == PROTOCOL_STREAM)
			listen.flags |= LISTEN_STREAM;
		if (!listen_address_parse(l->address, strlen(l->address),
					  protocol == PROTOCOL_HTTP ? 80 : 0, &address))
			continue; /* nginx says why */
		for (long p = address.first; p <= address.last && p < address.first + RANGE_MAX;
		     p++)
			take_port(&t, &address, p, &listen, &lowered);
	}
}

/* --- names ------------------------------------------------------------------------------------ */

void claims_add_name(struct claims *c, enum claim_kind kind, enum protocol protocol,
		     const char *name, const char *shared, struct claim_place place)
{
	static const char *const words[] = { [CLAIM_UPSTREAM] = "upstream",
					     [CLAIM_LOG_FORMAT] = "log_format",
					     [CLAIM_VARIABLE] = "variable" };
	struct claim claim = {
		.kind = kind,
		.protocol = protocol,
		.key = arena_printf(c->arena, "%s %s %s", words[kind],
				    protocol == PROTOCOL_STREAM ? "stream" : "http", name),
		.name = arena_strdup(c->arena, name),
		.shared = shared,
		.file = place.file,
		.line = place.line,
	};

	if (kind == CLAIM_VARIABLE) /* nginx ignores the case */
		claim.key = lower(c->arena, claim.key);
	claims_add(c, &claim);
}

void claims_add_upstream(struct claims *c, enum protocol protocol, const char *name,
			 struct claim_place place)
{
	claims_add_name(c, CLAIM_UPSTREAM, protocol, lower(c->arena, name), NULL, place);
}

const char *claims_upstream_key(struct arena *a, enum protocol protocol, const char *name)
{
	return arena_printf(a, "upstream %s %s", protocol == PROTOCOL_STREAM ? "stream" : "http",
			    lower(a, name));
}

/* One set of names for http and stream. */
void claims_add_zone(struct claims *c, const char *name, const char *shared,
		     struct claim_place place)
{
	struct claim claim = {
		.kind = CLAIM_ZONE,
		.key = arena_printf(c->arena, "zone %s", name),
		.name = arena_strdup(c->arena, name),
		.shared = shared,
		.file = place.file,
		.line = place.line,
	};

	claims_add(c, &claim);
	/* the names of our limits' zones hold a digest: no text has any that begins like them */
	if (place.line && strncmp(name, LIMIT_ZONE_PREFIX, strlen(LIMIT_ZONE_PREFIX)) == 0 &&
	    strcmp(name, LIMIT_ZONE_PREFIX) != 0)
		claims_add_zone(c, LIMIT_ZONE_PREFIX, "texts", place);
}

/* --- objects ---------------------------------------------------------------------------------- */

struct claims *claims_of_upstream(struct arena *a, const struct upstream *u)
{
	struct claims *c = claims_new(a);

	claims_add_upstream(c, u->protocol, u->name, no_place);
	if (u->zone)
		claims_add_zone(c, u->name, NULL, no_place);
	else if (!u->zone_off)
		claims_add_zone(c, arena_printf(a, UPSTREAM_ZONE_PREFIX "%s", u->name), NULL,
				no_place);
	return c;
}
