/*
 * Definitions of variables. Other than a claim, a definition is not exclusive: each of its owners
 * makes the variable known.
 */
#include <string.h>

#include "claims.h"

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

bool claims_define(const struct claims *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->items[i].kind == CLAIM_DEFINITION && strcmp(c->items[i].key, key) == 0)
			return true;
	}
	return false;
}
