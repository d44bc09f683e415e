/*
 * The claims of a definition or a snippet. Both are nginx text, which is read; but nobody has
 * written that of a definition, and its zones are zknginxd's own.
 */
#include <string.h>

#include "claims.h"
#include "core/text/emit.h"

static void add_zones(struct claims *c, const struct snippet *s)
{
	static const struct claim_place no_place;

	if (s->kind == CONFIG_CACHE)
		claims_add_zone(c, arena_printf(c->arena, CACHE_ZONE_PREFIX "%s", s->name),
				"zknginxd", no_place);
	if (s->kind != CONFIG_LIMIT)
		return;
	claims_add_zone(c, s->definition->zone, NULL, no_place);
	claims_add_zone(c, LIMIT_ZONE_PREFIX, "zknginxd", no_place);
}

/* Of its text that nobody has written, so a line in it means nothing to anyone. */
static struct claims *claims_of_definition(struct arena *a, const struct snippet *s)
{
	struct claims *all = claims_of_text(a, s->context, s->text, strlen(s->text));
	struct claims *c = claims_new(a);

	for (size_t i = 0; i < all->count; i++) {
		struct claim claim = all->items[i];

		claim.line = 0;
		if (claim.kind != CLAIM_ZONE)
			claims_add(c, &claim);
	}
	add_zones(c, s);
	if (snippet_uses_dollar(s))
		claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_HTTP, "$" DOLLAR_VARIABLE, "zknginxd",
				(struct claim_place){ 0 });
	return c;
}

struct claims *claims_of_snippet(struct arena *a, const struct snippet *s)
{
	if (s->definition)
		return claims_of_definition(a, s);
	return snippet_is_included(s->kind)
		       ? claims_of_included(a, s)
		       : claims_of_text(a, s->context, s->text, strlen(s->text));
}
