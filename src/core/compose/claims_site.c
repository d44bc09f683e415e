/* The claims of a site: its addresses and names, and what zknginxd defines for it. */
#include <string.h>

#include "claims.h"
#include "core/data/content_type.h"
#include "core/data/cors.h"
#include "core/data/split.h"
#include "core/text/emit.h"

static const struct claim_place no_place;

static unsigned option_flags(const char *options)
{
	unsigned flags = 0;

	while (*options) {
		size_t size = strcspn(options, " ");

		flags |= claims_listen_option(options, size);
		options += size + (options[size] == ' ');
	}
	return flags;
}

static bool has_limit(const struct site *s)
{
	for (size_t i = 0; i < s->location_count; i++) {
		if (s->locations[i].limit_rate || s->locations[i].limit_connections)
			return true;
	}
	return false;
}

static void add_zones(struct claims *c, const struct site *s)
{
	bool stream = s->protocol == PROTOCOL_STREAM;

	if (s->certificate)
		claims_add_zone(c, stream ? STREAM_TLS_ZONE : TLS_ZONE,
				stream ? "stream ssl 10485760" : "http ssl 10485760", no_place);
	for (size_t i = 0; i < s->location_count; i++) {
		const struct location *l = &s->locations[i];

		if (l->cache_zone)
			claims_add_zone(c,
					arena_printf(c->arena, CACHE_ZONE_PREFIX "%s%s",
						     l->cache_zone, location_cache_suffix(l)),
					"zknginxd", no_place);
	}
	if (has_limit(s))
		claims_add_zone(c, LIMIT_ZONE_PREFIX, "zknginxd", no_place);
}

static bool has_websocket(const struct site *s)
{
	for (size_t i = 0; i < s->location_count; i++) {
		if (s->locations[i].websocket)
			return true;
	}
	return false;
}

static void add_type_variables(struct claims *c, const struct site *s)
{
	char variable[CONTENT_TYPE_VARIABLE_SIZE];
	const char *value;

	for (size_t i = 0; i < s->location_count; i++) {
		if (location_content_type(&s->locations[i], &value) != CONTENT_TYPE_MAPPED)
			continue;
		content_type_variable(value, variable);
		claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_HTTP,
				arena_printf(c->arena, "$%s", variable), "zknginxd", no_place);
	}
}

static void add_variable(struct claims *c, const char *name)
{
	claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_HTTP, arena_printf(c->arena, "$%s", name),
			"zknginxd", no_place);
}

static void add_variables_of_location(struct claims *c, const struct location *l)
{
	char cors[CORS_VARIABLE_SIZE], split[SPLIT_VARIABLE_SIZE];

	if (l->cors)
		add_variable(c, &PREFLIGHT[1]);
	if (l->cors && !l->cors->any) {
		cors_variable(l->cors, cors);
		add_variable(c, cors);
	}
	for (size_t i = 1; l->split && i <= split_steps(l->split); i++) {
		split_variable(l, i, split);
		add_variable(c, split);
	}
}

static void add_variables(struct claims *c, const struct site *s)
{
	for (size_t i = 0; i < s->location_count; i++)
		add_variables_of_location(c, &s->locations[i]);
	claims_add_definitions_of_site(c, s);
	add_type_variables(c, s);
	if (has_websocket(s))
		claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_HTTP, WEBSOCKET_VARIABLE, "zknginxd",
				no_place);
	if (site_uses_dollar(s))
		claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_HTTP, "$" DOLLAR_VARIABLE, "zknginxd",
				no_place);
}

struct claims *claims_of_site(struct arena *a, const struct site *s)
{
	struct claims *c = claims_new(a);
	struct claimed_listen *listens = arena_array(a, struct claimed_listen, s->listen_count);

	for (size_t i = 0; i < s->listen_count; i++) {
		listens[i].address = s->listens[i].address;
		listens[i].flags = option_flags(s->listens[i].options);
		if (s->is_default)
			listens[i].flags |= LISTEN_DEFAULT;
	}
	claims_add_server(c, s->protocol, listens, s->listen_count, s->server_names,
			  s->server_name_count, no_place);
	add_zones(c, s);
	add_variables(c, s);
	return c;
}
