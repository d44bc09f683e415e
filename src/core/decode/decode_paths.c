/*
 * Which files and paths a site can lead to. The policy of snippets follows what a client can make
 * of a path through rewrite, try_files, error_page and the like. So the parts of a site that matter
 * for it are written as a server block, which is checked as that of a snippet, whatever
 * snippets.policy says of snippets themselves.
 */
#include <string.h>

#include "core/text/emit.h"
#include "decode_paths.h"

struct lines {
	struct buf text;
	const char **fields; /* of each line */
	size_t count, room;
	struct arena *arena;
};

/* Ends the line of this field. */
static void end_line(struct lines *l, const char *field, const char *end)
{
	if (l->count == l->room) {
		const char **more;

		l->room = l->room ? 2 * l->room : 64;
		more = arena_array(l->arena, const char *, l->room);
		if (l->count)
			memcpy(more, l->fields, l->count * sizeof(*more));
		l->fields = more;
	}
	l->fields[l->count++] = field;
	buf_puts(&l->text, end);
	buf_putc(&l->text, '\n');
}

static void put_word(struct lines *l, const char *word)
{
	buf_putc(&l->text, ' ');
	emit_value(&l->text, word);
}

static bool is_about_paths(const char *directive)
{
	static const char *const all[] = { "index", "try_files", "error_page", "auth_request",
					   "mirror" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(all[i], directive) == 0)
			return true;
	}
	return false;
}

static void put_scope(struct lines *l, const struct common *common, const char *field)
{
	for (size_t i = 0; i < common->lines.count; i++) {
		const struct clause *s = &common->lines.items[i];

		if (!is_about_paths(s->directive))
			continue;
		buf_puts(&l->text, s->directive);
		for (size_t j = 0; j < s->count; j++)
			put_word(l, s->words[j]);
		end_line(l, s->field, ";");
	}
	for (size_t i = 0; i < common->rewrite_count; i++) {
		const struct rewrite *w = &common->rewrites[i];

		buf_puts(&l->text, "rewrite ");
		emit_regex(&l->text, w->from);
		put_word(l, w->to);
		if (w->flag)
			put_word(l, w->flag);
		end_line(l, arena_printf(l->arena, "%s%srewrite[%zu]", field, *field ? "." : "", i),
			 ";");
	}
}

static void put_path(struct lines *l, const char *path)
{
	size_t modifier = *path == '/' || *path == '@' ? 0 : strcspn(path, " ");

	buf_puts(&l->text, "location");
	if (modifier) {
		buf_putc(&l->text, ' ');
		buf_put(&l->text, path, modifier);
	}
	path += modifier + (modifier > 0);
	buf_putc(&l->text, ' ');
	if (modifier && path[-2] != '^' && *(path - modifier - 1) == '~')
		emit_regex(&l->text, path);
	else
		emit_literal(&l->text, path);
}

static void put_root(struct lines *l, const char *directive, const char *root, const char *field)
{
	buf_puts(&l->text, directive);
	put_word(l, root);
	end_line(l, field, ";");
}

static size_t put_location(struct lines *l, const struct site *site, size_t index);

/* Those within location `parent` - 1, or of the site; returns the index after the last one. */
static size_t put_locations(struct lines *l, const struct site *site, size_t parent, size_t index)
{
	while (index < site->location_count && site->locations[index].parent == parent)
		index = put_location(l, site, index);
	return index;
}

static size_t put_location(struct lines *l, const struct site *site, size_t index)
{
	const struct location *at = &site->locations[index];

	put_path(l, at->path);
	end_line(l, arena_printf(l->arena, "%s.path", at->field), " {");
	if (at->root)
		put_root(l, at->kind == LOCATION_ALIAS ? "alias" : "root", at->root,
			 arena_printf(l->arena, "%s.%s", at->field,
				      at->kind == LOCATION_ALIAS ? "alias" : "root"));
	if (location_passes(at)) {
		buf_puts(&l->text, "proxy_pass http://servers");
		end_line(l, at->field, ";");
	}
	put_scope(l, &at->common, at->field);
	index = put_locations(l, site, index + 1, index + 1);
	end_line(l, at->field, "}");
	return index;
}

static void put_site(struct lines *l, const struct site *site)
{
	end_line(l, "", "server {");
	if (site->root)
		put_root(l, "root", site->root, "root");
	put_scope(l, &site->common, "");
	put_locations(l, site, 0, 0);
	end_line(l, "", "}");
}

static bool needs_check(const struct site *site)
{
	bool found = site->root || site->common.lines.count || site->common.rewrite_count;

	for (size_t i = 0; i < site->location_count; i++)
		found |= site->locations[i].common.lines.count ||
			 site->locations[i].common.rewrite_count ||
			 site->locations[i].kind == LOCATION_ALIAS;
	return found;
}

void decode_paths_check(struct reader *r, const struct site *site)
{
	struct lines l = { .arena = r->arena };
	struct policy policy = *r->policy;
	struct violation v;

	if (policy.level == POLICY_ALL || !needs_check(site))
		return;
	policy.level = POLICY_SAFE;
	put_site(&l, site);
	if (!policy_check(&policy, buf_str(&l.text), l.text.size, &v)) {
		const char *field = v.line && v.line <= l.count ? l.fields[v.line - 1] : "";

		reader_problem(r, *field ? field : NULL, "%s", v.text);
	}
	buf_fini(&l.text);
}
