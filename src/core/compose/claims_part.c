/*
 * The claims of whole objects: of their fields (claims.c), of texts that go into a server, a
 * location or an upstream, and of variables that zknginxd defines for them.
 */
#include <string.h>

#include "claims_text.h"

/* `line`: false where the text has no lines of its own, as it is a field of an object. */
static void add_text(struct claims *c, enum protocol protocol, enum text_block block,
		     const char *text, bool line)
{
	size_t before = c->count;
	struct text_reader r;

	text_reader_init(&r, c, block);
	r.protocol = protocol;
	text_reader_read(&r, text, strlen(text));
	for (size_t i = before; !line && i < c->count; i++)
		c->items[i].line = 0;
}

static void add_lines(struct claims *c, enum protocol protocol, enum text_block block,
		      const struct raw_lines *raw)
{
	for (size_t i = 0; i < raw->directive_count; i++)
		add_text(c, protocol, block, raw->directives[i], false);
}

static const struct claim_place no_place;

struct claims *claims_of_whole_site(struct arena *a, const struct site *s)
{
	struct claims *c = claims_of_site(a, s);
	char sni[SNI_VARIABLE_SIZE];

	if (s->stream.sni_count) {
		site_sni_variable(s, sni);
		claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_STREAM, sni, "zknginxd", no_place);
	}
	add_lines(c, s->protocol, BLOCK_SERVER, &s->raw);
	for (size_t i = 0; i < s->location_count; i++)
		add_lines(c, s->protocol, BLOCK_OTHER, &s->locations[i].raw);
	return c;
}

static void add_sticky(struct claims *c, const char *cookie)
{
	const char *name = arena_printf(c->arena, "$" STICKY_VARIABLE_PREFIX "%s", cookie);

	claims_add_name(c, CLAIM_VARIABLE, PROTOCOL_HTTP, name, "zknginxd", no_place);
	claims_add_definition(c, PROTOCOL_HTTP, name + 1, strlen(name + 1), no_place);
}

struct claims *claims_of_whole_upstream(struct arena *a, const struct upstream *u)
{
	struct claims *c = claims_of_upstream(a, u);

	if (u->sticky_cookie)
		add_sticky(c, u->sticky_cookie);
	add_lines(c, u->protocol, BLOCK_UPSTREAM, &u->raw);
	return c;
}

struct claims *claims_of_included(struct arena *a, const struct snippet *s)
{
	struct claims *c = claims_new(a);

	add_text(c, s->context, s->kind == CONFIG_SERVER_SNIPPET ? BLOCK_SERVER : BLOCK_OTHER,
		 s->text, true);
	return c;
}
