/*
 * The rules behind the rows of policy_list.c.
 *
 * The rules about URIs exist because nginx maps a URI to a file by putting it
 * behind `root`: what a client sends is normalised, so it cannot climb out with
 * "..", but what a rewrite makes is not. So a replacement may be made only of
 * literal text without "..", of variables that hold normalised text, and of
 * captures that begin where a path segment begins.
 */
#include <string.h>
#include <strings.h>

#include "core/text/address.h"
#include "policy_rules.h"

static const char digits[] = "0123456789";
static const char word_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

const char *statement_first(const struct statement *s)
{
	return s->count ? s->words.data : "";
}

const char *statement_next(const struct statement *s, const char *w)
{
	w += strlen(w) + 1;
	return w < s->words.data + s->words.size ? w : NULL;
}

const char *statement_word(const struct statement *s, size_t i)
{
	const char *w = statement_first(s);

	while (i-- && w)
		w = statement_next(s, w);
	return w ? w : "";
}

static bool begins_with(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

/* --- URIs ------------------------------------------------------------------------------------ */

/* Variables that hold text which nginx has normalised, or which cannot hold a slash or "..". */
static bool is_tame_variable(const char *name, size_t size)
{
	static const char *const names[] = { "uri", "document_uri", "host", "scheme" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return true;
	}
	return false;
}

static bool is_word_byte(char c)
{
	return c && strchr(word_bytes, c);
}

/* May `$1` stand between these? Not where dots or another variable could make a ".." of it. */
static bool capture_stands_alone(char before, const char *behind)
{
	if (before != '/' && before != '-' && !is_word_byte(before))
		return false;
	if (*behind == '.')
		return is_word_byte(behind[1]);
	return !*behind || strchr("/?-", *behind) || is_word_byte(*behind);
}

static bool variables_are_tame(const char *s, size_t size, bool captures)
{
	for (size_t i = 1; i < size; i++) {
		const char *name = s + i + 1;

		if (s[i] != '$')
			continue;
		if (*name >= '1' && *name <= '9') {
			if (!captures || !capture_stands_alone(s[i - 1], name + 1))
				return false;
		} else if (!is_tame_variable(name, strspn(name, word_bytes))) {
			return false;
		}
	}
	return true;
}

/* A redirect to somewhere else maps to no file. */
static bool is_external(const char *uri)
{
	return strncmp(uri, "http://", 7) == 0 || strncmp(uri, "https://", 8) == 0 ||
	       strncmp(uri, "$scheme://", 10) == 0;
}

/* "@name" or "=404" */
static bool is_name_or_code(const char *uri)
{
	return (uri[0] == '@' && !uri[1 + strspn(uri + 1, word_bytes)]) ||
	       (uri[0] == '=' && !uri[1 + strspn(uri + 1, digits)]);
}

static bool path_is_tame(const char *uri, bool captures)
{
	size_t path = strcspn(uri, "?");
	const char *dots = strstr(uri, "..");

	if (dots && dots < uri + path)
		return false;
	if (uri[0] == '/')
		return variables_are_tame(uri, path, captures);
	return strncmp(uri, "$uri", 4) == 0 && !is_word_byte(uri[4]) &&
	       variables_are_tame(uri + 1, path - 1, captures);
}

/* Does every group of the regex begin where a path segment does? */
static bool groups_begin_segments(const char *regex)
{
	for (const char *s = regex; *s; s++) {
		if (*s == '\\' && s[1]) {
			s++;
		} else if (*s == '[') {
			s += s[1] == '^' ? 2 : 1;
			if (*s)
				s++;
			while (*s && *s != ']')
				s += *s == '\\' && s[1] ? 2 : 1;
			if (!*s)
				return false;
		} else if (*s == '(' && s[1] == '?') {
			if (s[2] != ':')
				return false;
		} else if (*s == '(' && s > regex) {
			if (s[-1] != '/' && !(s[-1] == '^' && s == regex + 1))
				return false;
		}
	}
	return true;
}

static const char *judge_rewrite(const struct policy *p UNUSED, const struct statement *s,
				 enum reach reach UNUSED)
{
	const char *to = statement_word(s, 2);

	if (is_external(to) || path_is_tame(to, groups_begin_segments(statement_word(s, 1))))
		return NULL;
	return "must lead to http(s)://… or to a path that begins with /, without \"..\" and made "
	       "of literal text, $uri, $host, and captures that begin a path segment "
	       "(other variables may stand behind a ?)";
}

static const char *judge_try_files(const struct policy *p UNUSED, const struct statement *s,
				   enum reach reach UNUSED)
{
	const char *w = statement_first(s);

	while ((w = statement_next(s, w))) {
		if (!is_name_or_code(w) && !path_is_tame(w, false))
			return "may only try $uri and literal paths that begin with / and have no "
			       "\"..\", an @name, or a =CODE";
	}
	return NULL;
}

static const char *judge_error_page(const struct policy *p UNUSED, const struct statement *s,
				    enum reach reach UNUSED)
{
	const char *to = statement_word(s, s->count - 1);

	if (is_external(to) || is_name_or_code(to) || path_is_tame(to, false))
		return NULL;
	return "must lead to a literal path that begins with / and has no \"..\", an @name, or "
	       "http(s)://…";
}

static const char *judge_names(const struct policy *p UNUSED, const struct statement *s,
			       enum reach reach UNUSED)
{
	const char *w = statement_first(s);

	while ((w = statement_next(s, w))) {
		if (strchr(w, '$') || strstr(w, ".."))
			return "takes plain file names, without variables and \"..\"";
	}
	return NULL;
}

/* --- files ----------------------------------------------------------------------------------- */

static const char *judge_path(const struct policy *p, const struct statement *s,
			      enum reach reach UNUSED)
{
	if (policy_allows_path(p, statement_word(s, 1)))
		return NULL;
	return "must name an absolute path below one of snippets.roots, without variables and "
	       "\"..\"";
}

static const char *judge_alias(const struct policy *p, const struct statement *s, enum reach reach)
{
	const char *path = statement_word(s, 1);
	size_t size = strlen(path);

	if (judge_path(p, s, reach))
		return judge_path(p, s, reach);
	if (reach == REACH_FIXED || (reach == REACH_BELOW && size && path[size - 1] == '/'))
		return NULL;
	return "and its location must both end in /, or clients could climb out of the directory";
}

/* `access_log off`: a log's path would be created as root. */
static const char *judge_off(const struct policy *p UNUSED, const struct statement *s,
			     enum reach reach UNUSED)
{
	if (s->count == 2 && strcmp(statement_word(s, 1), "off") == 0)
		return NULL;
	return "may only be \"off\": the path of a log is set on the host or by a site's "
	       "access_log";
}

/* A word of a condition without its parentheses and its `!`. */
static bool is_file_test(const char *w)
{
	w += strspn(w, "(");
	if (*w == '!')
		w++;
	return w[0] == '-' && w[1] && strchr("fdex", w[1]);
}

static const char *judge_if(const struct policy *p UNUSED, const struct statement *s,
			    enum reach reach UNUSED)
{
	static const char subject[] = "$request_filename";
	const char *w = statement_first(s);

	while ((w = statement_next(s, w))) {
		if (!is_file_test(w))
			continue;
		w = statement_next(s, w);
		if (!w || strncmp(w, subject, strlen(subject)) != 0 ||
		    w[strlen(subject) + strspn(w + strlen(subject), ")")])
			return "may test only $request_filename with -f, -d, -e and -x";
	}
	return NULL;
}

/* --- addresses ------------------------------------------------------------------------------- */

static const char *judge_server(const struct policy *p UNUSED, const struct statement *s,
				enum reach reach UNUSED)
{
	if (s->block || !begins_with(statement_word(s, 1), "unix:"))
		return NULL;
	return "must not be a Unix socket: name an address and a port";
}

static const char *judge_listen(const struct policy *p UNUSED, const struct statement *s,
				enum reach reach UNUSED)
{
	if (!begins_with(statement_word(s, 1), "unix:"))
		return NULL;
	return "must not be a Unix socket: name an address and a port";
}

const char *policy_pass_host(const char *url, size_t *size)
{
	static const char *const schemes[] = { "http://",  "https://",  "grpc://",     "grpcs://",
					       "uwsgi://", "suwsgi://", "memcached://" };

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (begins_with(url, schemes[i])) {
			url += strlen(schemes[i]);
			break;
		}
	}
	*size = strcspn(url, "/?#");
	return url;
}

static const char *judge_pass(const struct policy *p UNUSED, const struct statement *s,
			      enum reach reach UNUSED)
{
	size_t size;
	const char *host = policy_pass_host(statement_word(s, 1), &size);

	if (begins_with(host, "unix:"))
		return "must not lead to a Unix socket: name an upstream";
	if (memchr(host, '$', size))
		return "must name its upstream without variables (they may stand in the URI)";
	return NULL;
}

static const char *judge_resolver(const struct policy *p UNUSED, const struct statement *s,
				  enum reach reach UNUSED)
{
	const char *w = statement_first(s);

	while ((w = statement_next(s, w))) {
		if (!strchr(w, '=') && !address_is_numeric(w))
			return "takes numeric addresses only: a name would have to be looked up "
			       "before nginx can start";
	}
	return NULL;
}

const char *policy_judge(const struct policy *p, const struct directive *d,
			 const struct statement *s, enum reach reach)
{
	static const char *(*const judges[RULE_N])(const struct policy *, const struct statement *,
						   enum reach) = {
		[RULE_IF] = judge_if,
		[RULE_SERVER] = judge_server,
		[RULE_OFF] = judge_off,
		[RULE_PATH] = judge_path,
		[RULE_ALIAS] = judge_alias,
		[RULE_LISTEN] = judge_listen,
		[RULE_PASS] = judge_pass,
		[RULE_RESOLVER] = judge_resolver,
		[RULE_REWRITE] = judge_rewrite,
		[RULE_TRY_FILES] = judge_try_files,
		[RULE_ERROR_PAGE] = judge_error_page,
		[RULE_NAMES] = judge_names,
	};

	return judges[d->rule] ? judges[d->rule](p, s, reach) : NULL;
}

enum reach policy_reach(const struct statement *s)
{
	const char *modifier = s->count > 2 ? statement_word(s, 1) : "";
	const char *path = statement_word(s, s->count > 2 ? 2 : 1);
	size_t size;

	if (s->count == 2 && strchr("=~^", path[0])) {
		modifier = path;
		path += path[0] == '^' ? 2 : 1;
	}
	if (modifier[0] == '=' || modifier[0] == '~')
		return REACH_FIXED;
	size = strlen(path);
	return size && path[size - 1] == '/' ? REACH_BELOW : REACH_BESIDE;
}
