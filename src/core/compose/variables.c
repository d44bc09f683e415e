/* See variables.h. */
#include "variables.h"
#include "core/text/emit.h"
#include "core/text/variable.h"

struct visit {
	struct variable_use use; /* where the text is */
	bool (*on_use)(void *ctx, const struct variable_use *u);
	void *ctx;
};

static bool visit_text(struct visit *v, const char *text)
{
	size_t size;

	for (const char *at = text; (at = emit_next_variable(at, &size)); at += size) {
		v->use.name = at;
		v->use.size = size;
		if (v->on_use(v->ctx, &v->use))
			return true;
	}
	return false;
}

static bool on_text(void *ctx, const struct site_text *t)
{
	struct visit *v = ctx;

	v->use.place = *t;
	return visit_text(v, t->text);
}

bool variables_of_site(const struct site *s,
		       bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	struct visit v = { .use.protocol = s->protocol, .on_use = on_use, .ctx = ctx };

	return site_find_text(s, on_text, &v);
}

bool variables_of_upstream(const struct upstream *up,
			   bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	struct visit v = { .use.protocol = up->protocol,
			   .use.place.field = "balance",
			   .on_use = on_use,
			   .ctx = ctx };

	return visit_text(&v, up->balance);
}

bool variables_of_definition(const struct snippet *s,
			     bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	struct visit v = { .use.protocol = s->context, .on_use = on_use, .ctx = ctx };

	for (size_t i = 0; s->definition && i < s->definition->text_count; i++) {
		const struct definition_text *t = &s->definition->texts[i];

		v.use.place = (struct site_text){ .field = t->field, .whole = true };
		if (visit_text(&v, t->text))
			return true;
	}
	return false;
}

/* A capture: decode admits it only where a regular expression is. */
static bool is_capture(const struct variable_use *u)
{
	return u->name[0] >= '1' && u->name[0] <= '9';
}

bool variable_use_is_of_nginx(const struct variable_use *u)
{
	if (u->protocol == PROTOCOL_STREAM)
		return variable_is_known_in_stream(u->name, u->size);
	return is_capture(u) || variable_is_known(u->name, u->size);
}

const char *variable_use_field(struct arena *a, const struct variable_use *u)
{
	return site_text_field(a, &u->place);
}
