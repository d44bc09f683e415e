/* See location_check.h. nginx would refuse most of what is a problem here. */
#include <string.h>

#include "core/text/emit.h"
#include "core/text/regex_text.h"
#include "decode_limit.h"
#include "decode_pass.h"
#include "location_check.h"

/* A redirect with a capture is nginx's rewrite, which has two statuses only. */
static bool has_capture(const char *s)
{
	size_t size;

	for (const char *at = s; (at = emit_next_variable(at, &size)); at += size) {
		if (*at >= '1' && *at <= '9')
			return true;
	}
	return false;
}

static bool is_regex(const char *path)
{
	return *path == '~';
}

static bool is_named(const char *path)
{
	return *path == '@';
}

/* Past "= " and the like. */
static const char *bare_path(const char *path)
{
	size_t modifier = *path == '/' || is_named(path) ? 0 : strcspn(path, " ") + 1;

	return path + modifier;
}

static bool ends_with_slash(const char *s)
{
	return *s && s[strlen(s) - 1] == '/';
}

/* A path such as /files../x would leave an alias that does not end as its location does. */
static void check_alias(struct reader *r, const struct location *l)
{
	if (is_regex(l->path) || is_named(l->path))
		reader_problem(r, "alias",
			       "is not possible in a location with a regular expression or a "
			       "name: use root");
	else if (*l->path != '=' && !(ends_with_slash(l->path) && ends_with_slash(l->root)))
		reader_problem(r, "alias",
			       "needs a / at its end, and one at the end of the location's path");
}

static void check_redirect(struct reader *r, const struct location *l)
{
	if (has_capture(l->to) && l->status != 301 && l->status != 302)
		reader_problem(r, "redirect.status",
			       "expected 301 or 302 with a capture in \"to\"");
	if (l->path && is_regex(l->path) && regex_text_lost_capture(l->path, l->to))
		reader_problem(r, "redirect.to",
			       "uses $%d, but the path of the location has no such group",
			       regex_text_lost_capture(l->path, l->to));
}

static void check_kind_fields(struct reader *r, const json_t *value, const struct location *l)
{
	if (l->kind == LOCATION_RETURN && l->status == 444 && l->text)
		reader_problem(r, "return.text",
			       "has no effect with status 444, which closes the connection: remove "
			       "one of the two");
	if (l->kind == LOCATION_ALIAS && l->path && l->root)
		check_alias(r, l);
	if (l->kind == LOCATION_REDIRECT && l->to)
		check_redirect(r, l);
	if (location_passes(l))
		decode_pass_check(r, l, json_object_get(value, "proxy_tls"));
	decode_limit_check(r, l, json_object_get(value, "limit"));
}

/* A variable may go everywhere, and what a group holds may have a line feed. */
static void check_groups(struct reader *r, const struct location *l)
{
	size_t size;

	if (l->path && is_regex(l->path) && regex_text_next_name(l->path, &size))
		reader_problem(r, "path", "has a named group: use a plain one, and $1 for it");
}

/* As nginx has it; it refuses anything else. */
static void check_nesting(struct reader *r, const struct site *site, const struct location *l)
{
	const char *path = l->path, *outer, *bare;

	if (!path || !l->parent || !(outer = site->locations[l->parent - 1].path))
		return;
	bare = bare_path(outer);
	if (is_named(outer) || *outer == '=')
		reader_problem(r, "path", "is within \"%.80s\", which takes no locations", outer);
	else if (is_named(path))
		reader_problem(r, "path",
			       "has a name, which a location within another one has "
			       "not");
	else if (!is_regex(path) &&
		 (is_regex(outer) || strncmp(bare_path(path), bare, strlen(bare)) != 0))
		reader_problem(r, "path", "is outside of \"%.80s\", which it is within", outer);
}

/* For nginx "^~ /x" and "/x" are the same location, "= /x" is another one. */
static bool same_path(const char *a, const char *b)
{
	if (strncmp(a, "^~ ", 3) == 0)
		a += 3;
	if (strncmp(b, "^~ ", 3) == 0)
		b += 3;
	return strcmp(a, b) == 0;
}

void location_check_double(struct reader *r, const struct site *site, size_t index)
{
	const struct location *l = &site->locations[index];

	for (size_t i = 0; l->path && i < index; i++) {
		const struct location *other = &site->locations[i];

		if (other->path && other->parent == l->parent && same_path(other->path, l->path)) {
			reader_problem(r, "path", "\"%.80s\" is also the path of %s", l->path,
				       other->field);
			return;
		}
	}
}

void location_check(struct reader *r, const json_t *value, const struct site *site,
		    const struct location *l)
{
	check_groups(r, l);
	check_kind_fields(r, value, l);
	check_nesting(r, site, l);
}
