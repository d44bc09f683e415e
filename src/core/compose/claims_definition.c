/*
 * Definitions of variables. Other than a claim, a definition is not exclusive: each of its owners
 * makes the variable known.
 */
#include <string.h>

#include "claims.h"
#include "core/text/regex_text.h"

const char *claims_definition_key(struct arena *a, enum protocol protocol, const char *name,
				  size_t size)
{
	char *key = arena_strdup(a, arena_printf(a, "defines %s %.*s",
						 protocol == PROTOCOL_STREAM ? "stream" : "http",
						 (int)size, name));

	for (char *c = key; *c; c++) /* nginx ignores the case */
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return key;
}

void claims_add_definition(struct claims *c, enum protocol protocol, const char *name, size_t size,
			   struct claim_place place)
{
	struct claim claim = {
		.kind = CLAIM_DEFINITION,
		.protocol = protocol,
		.key = claims_definition_key(c->arena, protocol, name, size),
		.shared = "definition",
		.file = place.file,
		.line = place.line,
	};

	claim.name = strrchr(claim.key, ' ') + 1;
	claims_add(c, &claim);
}

static void add_groups(struct claims *c, const char *regex)
{
	static const struct claim_place no_place;
	size_t size;

	for (const char *at = regex; (at = regex_text_next_name(at, &size)); at += size)
		claims_add_definition(c, PROTOCOL_HTTP, at, size, no_place);
}

static void add_set(struct claims *c, const struct common *common)
{
	static const struct claim_place no_place;

	for (size_t i = 0; i < common->lines.count; i++) {
		const struct clause *s = &common->lines.items[i];

		if (strcmp(s->directive, "auth_request_set") == 0)
			claims_add_definition(c, PROTOCOL_HTTP, s->words[0] + 1,
					      strlen(s->words[0] + 1), no_place);
	}
}

void claims_add_definitions_of_site(struct claims *c, const struct site *s)
{
	add_set(c, &s->common);
	for (size_t i = 0; i < s->server_name_count; i++) {
		if (s->server_names[i][0] == '~')
			add_groups(c, s->server_names[i]);
	}
	for (size_t i = 0; i < s->location_count; i++)
		add_set(c, &s->locations[i].common);
}

bool claims_define(const struct claims *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].kind == CLAIM_DEFINITION && strcmp(c->items[i].key, key) == 0)
			return true;
	}
	return false;
}
