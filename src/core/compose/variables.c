/* See variables.h. Only texts that decode accepts variables in are visited. */
#include "variables.h"
#include "core/text/emit.h"
#include "core/text/variable.h"

struct visit {
	struct variable_use use; /* where the text is */
	bool (*on_use)(void *ctx, const struct variable_use *u);
	void *ctx;
};

static bool visit_text(struct visit *v, const char *field, const char *header, const char *text)
{
	size_t size;

	v->use.field = field;
	v->use.header = header;
	for (const char *at = text; (at = emit_next_variable(at, &size)); at += size) {
		v->use.name = at;
		v->use.size = size;
		if (v->on_use(v->ctx, &v->use))
			return true;
	}
	return false;
}

static bool visit_headers(struct visit *v, const char *field, const struct header *headers,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (visit_text(v, field, headers[i].name, headers[i].value))
			return true;
	}
	return false;
}

static bool visit_location(struct visit *v, const struct location *l)
{
	return visit_headers(v, "request_headers", l->request_headers, l->request_header_count) ||
	       visit_text(v, "cache_control", NULL, l->cache_control) ||
	       visit_headers(v, "response_headers", l->response_headers,
			     l->response_header_count) ||
	       visit_text(v, "return.text", NULL, l->text) ||
	       visit_text(v, "redirect.to", NULL, l->to);
}

bool variables_of_site(const struct site *s,
		       bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	struct visit v = { .use.protocol = s->protocol, .on_use = on_use, .ctx = ctx };

	for (size_t i = 0; i < s->location_count; i++) {
		v.use.location = i;
		v.use.in_location = true;
		if (visit_location(&v, &s->locations[i]))
			return true;
	}
	return false;
}

bool variables_of_upstream(const struct upstream *up,
			   bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	struct visit v = { .use.protocol = up->protocol, .on_use = on_use, .ctx = ctx };

	return visit_text(&v, "balance", NULL, up->balance);
}

bool variables_of_definition(const struct snippet *s,
			     bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx)
{
	struct visit v = { .use.protocol = s->context, .on_use = on_use, .ctx = ctx };

	for (size_t i = 0; s->definition && i < s->definition->text_count; i++) {
		const struct definition_text *t = &s->definition->texts[i];

		if (visit_text(&v, t->field, NULL, t->text))
			return true;
	}
	return false;
}

bool variable_use_is_of_nginx(const struct variable_use *u)
{
	return u->protocol == PROTOCOL_STREAM ? variable_is_known_in_stream(u->name, u->size)
					      : variable_is_known(u->name, u->size);
}

const char *variable_use_field(struct arena *a, const struct variable_use *u)
{
	if (!u->in_location)
		return u->field;
	return arena_printf(a, "locations[%zu].%s%s%s", u->location, u->field, u->header ? "." : "",
			    u->header ?: "");
}
