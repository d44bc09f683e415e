/* See policy_site.h. */
#include <stdio.h>
#include <string.h>

#include "core/data/clauses.h"
#include "core/text/emit.h"
#include "policy_site.h"

/* From this line of the text on, the lines are those of a field. */
struct stretch {
	unsigned first;
	const char *field;
	const struct snippet *snippet;
	bool typed; /* made from other fields of the site */
};

struct writing {
	struct arena *arena;
	struct buf text;
	unsigned line; /* the next one */
	struct stretch *stretches;
	size_t count, room;
	const struct snippet *(*find)(void *ctx, enum config_kind kind, const char *name);
	void *ctx;
};

static void put(struct writing *w, const char *text)
{
	for (const char *s = text; *s; s++)
		w->line += *s == '\n';
	buf_puts(&w->text, text);
}

static void begin(struct writing *w, const char *field, const struct snippet *snippet, bool typed)
{
	w->stretches =
		arena_grow(w->arena, w->stretches, w->count, &w->room, sizeof(*w->stretches));
	w->stretches[w->count++] = (struct stretch){ w->line, field, snippet, typed };
}

static void put_raw(struct writing *w, const struct raw_lines *raw, enum config_kind kind,
		    const char *prefix)
{
	for (size_t i = 0; i < raw->include_count; i++) {
		const struct snippet *s = w->find ? w->find(w->ctx, kind, raw->includes[i]) : NULL;

		if (!s)
			continue;
		begin(w, arena_printf(w->arena, "%sinclude[%zu]", prefix, i), s, false);
		put(w, s->text);
		put(w, "\n");
	}
	for (size_t i = 0; i < raw->directive_count; i++) {
		begin(w, arena_printf(w->arena, "%sdirectives[%zu]", prefix, i), NULL, false);
		put(w, raw->directives[i]);
		put(w, "\n");
	}
}

/* --- typed fields ----------------------------------------------------------------------------- */

static void put_word(struct writing *w, const char *word)
{
	buf_putc(&w->text, ' ');
	emit_value(&w->text, word);
}

static void put_statement(struct writing *w, const char *field, const char *directive,
			  const char *word)
{
	begin(w, field, NULL, true);
	buf_puts(&w->text, directive);
	put_word(w, word);
	put(w, ";\n");
}

static bool is_about_paths(const char *directive)
{
	static const char *const all[] = { "index",        "try_files", "error_page",
					   "auth_request", "mirror",    "_ignore_headers" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(all[i], directive) == 0)
			return true;
	}
	return false;
}

static void put_clause(struct writing *w, const struct clause *c, const char *module)
{
	if (!is_about_paths(c->directive))
		return;
	begin(w, c->field, NULL, true);
	buf_puts(&w->text, c->directive[0] == '_' ? module : "");
	buf_puts(&w->text, c->directive);
	for (size_t i = 0; i < c->count; i++)
		put_word(w, c->words[i]);
	put(w, ";\n");
}

static void put_rewrite(struct writing *w, const struct rewrite *rewrite, const char *field)
{
	begin(w, field, NULL, true);
	buf_puts(&w->text, "rewrite ");
	emit_regex(&w->text, rewrite->from);
	put_word(w, rewrite->to);
	if (rewrite->flag)
		put_word(w, rewrite->flag);
	put(w, ";\n");
}

/* prefix: "", or "locations[0]." */
static void put_common(struct writing *w, const struct common *common, const char *prefix,
		       const char *module)
{
	for (size_t i = 0; i < common->lines.count; i++)
		put_clause(w, &common->lines.items[i], module);
	for (size_t i = 0; i < common->rewrite_count; i++)
		put_rewrite(w, &common->rewrites[i],
			    arena_printf(w->arena, "%srewrite[%zu]", prefix, i));
}

/* "^~ /x": the modifier and the path, as nginx reads them. */
static void put_path(struct writing *w, const char *path)
{
	size_t modifier = *path == '/' || *path == '@' ? 0 : strcspn(path, " ");
	const char *rest = path + modifier + strspn(path + modifier, " ");

	buf_puts(&w->text, "location ");
	buf_put(&w->text, path, modifier);
	buf_putc(&w->text, ' ');
	if (*path == '~')
		emit_regex(&w->text, rest);
	else
		emit_literal(&w->text, rest);
	put(w, " {\n");
}

static bool sets(const struct location *l, const char *param)
{
	for (size_t i = 0; i < l->request_header_count; i++) {
		if (strcmp(l->request_headers[i].name, param) == 0)
			return true;
	}
	return false;
}

/* What render adds that is about paths. */
static void put_script(struct writing *w, const struct location *l)
{
	if (!sets(l, "SCRIPT_FILENAME"))
		put(w, "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;\n");
}

/* Has it no line and no rule that makes another URI of one? */
static bool is_plain(const struct raw_lines *raw, const struct common *common)
{
	return !raw->include_count && !raw->directive_count && !common->rewrite_count;
}

/*
 * Is this the root of a `dav` (decode_dav.c) that needs no check here, because no URI of the site
 * is made by us or by a line? Otherwise it is refused, as clients write below it.
 */
static bool is_plain_dav(const struct site *s, const struct location *l)
{
	bool plain = is_plain(&s->raw, &s->common);

	for (size_t i = 0; i < s->location_count; i++)
		plain = plain && is_plain(&s->locations[i].raw, &s->locations[i].common);
	return plain && clauses_find(&l->common.lines, "dav_methods");
}

/* Which servers they are has no meaning here, but whether they can answer X-Accel-Redirect has. */
static void put_kind(struct writing *w, const struct site *s, const struct location *l,
		     const char *prefix)
{
	if (l->root && !is_plain_dav(s, l))
		put_statement(w,
			      arena_printf(w->arena, "%s%s", prefix,
					   l->kind == LOCATION_ALIAS ? "alias" : "root"),
			      l->kind == LOCATION_ALIAS ? "alias" : "root", l->root);
	if (location_passes(l))
		put(w, arena_printf(w->arena, "%s_pass %s%s;\n", location_module(l),
				    l->kind == LOCATION_PROXY ? "http://" : "", l->proxy));
	if (l->kind == LOCATION_FASTCGI)
		put_script(w, l);
	if (l->kind == LOCATION_RETURN || l->kind == LOCATION_REDIRECT)
		put(w, "return 200;\n");
}

/* --- blocks ----------------------------------------------------------------------------------- */

static size_t put_location(struct writing *w, const struct site *s, size_t index);

/* Those within location `parent` - 1, or of the site; returns the index after the last one. */
static size_t put_locations(struct writing *w, const struct site *s, size_t parent, size_t index)
{
	while (index < s->location_count && s->locations[index].parent == parent)
		index = put_location(w, s, index);
	return index;
}

static size_t put_location(struct writing *w, const struct site *s, size_t index)
{
	const struct location *l = &s->locations[index];
	const char *prefix = arena_printf(w->arena, "%s.", l->field);

	begin(w, arena_printf(w->arena, "%spath", prefix), NULL, true);
	put_path(w, l->path);
	begin(w, l->field, NULL, true);
	put_kind(w, s, l, prefix);
	put_common(w, &l->common, prefix, location_module(l));
	put_raw(w, &l->raw, CONFIG_LOCATION_SNIPPET, prefix);
	index = put_locations(w, s, index + 1, index + 1);
	begin(w, l->field, NULL, true);
	put(w, "}\n");
	return index;
}

static void put_server(struct writing *w, const struct site *s)
{
	begin(w, "", NULL, true);
	put(w, "server {\n");
	if (s->protocol == PROTOCOL_STREAM && s->proxy)
		put(w, arena_printf(w->arena, "proxy_pass %s;\n", s->proxy));
	if (s->root)
		put_statement(w, "root", "root", s->root);
	put_common(w, &s->common, "", "");
	put_raw(w, &s->raw, CONFIG_SERVER_SNIPPET, "");
	put_locations(w, s, 0, 0);
	begin(w, "", NULL, true);
	if (s->redirect_to)
		put(w, "location / {\nreturn 200;\n}\n");
	put(w, "}\n");
}

static const struct stretch *stretch_of(const struct writing *w, unsigned line)
{
	const struct stretch *found = &w->stretches[0];

	for (size_t i = 0; i < w->count && w->stretches[i].first <= line; i++)
		found = &w->stretches[i];
	return found;
}

/* "(on line 5)" is a line of the text that was written here: names the field instead. */
static void name_other(const char *field, struct violation *v)
{
	char *at = strstr(v->text, " (on line "), *end = at ? strchr(at, ')') : NULL;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (!end)
		return;
	buf_put(&text, v->text, (size_t)(at - v->text));
	buf_printf(&text, " (%s)%s", field, end + 1);
	snprintf(v->text, sizeof(v->text), "%s", buf_str(&text));
}

/* Of two statements that are not safe together one is a line of the operator's. */
static void locate(const struct writing *w, struct site_violation *out)
{
	const struct violation *v = &out->violation;
	const struct stretch *at = stretch_of(w, v->line);
	const struct stretch *other = v->other ? stretch_of(w, v->other) : at, *swap = at;
	unsigned line = v->line;

	if (at->typed && v->other) {
		line = v->other;
		at = other;
		other = swap;
	}
	name_other(other->field, &out->violation);
	out->field = at->field;
	out->typed = at->typed;
	out->snippet = at->snippet;
	out->line = at->snippet ? line - at->first + 1 : 0;
}

static bool has_any(const struct raw_lines *raw)
{
	return raw->directive_count || raw->include_count;
}

bool site_has_raw_lines(const struct site *s)
{
	for (size_t i = 0; i < s->location_count; i++) {
		if (has_any(&s->locations[i].raw))
			return true;
	}
	return has_any(&s->raw);
}

static bool leads_anywhere(const struct common *common)
{
	return common->lines.count || common->rewrite_count;
}

static bool needs_check(const struct site *s)
{
	bool needs = s->root || leads_anywhere(&s->common) || site_has_raw_lines(s);

	for (size_t i = 0; i < s->location_count; i++)
		needs |= leads_anywhere(&s->locations[i].common) ||
			 s->locations[i].kind == LOCATION_ALIAS;
	return needs;
}

bool policy_check_site(const struct policy *p, struct arena *a, const struct site *s,
		       const struct snippet *(*find)(void *ctx, enum config_kind kind,
						     const char *name),
		       void *ctx, struct site_violation *out)
{
	struct writing w = { .arena = a, .line = 1, .find = find, .ctx = ctx };
	struct policy safe = *p;
	bool ok;

	*out = (struct site_violation){ 0 };
	if (p->level == POLICY_ALL || !needs_check(s))
		return true;
	safe.level = POLICY_SAFE;
	put_server(&w, s);
	ok = policy_check(&safe, w.text.data, w.text.size, &out->violation);
	if (!ok)
		locate(&w, out);
	buf_fini(&w.text);
	return ok;
}

bool policy_check_part(const struct policy *p, enum policy_place place, const char *text,
		       size_t size, struct violation *v)
{
	static const char *const opens[] = { "server {\n", "server {\nlocation /any {\n",
					     "upstream u {\n" };
	unsigned kind = place == PLACE_LOCATION                                     ? 1
			: place == PLACE_UPSTREAM || place == PLACE_STREAM_UPSTREAM ? 2
										    : 0;
	unsigned added = kind == 1 ? 2 : 1; /* lines before the text */
	const struct policy braces = { .level = POLICY_ALL };
	CLEANUP(buf_fini) struct buf whole = BUF_INIT;

	if (!policy_check(p->level == POLICY_SAFE ? &braces : p, text, size, v))
		return false;
	if (p->level != POLICY_SAFE)
		return true;
	buf_puts(&whole, opens[kind]);
	buf_put(&whole, text, size);
	buf_puts(&whole, kind == 1 ? "\n}\n}\n" : "\n}\n");
	if (policy_check(p, whole.data, whole.size, v))
		return true;
	v->line -= v->line > added ? added : 0;
	return false;
}
