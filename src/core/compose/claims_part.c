/* The claims of texts that go into a server, a location or an upstream. */
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

void claims_add_site_lines(struct claims *c, const struct site *s)
{
	add_lines(c, s->protocol, BLOCK_SERVER, &s->raw);
	for (size_t i = 0; i < s->location_count; i++)
		add_lines(c, s->protocol, BLOCK_OTHER, &s->locations[i].raw);
}

void claims_add_upstream_lines(struct claims *c, const struct upstream *u)
{
	add_lines(c, u->protocol, BLOCK_UPSTREAM, &u->raw);
}

struct claims *claims_of_snippet_text(struct arena *a, const struct snippet *s)
{
	struct claims *c;

	if (s->place == SNIPPET_WHOLE)
		return claims_of_text(a, s->context, s->text, strlen(s->text));
	c = arena_new_of(a, struct claims);
	*c = (struct claims){ .arena = a };
	add_text(c, s->context, s->place == SNIPPET_SERVER ? BLOCK_SERVER : BLOCK_OTHER, s->text,
		 true);
	return c;
}
