/*
 * What a server and a location both have: fields that are one directive each, who may come in, and
 * rewriting.
 */
#include <string.h>

#include "core/data/clauses.h"
#include "core/text/emit.h"
#include "renderer.h"

/* Of a field that is true or false, but whose directive has a regular expression. */
#define SPLIT_PATH_INFO "fastcgi_split_path_info \"^(.+?\\.php)(/.*)$\";"

/* Where nginx takes `~` and a regular expression, in which `$` is no variable. */
static bool takes_regex(const struct clause *s)
{
	return strcmp(s->directive, "_redirect") == 0 || strncmp(s->directive, "_cookie_", 8) == 0;
}

static void render_clause(struct renderer *r, const struct clause *s, const char *module)
{
	if (strcmp(s->directive, "fastcgi_path_info") == 0) {
		render_plain(r, SPLIT_PATH_INFO);
		return;
	}
	render_begin(r, s->directive[0] == '_' ? module : "");
	buf_puts(&r->line, s->directive);
	for (size_t i = 0; i < s->count; i++) {
		if (!i && s->words[i][0] == '~' && takes_regex(s))
			render_regex(r, s->words[i]);
		else
			render_word(r, s->words[i]);
	}
	render_end(r);
}

void render_default(struct renderer *r, const struct common *common, const char *line)
{
	size_t size = strcspn(line, " ");

	for (size_t i = 0; i < common->lines.count; i++) {
		const char *directive = common->lines.items[i].directive;

		if (strlen(directive) == size && memcmp(directive, line, size) == 0)
			return;
	}
	render_plain(r, line);
}

const struct location *location_around(const struct site *site, const struct location *l)
{
	return l->parent ? &site->locations[l->parent - 1] : NULL;
}

static void render_networks(struct renderer *r, const char *directive, const char *const *list,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		render_begin(r, directive);
		render_word(r, list[i]);
		render_end(r);
	}
}

static bool has_all(const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], "all") == 0)
			return true;
	}
	return false;
}

/* nginx takes the first that fits: `all` has to be the last. */
static void render_access(struct renderer *r, const struct access *a)
{
	bool nobody = has_all(a->deny, a->deny_count);

	for (size_t i = 0; i < a->deny_count; i++) {
		if (strcmp(a->deny[i], "all") != 0)
			render_networks(r, "deny", &a->deny[i], 1);
	}
	render_networks(r, "allow", a->allow, a->allow_count);
	if (nobody || (a->allow_count && !has_all(a->allow, a->allow_count)))
		render_plain(r, "deny all;");
}

static void render_rewrite(struct renderer *r, const struct rewrite *w)
{
	render_begin(r, "rewrite");
	render_regex(r, w->from);
	render_word(r, w->to);
	if (w->flag)
		render_raw(r, w->flag);
	render_end(r);
}

void render_common(struct renderer *r, const struct common *common, const char *module)
{
	if (common->access)
		render_access(r, common->access);
	for (size_t i = 0; i < common->lines.count; i++)
		render_clause(r, &common->lines.items[i], module);
	for (size_t i = 0; i < common->rewrite_count; i++)
		render_rewrite(r, &common->rewrites[i]);
}
