/* See site_texts.h. Only texts that decode accepts variables in are visited. */
#include "site_texts.h"

struct visit {
	struct site_text at;
	bool (*on_text)(void *ctx, const struct site_text *t);
	void *ctx;
};

static bool visit(struct visit *v, const char *field, const char *name, const char *text)
{
	v->at.field = field;
	v->at.name = name;
	v->at.text = text;
	return text && v->on_text(v->ctx, &v->at);
}

static bool visit_headers(struct visit *v, const char *field, const struct header *headers,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (visit(v, field, headers[i].name, headers[i].value))
			return true;
	}
	return false;
}

static bool visit_words(struct visit *v, const struct clause *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (visit(v, s->field, NULL, s->words[i]))
			return true;
	}
	return false;
}

static bool visit_lines(struct visit *v, const struct clauses *lines)
{
	bool found = false;

	v->at.whole = true;
	for (size_t i = 0; !found && i < lines->count; i++)
		found = visit_words(v, &lines->items[i]);
	v->at.whole = false;
	return found;
}

static bool visit_scope(struct visit *v, const struct common *common)
{
	for (size_t i = 0; i < common->rewrite_count; i++) {
		if (visit(v, "rewrite", NULL, common->rewrites[i].to))
			return true;
	}
	return visit_lines(v, &common->lines);
}

static bool visit_location(struct visit *v, const struct location *l)
{
	return visit_headers(v, "request_headers", l->request_headers, l->request_header_count) ||
	       visit(v, "cache_control", NULL, l->cache_control) ||
	       visit_headers(v, "response_headers", l->response_headers,
			     l->response_header_count) ||
	       visit(v, "return.text", NULL, l->text) || visit(v, "redirect.to", NULL, l->to) ||
	       visit_scope(v, &l->common) || visit(v, "limit.key", NULL, l->limit_key) ||
	       visit(v, "split.key", NULL, l->split ? l->split->key : NULL);
}

bool site_find_text(const struct site *s, bool (*on_text)(void *ctx, const struct site_text *t),
		    void *ctx)
{
	struct visit v = { .on_text = on_text, .ctx = ctx };

	if (visit_scope(&v, &s->common) ||
	    visit_headers(&v, "headers", s->headers, s->header_count) ||
	    visit(&v, "redirect.to", NULL, s->redirect_to))
		return true;
	for (size_t i = 0; i < s->location_count; i++) {
		v.at.location = &s->locations[i];
		v.at.index = i;
		if (visit_location(&v, &s->locations[i]))
			return true;
	}
	return false;
}

const char *site_text_field(struct arena *a, const struct site_text *t)
{
	const char *name = t->name ? arena_printf(a, ".%s", t->name) : "";

	if (!t->location || t->whole)
		return arena_printf(a, "%s%s", t->field, name);
	if (t->location->field)
		return arena_printf(a, "%s.%s%s", t->location->field, t->field, name);
	return arena_printf(a, "locations[%zu].%s%s", t->index, t->field, name);
}
