/* See policy_site.h. */
#include <stdio.h>
#include <string.h>

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
	const struct snippet *(*find)(void *ctx, enum snippet_place place, const char *name);
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

/* prefix: "", or "locations[0]." */
static void put_raw(struct writing *w, const struct raw_lines *raw, enum snippet_place place,
		    const char *prefix)
{
	for (size_t i = 0; i < raw->include_count; i++) {
		const struct snippet *s = w->find ? w->find(w->ctx, place, raw->includes[i]) : NULL;

		if (!s)
			continue;
		begin(w, arena_printf(w->arena, "%sinclude[%zu]", prefix, i), s, false);
		put(w, s->text);
	}
	for (size_t i = 0; i < raw->directive_count; i++) {
		begin(w, arena_printf(w->arena, "%sdirectives[%zu]", prefix, i), NULL, false);
		put(w, raw->directives[i]);
		put(w, "\n");
	}
}

/* "^~ /x": the modifier and the path, as nginx reads them. */
static void put_path(struct writing *w, const char *path)
{
	size_t modifier = path[0] == '/' ? 0 : strcspn(path, " ");
	const char *rest = path + modifier + strspn(path + modifier, " ");

	buf_puts(&w->text, "location ");
	buf_put(&w->text, path, modifier);
	buf_putc(&w->text, ' ');
	if (*rest)
		emit_literal(&w->text, rest);
	put(w, " {\n");
}

static void put_location(struct writing *w, const struct location *l, size_t index)
{
	const char *prefix = arena_printf(w->arena, "locations[%zu].", index);

	begin(w, arena_printf(w->arena, "%.*s", (int)strlen(prefix) - 1, prefix), NULL, true);
	put_path(w, l->path);
	if (l->kind == LOCATION_ROOT)
		put(w, arena_printf(w->arena, "root %s;\n", l->root));
	if (l->kind == LOCATION_PROXY)
		put(w, arena_printf(w->arena, "proxy_pass http://%s;\n", l->proxy));
	if (l->kind == LOCATION_RETURN || l->kind == LOCATION_REDIRECT)
		put(w, "return 200;\n");
	put_raw(w, &l->raw, SNIPPET_LOCATION, prefix);
	begin(w, "locations", NULL, true);
	put(w, "}\n");
}

static void put_server(struct writing *w, const struct site *s)
{
	begin(w, "locations", NULL, true);
	put(w, "server {\n");
	if (s->protocol == PROTOCOL_STREAM && s->proxy)
		put(w, arena_printf(w->arena, "proxy_pass %s;\n", s->proxy));
	put_raw(w, &s->raw, SNIPPET_SERVER, "");
	for (size_t i = 0; i < s->location_count; i++)
		put_location(w, &s->locations[i], i);
	begin(w, "locations", NULL, true);
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

bool policy_check_site(const struct policy *p, struct arena *a, const struct site *s,
		       const struct snippet *(*find)(void *ctx, enum snippet_place place,
						     const char *name),
		       void *ctx, struct site_violation *out)
{
	struct writing w = { .arena = a, .line = 1, .find = find, .ctx = ctx };
	bool ok;

	*out = (struct site_violation){ 0 };
	if (p->level != POLICY_SAFE || !site_has_raw_lines(s))
		return true;
	put_server(&w, s);
	ok = policy_check(p, w.text.data, w.text.size, &out->violation);
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
