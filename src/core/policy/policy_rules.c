/* The rules of the rows of policy_list.c; those about URIs are in policy_rules_uri.c. */
#include <string.h>
#include <strings.h>

#include "core/text/address.h"
#include "policy_rules.h"

static bool begins_with(const char *s, const char *prefix)
{
	return strncasecmp(s, prefix, strlen(prefix)) == 0;
}

static const char *check_names(struct statement_check *j)
{
	const char *w = statement_first(j->statement);

	while ((w = statement_next(j->statement, w))) {
		if (strchr(w, '$') || strstr(w, ".."))
			return "takes plain file names, without variables and \"..\"";
	}
	return NULL;
}

/* --- files ----------------------------------------------------------------------------------- */

static const char *check_root(struct statement_check *j)
{
	const char *path = statement_word(j->statement, 1);

	if (!policy_may_serve(j->policy, path))
		return "must name an absolute path below one of snippets.roots, without variables "
		       "and \"..\", and none that holds certificates (snippets.certificates)";
	notes_root(&j->block->notes, j->policy, path, j->statement->line);
	return NULL;
}

static const char *check_secret(struct statement_check *j)
{
	if (policy_allows_path(j->policy, statement_word(j->statement, 1)))
		return NULL;
	return "must name an absolute path below one of snippets.roots or snippets.certificates, "
	       "without variables and \"..\"";
}

static const char *check_alias(struct statement_check *j)
{
	const char *path = statement_word(j->statement, 1), *why = check_root(j);
	size_t size = strlen(path);
	enum reach reach = j->block->reach;

	if (why || reach == REACH_FIXED || (reach == REACH_BELOW && size && path[size - 1] == '/'))
		return why;
	return "and its location must both end in /; otherwise clients could leave the directory";
}

/* Only `access_log off`: nginx would create the file of a log as root. */
static const char *check_off(struct statement_check *j)
{
	if (j->statement->count == 2 && strcmp(statement_word(j->statement, 1), "off") == 0)
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

static const char *check_if(struct statement_check *j)
{
	static const char subject[] = "$request_filename";
	const char *w = statement_first(j->statement);

	while ((w = statement_next(j->statement, w))) {
		if (!is_file_test(w))
			continue;
		w = statement_next(j->statement, w);
		if (!w || strncmp(w, subject, strlen(subject)) != 0 ||
		    w[strlen(subject) + strspn(w + strlen(subject), ")")])
			return "may test only $request_filename with -f, -d, -e and -x";
		notes_files(&j->block->notes, j->statement->line);
	}
	return NULL;
}

/* --- addresses ------------------------------------------------------------------------------- */

static const char *check_listen(struct statement_check *j)
{
	if (!begins_with(statement_word(j->statement, 1), "unix:"))
		return NULL;
	return "must not be a Unix socket: expected an address and a port";
}

static const char *check_server(struct statement_check *j)
{
	return j->statement->block ? NULL : check_listen(j);
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

static enum pass_family family_of(const struct statement *s)
{
	return begins_with(statement_first(s), "grpc") ? PASS_GRPC : PASS_PROXY;
}

static const char *check_pass(struct statement_check *j)
{
	size_t size;
	const char *host = policy_pass_host(statement_word(j->statement, 1), &size);

	if (begins_with(host, "unix:"))
		return "must not name a Unix socket: expected an upstream";
	if (memchr(host, '$', size))
		return "must name its upstream without variables (they are allowed in the URI)";
	notes_pass(&j->block->notes, family_of(j->statement), j->statement->line);
	return NULL;
}

/* proxy_ignore_headers, grpc_ignore_headers */
static const char *check_headers(struct statement_check *j)
{
	enum said *ignores = &j->block->notes.ignores[family_of(j->statement)];
	const char *w = statement_first(j->statement);

	if (*ignores == UNSAID)
		*ignores = SAID_NO;
	while ((w = statement_next(j->statement, w))) {
		if (strcasecmp(w, "X-Accel-Redirect") == 0)
			*ignores = SAID_YES;
	}
	return NULL;
}

static const char *check_answer(struct statement_check *j)
{
	j->block->notes.answers = true;
	return NULL;
}

static const char *check_resolver(struct statement_check *j)
{
	const char *w = statement_first(j->statement);

	while ((w = statement_next(j->statement, w))) {
		if (!strchr(w, '=') && !address_is_numeric(w))
			return "takes numeric addresses only: nginx would have to resolve a name "
			       "before it can start";
	}
	return NULL;
}

const char *policy_check_statement(struct statement_check *j, const struct directive *d)
{
	static const char *(*const checks[RULE_N])(struct statement_check *) = {
		[RULE_DATA] = uri_rule_data,
		[RULE_IF] = check_if,
		[RULE_SERVER] = check_server,
		[RULE_SERVER_NAME] = uri_rule_server_name,
		[RULE_OFF] = check_off,
		[RULE_ROOT] = check_root,
		[RULE_ALIAS] = check_alias,
		[RULE_SECRET] = check_secret,
		[RULE_LISTEN] = check_listen,
		[RULE_PASS] = check_pass,
		[RULE_HEADERS] = check_headers,
		[RULE_RESOLVER] = check_resolver,
		[RULE_REWRITE] = uri_rule_rewrite,
		[RULE_TRY_FILES] = uri_rule_try_files,
		[RULE_ERROR_PAGE] = uri_rule_error_page,
		[RULE_SUBREQUEST] = uri_rule_subrequest,
		[RULE_NAMES] = check_names,
		[RULE_ANSWER] = check_answer,
	};

	return checks[d->rule] ? checks[d->rule](j) : NULL;
}

/* The path of a `location`, with its modifier in *modifier: "=", "~", "^" or "". */
static const char *location_path(const struct statement *s, char *modifier)
{
	const char *path = statement_word(s, s->count > 2 ? 2 : 1);

	*modifier = s->count > 2 ? statement_word(s, 1)[0] : '\0';
	if (s->count == 2 && *path && strchr("=~^", *path)) {
		*modifier = *path++;
		if (*modifier == '^' && *path == '~')
			path++;
	}
	return path;
}

enum reach policy_reach(const struct statement *s)
{
	char modifier;
	const char *path = location_path(s, &modifier);
	size_t size = strlen(path);

	if (modifier == '=' || modifier == '~')
		return REACH_FIXED;
	return size && path[size - 1] == '/' ? REACH_BELOW : REACH_BESIDE;
}

bool policy_is_named(const struct statement *s)
{
	return statement_word(s, 1)[0] == '@';
}

bool policy_is_slash(const struct statement *s)
{
	char modifier;

	return strcmp(location_path(s, &modifier), "/") == 0 && modifier != '=' && modifier != '~';
}
