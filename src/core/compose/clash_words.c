/* The sentences about a clash: what was found, which object has it, and what was expected. */
#include <string.h>

#include "clash.h"

/* "/nginx/config/sites/a", "/nginx/config/snippets/http/s (line 3)", "/etc/nginx/nginx.conf:12" */
static const char *name_of(const struct clash *c, const struct hold *h)
{
	const struct claim *claim = h->claim;
	const struct object *o = h->owner;

	if (ledger_is_host(c->ledger, h))
		return arena_printf(c->next->arena, "%s:%u", claim->file, claim->line);
	if (claim->line)
		return arena_printf(c->next->arena, "%s (line %u)", o->path, claim->line);
	return o->path;
}

/* The field of a typed object; a snippet has lines instead. */
const char *clash_field(const struct object *o, const struct claim *claim)
{
	if (o->kind != OBJECT_SITE)
		return NULL;
	switch (claim->kind) {
	case CLAIM_SERVER_NAME:
		return *claim->name ? "server_names" : "listen";
	case CLAIM_DEFAULT:
		return o->item.site->is_default ? "default" : "listen";
	case CLAIM_LISTEN:
		return "listen";
	default:
		return "locations";
	}
}

static const char *protocol_name(const struct claim *claim)
{
	return claim->protocol == PROTOCOL_STREAM ? "stream" : "http";
}

static const char *taken_name(struct arena *a, const struct claim *claim, const char *who)
{
	if (*claim->name)
		return arena_printf(a, "\"%s\" on %s is already taken by %s", claim->name,
				    claim->address, who);
	if (claim->protocol == PROTOCOL_STREAM)
		return arena_printf(a,
				    "%s is already taken by %s: expected an address that no other "
				    "stream server listens on",
				    claim->address, who);
	return arena_printf(a,
			    "%s already has a server without a name, of %s: expected "
			    "server names, or another address",
			    claim->address, who);
}

static const char *taken(struct arena *a, const struct claim *claim, const char *who)
{
	switch (claim->kind) {
	case CLAIM_SERVER_NAME:
		return taken_name(a, claim, who);
	case CLAIM_DEFAULT:
		return arena_printf(a,
				    "default_server on %s is already taken by %s: an address has "
				    "one default server",
				    claim->address, who);
	case CLAIM_UPSTREAM:
		return arena_printf(a,
				    "the upstream \"%s\" of %s is already defined by %s: expected "
				    "another name",
				    claim->name, protocol_name(claim), who);
	case CLAIM_ZONE:
		return arena_printf(a,
				    "the shared memory zone \"%s\" is already defined by %s: "
				    "expected another name (http and stream share them)",
				    claim->name, who);
	case CLAIM_LOG_FORMAT:
		return arena_printf(a,
				    "log_format \"%s\" is already defined by %s: expected another "
				    "name",
				    claim->name, who);
	default:
		return arena_printf(a,
				    "the variable %s is already defined by %s, and its value would "
				    "change there as well: expected another name",
				    claim->name, who);
	}
}

static const char *differs(struct arena *a, const struct claim *claim, const char *who,
			   unsigned bit, const char *option)
{
	if (claim->listen & bit)
		return arena_printf(a,
				    "%s has %s, but %s listens on the same address without it: "
				    "expected another address, or no %s here",
				    claim->address, option, who, option);
	return arena_printf(a,
			    "%s has no %s, but %s listens on the same address with it: expected "
			    "another address, or %s here",
			    claim->address, option, who, option);
}

static const char *in_discord(struct arena *a, const struct claim *claim, const struct rival *rival,
			      const char *who)
{
	switch (rival->discord) {
	case DISCORD_SSL:
		return differs(a, claim, who, LISTEN_SSL, "ssl");
	case DISCORD_PROXY_PROTOCOL:
		return differs(a, claim, who, LISTEN_PROXY_PROTOCOL, "proxy_protocol");
	case DISCORD_HTTP2:
		return arena_printf(
			a,
			"%s has http2, but %s listens on the same address without it, and "
			"nginx would enable HTTP/2 there as well: expected no http2 here",
			claim->address, who);
	case DISCORD_OPTIONS:
		return arena_printf(
			a,
			"the socket options of %s are already set by %s: only one listen of "
			"an address may have reuseport, ipv6only, backlog and similar options",
			claim->address, who);
	case DISCORD_PROTOCOL:
		return arena_printf(
			a,
			"%s of %s cannot listen together with %s of %s, of %s: expected "
			"another port",
			claim->address, protocol_name(claim), rival->hold->claim->address,
			protocol_name(rival->hold->claim), who);
	case DISCORD_BIND:
		return arena_printf(
			a,
			"%s cannot listen together with %s, of %s: an address with socket "
			"options needs a socket of its own, which is not possible on a "
			"port with a wildcard",
			claim->address, rival->hold->claim->address, who);
	default:
		return taken(a, claim, who);
	}
}

const char *clash_explain(const struct clash *c, const struct claim *claim,
			  const struct rival *rival)
{
	return in_discord(c->next->arena, claim, rival, name_of(c, rival->hold));
}

const char *clash_explain_shadow(const struct clash *c, const struct claim *claim,
				 const struct hold *host)
{
	struct arena *a = c->next->arena;

	return arena_printf(a, "%s; nginx runs both and uses one of them: remove one of the two",
			    taken(a, claim, name_of(c, host)));
}
