/*
 * The server names of a site: host names, ".example.com", wildcards, regular expressions, and names
 * with letters of other scripts, which become what DNS has for them.
 */
#include <string.h>

#include <zknginx/model.h>

#include "checks.h"
#include "core/text/punycode.h"
#include "core/text/regex_text.h"
#include "core/text/variable.h"
#include "decode_names.h"

#define NAME_LIMIT 1000

static bool has_name(const struct site *site, const char *name)
{
	for (size_t i = 0; i < site->server_name_count; i++) {
		if (strcmp(site->server_names[i], name) == 0)
			return true;
	}
	return false;
}

/* A group defines a variable, which must not take the place of one that nginx has. */
static const char *check_regex_name(const struct reader *r, const char *s)
{
	const char *why = check_server_name(r, s);
	size_t size;

	for (const char *at = s; !why && (at = regex_text_next_name(at, &size)); at += size) {
		if (variable_is_known(at, size))
			return "names a group like a variable that nginx has itself: use another "
			       "name";
	}
	return why;
}

/* In small letters and ASCII; a regular expression as it is. NULL and a problem: it is no name. */
static const char *as_nginx_has_it(struct reader *r, const char *s)
{
	CLEANUP(buf_fini) struct buf name = BUF_INIT;
	const char *why;

	if (s[0] == '~')
		return reader_checked(r, s, check_regex_name);
	why = strlen(s) > 1000 ? "is longer than 253 bytes" : punycode_put_name(&name, s);
	if (why) {
		reader_problem(r, NULL, "\"%.80s\" %s", s, why);
		return NULL;
	}
	return reader_checked(r, buf_str(&name), check_server_name);
}

/* nginx takes ".a.test" for "a.test" and "*.a.test" together. */
static const char *find_within(const struct site *site, const char *name)
{
	const char *bare = name[0] == '*' ? name + 1 : name;

	for (size_t i = 0; i < site->server_name_count; i++) {
		const char *other = site->server_names[i];
		const char *dotted = other[0] == '.' ? other : name;
		const char *plain = dotted == other ? bare : other + (other[0] == '*');

		if (dotted[0] == '.' && strcmp(dotted + (plain[0] != '.'), plain) == 0)
			return other;
	}
	return NULL;
}

static void read_name(struct reader *r, const json_t *value, struct site *site)
{
	const char *s = reader_text(r, value), *name = s ? as_nginx_has_it(r, s) : NULL;
	const char *within;

	if (!name)
		return;
	within = name[0] == '~' ? NULL : find_within(site, name);
	if (has_name(site, name))
		reader_problem(r, NULL, "\"%.80s\" is listed twice", name);
	else if (within)
		reader_problem(r, NULL, "\"%.80s\" is listed twice: \"%.80s\" is in the list", name,
			       within);
	else
		site->server_names[site->server_name_count++] = name;
}

void decode_server_names(struct reader *r, const json_t *value, void *where)
{
	struct site *site = where;
	size_t count = json_array_size(value);

	if (!reader_is_list(r, value, 1, NAME_LIMIT))
		return;
	site->server_names = arena_array(r->arena, const char *, count);
	for (size_t i = 0; i < count; i++) {
		size_t mark = reader_enter(r, NULL, i);

		read_name(r, json_array_get(value, i), site);
		reader_leave(r, mark);
	}
}
