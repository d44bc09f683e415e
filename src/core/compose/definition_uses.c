/* See definition_uses.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/text/emit.h"
#include "core/text/statement.h"
#include "definition_uses.h"

struct visit {
	bool (*on_use)(void *ctx, const struct definition_use *u);
	void *ctx;
};

/* prefix: "", or "locations[0]." */
static bool visit_includes(struct visit *v, const struct raw_lines *raw, enum config_kind kind,
			   const char *prefix)
{
	struct definition_use u = { .kind = kind, .needed = true };

	for (size_t i = 0; i < raw->include_count; i++) {
		u.name = raw->includes[i];
		snprintf(u.field, sizeof(u.field), "%sinclude[%zu]", prefix, i);
		if (v->on_use(v->ctx, &u))
			return true;
	}
	return false;
}

static bool visit_included(struct visit *v, const struct location *l)
{
	char prefix[100];

	snprintf(prefix, sizeof(prefix), "%s.", l->field);
	return visit_includes(v, &l->raw, CONFIG_LOCATION_SNIPPET, prefix);
}

static bool visit_location(struct visit *v, const struct location *l)
{
	struct definition_use u = { .kind = CONFIG_LIMIT, .needed = true };

	snprintf(u.field, sizeof(u.field), "%s.limit", l->field);
	for (size_t i = 0; i < l->limit_count; i++) {
		u.name = l->limits[i];
		if (v->on_use(v->ctx, &u))
			return true;
	}
	if (!l->cache_zone)
		return false;
	u = (struct definition_use){ .kind = CONFIG_CACHE, .name = l->cache_zone };
	snprintf(u.field, sizeof(u.field), "%s.cache.zone", l->field);
	return v->on_use(v->ctx, &u);
}

bool uses_of_site(const struct site *s, bool (*on_use)(void *ctx, const struct definition_use *u),
		  void *ctx)
{
	struct visit v = { .on_use = on_use, .ctx = ctx };
	struct definition_use format = { .kind = CONFIG_LOG_FORMAT,
					 .name = s->log_format,
					 .needed = true,
					 .field = "log_format" };

	if ((s->log_format && on_use(ctx, &format)) ||
	    visit_includes(&v, &s->raw, CONFIG_SERVER_SNIPPET, ""))
		return true;
	for (size_t i = 0; i < s->location_count; i++) {
		if (visit_location(&v, &s->locations[i]) || visit_included(&v, &s->locations[i]))
			return true;
	}
	return false;
}

/* --- operators' texts ------------------------------------------------------------------------- */

static bool has_variable(const char *word, const char *variable)
{
	size_t size;

	for (; (word = emit_next_variable(word, &size)); word += size) {
		if (strlen(variable) == size && strncasecmp(word, variable, size) == 0)
			return true;
	}
	return false;
}

static bool is_used_by(const struct statement *s, const struct snippet *definition)
{
	const char *variable = definition->definition->variable;

	if (definition->kind == CONFIG_LOG_FORMAT)
		return s->count > 2 && strcmp(statement_first(s), "access_log") == 0 &&
		       strcmp(statement_word(s, 2), definition->name) == 0;
	for (const char *w = statement_first(s); variable && w; w = statement_next(s, w)) {
		if (has_variable(w, variable))
			return true;
	}
	return false;
}

static bool is_used_in(const char *text, const struct snippet *definition)
{
	struct statement s = { 0 };
	struct lexer l;
	struct token t;
	bool found = false;

	lexer_init(&l, text, strlen(text));
	while (!found && (t = statement_read(&l, &s)).kind != TOKEN_END && t.kind != TOKEN_ERROR)
		found = t.kind != TOKEN_CLOSE && s.count && is_used_by(&s, definition);
	lexer_fini(&l);
	statement_fini(&s);
	return found;
}

bool uses_in_text(const struct snippet *text, const struct snippet *definition)
{
	return !text->definition && text->context == definition->context &&
	       is_used_in(text->text, definition);
}

static bool uses_in_lines(const struct raw_lines *raw, const struct snippet *definition)
{
	for (size_t i = 0; i < raw->directive_count; i++) {
		if (is_used_in(raw->directives[i], definition))
			return true;
	}
	return false;
}

bool uses_in_site(const struct site *s, const struct snippet *definition)
{
	bool uses = uses_in_lines(&s->raw, definition);

	for (size_t i = 0; i < s->location_count; i++)
		uses |= uses_in_lines(&s->locations[i].raw, definition);
	return uses && s->protocol == definition->context;
}
