/*
 * The parameters of FastCGI and uwsgi. The application trusts them: some name the file that it
 * runs, others change its settings. So these are held to snippets.policy, as a fastcgi_param of a
 * snippet is; and what a client can choose is in none of them.
 */
#include <string.h>

#include "core/text/emit.h"
#include "decode_headers.h"
#include "decode_params.h"

/* --- the name of a file ---------------------------------------------------------------------- */

/* A variable that nginx makes of the path alone, below the root. */
static bool is_of_root(const char *name, size_t size)
{
	static const char *const names[] = { "document_root", "realpath_root",
					     "fastcgi_script_name", "fastcgi_path_info" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return true;
	}
	return false;
}

static bool names_file(const char *param)
{
	return strcmp(param, "SCRIPT_FILENAME") == 0 || strcmp(param, "PATH_TRANSLATED") == 0 ||
	       strcmp(param, "DOCUMENT_ROOT") == 0;
}

/* "$document_root/x", "${realpath_root}": nginx sets them to the root, which is checked itself. */
static bool begins_with_root(const char *value)
{
	static const char *const roots[] = { "$document_root", "$realpath_root", "${document_root}",
					     "${realpath_root}" };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		size_t size = strlen(roots[i]);

		if (strncmp(value, roots[i], size) == 0 &&
		    (!value[size] || value[size] == '/' || value[size] == '$'))
			return true;
	}
	return false;
}

/* The text before its first variable has to be a directory of snippets.roots. */
static bool is_below_roots(struct reader *r, const char *value)
{
	const char *rest = strchr(value, '$');
	size_t size = rest ? (size_t)(rest - value) : strlen(value);

	return policy_may_serve(r->policy, arena_copy(r->arena, value, size));
}

static void check_file(struct reader *r, const struct header *param)
{
	const char *value = param->value;
	size_t size;

	for (const char *at = value; (at = emit_next_variable(at, &size)); at += size) {
		if (is_of_root(at, size))
			continue;
		reader_problem(r, param->name,
			       "uses a variable that a client may choose: only $document_root, "
			       "$realpath_root, $fastcgi_script_name and $fastcgi_path_info may be "
			       "in it");
		return;
	}
	if (!*value || r->policy->level == POLICY_ALL)
		return;
	if (strstr(value, "..") || strstr(value, "$$") ||
	    (!begins_with_root(value) && !is_below_roots(r, value)))
		reader_problem(r, param->name,
			       "names a file: expected a path that begins with $document_root or "
			       "$realpath_root, or that is below one of snippets.roots, without "
			       "\"..\" and \"$$\"");
}

/* --- settings of the application ------------------------------------------------------------- */

/* "upload_max_filesize=64M", one a line. Those that read files have a path, or one of the names. */
static bool is_harmless_setting(const char *line, size_t size)
{
	static const char *const names[] = { "auto_",         "extension", "zend_extension",
					     "allow_url_",    "disable_",  "open_basedir",
					     "include_path",  "opcache.",  "ffi.",
					     "error_log",     "sendmail_", "user_ini",
					     "unserialize_c", "browscap" };
	size_t blanks = strspn(line, " \t\r");
	const char *at = line + (blanks < size ? blanks : size);
	size_t rest = size - (size_t)(at - line);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strncmp(at, names[i], strlen(names[i])) == 0)
			return false;
	}
	return strncmp(at, "date.timezone", 13) == 0 ||
	       (!memchr(at, '/', rest) && !memchr(at, ':', rest));
}

static void check_php(struct reader *r, const struct header *param)
{
	size_t size;

	if (emit_next_variable(param->value, &size)) {
		reader_problem(r, param->name, "must not have variables");
		return;
	}
	for (const char *line = param->value; *line && r->policy->level != POLICY_ALL;
	     line += size + (line[size] == '\n')) {
		size = strcspn(line, "\n");
		if (is_harmless_setting(line, size))
			continue;
		reader_problem(
			r, param->name,
			"\"%.*s\" may make PHP read or run another file: set it in PHP's own "
			"configuration",
			(int)(size < 60 ? size : 60), line);
		return;
	}
}

/* UWSGI_FILE, UWSGI_MODULE and the like choose what uwsgi runs. */
static void check_uwsgi(struct reader *r, const struct header *param)
{
	if (r->policy->level != POLICY_ALL && strcmp(param->name, "UWSGI_SCHEME") != 0)
		reader_problem(r, param->name,
			       "chooses what the application server runs: set it in its own "
			       "configuration");
}

static void check_param(struct reader *r, const struct header *param)
{
	if (names_file(param->name))
		check_file(r, param);
	else if (strncmp(param->name, "PHP_", 4) == 0)
		check_php(r, param);
	else if (strncmp(param->name, "UWSGI_", 6) == 0)
		check_uwsgi(r, param);
}

void decode_params(struct reader *r, const json_t *value, void *where)
{
	struct location *l = where;

	decode_param_texts(r, value, l);
	for (size_t i = 0; i < l->request_header_count; i++)
		check_param(r, &l->request_headers[i]);
}
