/*
 * The rules about URIs.
 *
 * nginx normalises the URI of a request, but not the URI that a rewrite makes, which may climb out
 * of the directory that it is mapped to. So each parameter that becomes a URI is checked for all
 * values that it can have (policy_uri.h), and what matters for the rest of its server is noted
 * (policy_server.h).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy_rules.h"

static const char word_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

static bool begins_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A redirect to somewhere else maps to no file. */
static bool is_external(const char *uri)
{
	return begins_with(uri, "http://") || begins_with(uri, "https://") ||
	       begins_with(uri, "$scheme://");
}

/* "@name" or "=404" */
static bool is_name_or_code(const char *uri)
{
	return (uri[0] == '@' && !uri[1 + strspn(uri + 1, word_bytes)]) ||
	       (uri[0] == '=' && !uri[1 + strspn(uri + 1, "0123456789")]);
}

/*
 * Checking a URI takes time for each variable in it, and for each node of the regular expression:
 * at this limit about two seconds for a snippet.
 */
#define EFFORT_LIMIT 200000

static bool is_too_much(struct statement_check *j, const struct uri_template *t)
{
	unsigned long nodes = t->regex ? (unsigned long)t->regex->count : 10;

	for (const char *s = t->text; *s; s++)
		*j->effort += *s == '$' ? nodes : 0;
	return *j->effort > EFFORT_LIMIT;
}

/* What is wrong with the use of a URI: the piece of it, and what would be accepted. */
static const char *check_uri(struct statement_check *j, struct uri_use *use, const char *accepted)
{
	struct uri_error error;

	if (is_too_much(j, &use->template))
		return "exceeds the number of captures and variables in paths that can be checked "
		       "in one snippet: divide the snippet";
	use->line = j->statement->line;
	switch (uri_use_check(use, &j->block->notes, &error)) {
	case URI_GOOD:
		return NULL;
	case URI_CLIMBS:
		snprintf(j->text, sizeof(j->text),
			 "may lead out of its directory: %s %s. Accepted: %s",
			 error.piece[0] ? error.piece : "its text",
			 error.relative ? "does not begin with a /" : "may make a \"..\" segment",
			 accepted);
		break;
	case URI_CLIMBS_ODDLY:
		snprintf(j->text, sizeof(j->text),
			 "may lead out of its directory: %s may make a \"..\" segment when a "
			 "request has %%0a or %%3f. %s",
			 error.piece[0] ? error.piece : "its text",
			 use->template.regex ? "End the regular expression with \\z instead of $"
					     : "Use only a literal path here");
	}
	return j->text;
}

/* --- rewrite --------------------------------------------------------------------------------- */

/* The first capture in the path, or NULL. */
static const char *find_capture(const char *uri)
{
	for (; *uri && *uri != '?'; uri++) {
		if (uri[0] == '$' && uri[1] >= '1' && uri[1] <= '9')
			return uri;
	}
	return NULL;
}

/*
 * Variables that nginx itself sets, without a regular expression; a `map` that redefines one is
 * refused below. Other variables may match a regular expression while the replacement is made, and
 * so change $1.
 */
static bool is_nginx_variable(const char *name, size_t size)
{
	static const char *const names[] = {
		"uri",         "document_uri", "host",        "scheme",      "request_uri",
		"args",        "query_string", "is_args",     "remote_addr", "remote_port",
		"server_name", "server_port",  "server_addr", "request_id",  "request_method",
		"https",       "hostname",     "remote_user", "status",      "server_protocol",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strlen(names[i]) == size && strncasecmp(names[i], name, size) == 0)
			return true;
	}
	return strncasecmp(name, "arg_", 4) == 0 || strncasecmp(name, "http_", 5) == 0 ||
	       strncasecmp(name, "cookie_", 7) == 0;
}

static bool keeps_captures(const char *text)
{
	while ((text = strchr(text, '$'))) {
		text++;
		if ((*text < '1' || *text > '9') &&
		    !is_nginx_variable(text, strspn(text, word_bytes)))
			return false;
	}
	return true;
}

static const char *check_replacement(struct statement_check *j, struct uri_use *use)
{
	static const char accepted[] =
		"captures of whole segments, as in \"^/old/(.*)$ /new/$1\", or without dots, as "
		"in ([a-z0-9-]+); $uri, $host";
	struct regex regex;
	const char *capture = find_capture(use->template.text), *error;

	if (!capture)
		return check_uri(j, use, accepted);
	error = regex_read(&regex, statement_word(j->statement, 1));
	if (error) {
		snprintf(j->text, sizeof(j->text),
			 "uses $%c in a path, and its regular expression cannot be checked: it "
			 "has %s",
			 capture[1], error);
		return j->text;
	}
	if (!keeps_captures(use->template.text)) {
		snprintf(j->text, sizeof(j->text),
			 "uses $%c in a path together with a variable that may match a regular "
			 "expression of its own, which changes $%c: remove one of the two",
			 capture[1], capture[1]);
		return j->text;
	}
	use->template.regex = &regex;
	error = check_uri(j, use, accepted);
	use->template.regex = NULL;
	return error;
}

const char *uri_rule_rewrite(struct statement_check *j)
{
	const char *to = statement_word(j->statement, 2), *flag = statement_word(j->statement, 3);
	struct uri_use use = {
		.template = { .text = to, .has_args = true },
		.stays = j->in_location && strcmp(flag, "break") == 0,
	};

	if (is_external(to) || strcmp(flag, "redirect") == 0 || strcmp(flag, "permanent") == 0)
		return NULL;
	return check_replacement(j, &use);
}

/* --- other URIs ------------------------------------------------------------------------------ */

const char *uri_rule_try_files(struct statement_check *j)
{
	static const char accepted[] = "$uri and literal paths that begin with /; at the end also "
				       "an @name or a =CODE, or a ? and any variables";
	const char *w = statement_word(j->statement, 0), *next, *why;

	notes_files(&j->block->notes, j->statement->line);
	for (w = statement_next(j->statement, w); w; w = next) {
		bool last = !(next = statement_next(j->statement, w));
		struct uri_use use = {
			.template = { .text = w, .has_args = last, .splits = last },
			.stays = !last,
		};

		if (last && is_name_or_code(w))
			return NULL;
		why = check_uri(j, &use, accepted);
		if (why)
			return why;
	}
	return NULL;
}

const char *uri_rule_error_page(struct statement_check *j)
{
	const char *to = statement_word(j->statement, j->statement->count - 1);
	struct uri_use use = {
		.template = { .text = to, .has_args = true, .splits = true },
		.carried = true,
		.outer = !j->in_server,
	};

	if (is_external(to) || is_name_or_code(to))
		return NULL;
	return check_uri(j, &use, "a literal path that begins with /, an @name, or http(s)://…");
}

/* auth_request, mirror: nginx takes the URI as it is written. */
const char *uri_rule_subrequest(struct statement_check *j)
{
	const char *uri = statement_word(j->statement, 1);
	struct uri_use use = { .template = { .text = uri } };

	if (strcmp(uri, "off") == 0)
		return NULL;
	if (strchr(uri, '$'))
		return "takes a literal path that begins with /, without variables";
	return check_uri(j, &use, "a literal path that begins with /");
}

/* The first group becomes $fastcgi_script_name, which is the path of a script. */
const char *uri_rule_split(struct statement_check *j)
{
	struct uri_use use = { .template = { .text = "$1" }, .stays = true };
	struct regex regex;
	const char *error = regex_read(&regex, statement_word(j->statement, 1));

	if (error) {
		snprintf(j->text, sizeof(j->text),
			 "has a regular expression that cannot be checked: it has %s", error);
		return j->text;
	}
	use.template.regex = &regex;
	error = check_uri(j, &use, "a first group of whole segments, as in ^(.+\\.php)(/.+)$");
	use.template.regex = NULL;
	return error;
}

const char *uri_check_script(struct statement_check *j, const char *text)
{
	struct uri_use use = { .template = { .text = text }, .stays = true };

	notes_files(&j->block->notes, j->statement->line);
	return check_uri(j, &use,
			 "$fastcgi_script_name, $uri and literal paths after $document_root");
}

/* --- what other rules rely on
 * --------------------------------------------------------------------- */

/* A request without a host has the server's first name as its $host. */
const char *uri_rule_server_name(struct statement_check *j)
{
	const char *w = statement_first(j->statement);

	while ((w = statement_next(j->statement, w))) {
		if (strpbrk(w, "/?") && w[0] != '~')
			return "takes host names, which have neither / nor ?";
		if (strchr(w, '/'))
			return "takes host names: its regular expression must not have a /";
		if (*w && !w[strspn(w, ".")])
			return "takes host names, which have more than dots";
	}
	return NULL;
}

/* A `map` could redefine nginx's $args, $arg_x, …, which other rules rely on. */
const char *uri_rule_data(struct statement_check *j)
{
	const char *name = statement_word(j->statement, j->statement->count - 1);

	if (name[0] == '$' && is_nginx_variable(name + 1, strlen(name + 1)))
		return "must not define a variable that nginx itself defines";
	return NULL;
}
