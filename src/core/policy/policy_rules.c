/* The rules of the rows of policy_list.c; those about URIs are in policy_rules_uri.c. */
#include <string.h>
#include <strings.h>

#include "core/text/address.h"
#include "core/text/variable.h"
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
	static const struct {
		const char *prefix;
		enum pass_family family;
	} families[] = {
		{ "proxy_", PASS_PROXY },
		{ "grpc_", PASS_GRPC },
		{ "fastcgi_", PASS_FASTCGI },
		{ "uwsgi_", PASS_UWSGI },
	};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (begins_with(statement_first(s), families[i].prefix))
			return families[i].family;
	}
	return PASS_FAMILIES;
}

/* PHP's own sockets speak FastCGI and nothing else. */
static bool is_php_socket(const char *name, const char *host)
{
	static const char *const directories[] = { "unix:/run/php/", "unix:/var/run/php/" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		size_t size = strlen(directories[i]);

		if (strcmp(name, "fastcgi_pass") == 0 && strncmp(host, directories[i], size) == 0)
			return !strpbrk(host + size, "/$:") && host[size] != '.';
	}
	return false;
}

const char *policy_pass_variable(const char *url, size_t *size)
{
	static const char bytes[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t host_size;
	const char *name = policy_pass_host(url, &host_size), *end;
	bool braces = name[0] == '$' && name[1] == '{';

	if (name[0] != '$')
		return NULL;
	name += 1 + braces;
	*size = strspn(name, bytes);
	end = name + *size;
	if (!*size || (braces && *end++ != '}'))
		return NULL;
	return !*end || strchr("/?#", *end) || strcmp(end, "$request_uri") == 0 ? name : NULL;
}

/*
 * The compose step checks that a map defines the variable, and that its values are upstreams. In a
 * location proxy_pass needs a scheme, which must not come from a variable.
 */
static const char *check_pass_variable(struct statement_check *j)
{
	const char *url = statement_word(j->statement, 1), *name;
	size_t size;

	name = policy_pass_variable(url, &size);
	if (!name || variable_is_known(name, size) || variable_is_known_in_stream(name, size))
		return "must name its upstream, or one variable that a map defines and that has "
		       "only upstreams as values, before the URI";
	if (url[0] == '$' && j->in_location && family_of(j->statement) == PASS_PROXY)
		return "needs http:// or https:// before the variable";
	return NULL;
}

static const char *check_pass(struct statement_check *j)
{
	size_t size;
	const char *host = policy_pass_host(statement_word(j->statement, 1), &size), *why = NULL;

	if (begins_with(host, "unix:") && !is_php_socket(statement_first(j->statement), host))
		return "must not name a Unix socket: expected an upstream";
	if (memchr(host, '$', size))
		why = check_pass_variable(j);
	if (!why)
		notes_pass(&j->block->notes, family_of(j->statement), j->statement->line);
	return why;
}

/* proxy_ignore_headers, grpc_ignore_headers, … */
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
		[RULE_LOG] = file_rule_log,
		[RULE_INCLUDE] = file_rule_include,
		[RULE_PARAM] = file_rule_param,
		[RULE_SPLIT] = uri_rule_split,
		[RULE_CONF_COMMAND] = file_rule_conf_command,
		[RULE_CACHE_PATH] = file_rule_cache_path,
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
