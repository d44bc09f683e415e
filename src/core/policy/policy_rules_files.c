/*
 * The rules about logs, included files and what programs are told.
 *
 * A FastCGI or uwsgi server trusts its parameters: PHP_VALUE changes PHP's settings, UWSGI_FILE
 * loads a file as code, and a CGI program has them all as its environment (LD_PRELOAD). So only
 * CGI's own names are accepted, and those that name a file are held to the files that nginx itself
 * would serve.
 */
#include <string.h>
#include <strings.h>

#include "policy_rules.h"

static bool begins_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_any(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

/* --- logs ------------------------------------------------------------------------------------ */

/* "127.0.0.1", "127.0.0.1:514", "[::1]:514", "localhost", "unix:/dev/log"; up to a comma. */
static bool is_own_syslog(const char *server)
{
	size_t size = strcspn(server, ","), host;

	if (size == strlen("unix:/dev/log") && begins_with(server, "unix:/dev/log"))
		return true;
	host = server[0] == '[' ? strcspn(server, "]") + 1 : strcspn(server, ":,");
	if (host > size ||
	    (server[host] == ':' && host + 1 + strspn(server + host + 1, "0123456789") != size) ||
	    (server[host] != ':' && host != size))
		return false;
	if ((host == 9 && begins_with(server, "localhost")) ||
	    (host == 5 && begins_with(server, "[::1]")))
		return true;
	return begins_with(server, "127.") && strspn(server, "0123456789.") == host;
}

static bool is_syslog(const char *word)
{
	bool any = false;

	if (!begins_with(word, "syslog:"))
		return false;
	for (word += strlen("syslog:"); *word; word += *word == ',') {
		if (begins_with(word, "server=")) {
			any = true;
			if (!is_own_syslog(word + strlen("server=")))
				return false;
		}
		word += strcspn(word, ",");
	}
	return any;
}

const char *file_rule_log(struct statement_check *j)
{
	const char *to = statement_word(j->statement, 1);
	bool access = strcmp(statement_first(j->statement), "access_log") == 0;

	if (access && j->statement->count == 2 && strcmp(to, "off") == 0)
		return NULL;
	if (is_syslog(to) || policy_allows_log(j->policy, to))
		return NULL;
	return access ? "must be \"off\", syslog:server= of a loopback address or unix:/dev/log, "
			"or "
			"a file NAME.log in nginx.log_directory, without variables"
		      : "must be syslog:server= of a loopback address or unix:/dev/log, or a file "
			"NAME.log in nginx.log_directory";
}

/* proxy_cache_path, …: see policy_list.c. */
const char *file_rule_cache_path(struct statement_check *j UNUSED)
{
	return "is not allowed (snippets.policy is \"safe\"): nginx creates the directory as root "
	       "and removes files in it. Use \"cache\" of a site's location, whose directory "
	       "belongs to the daemon";
}

/* --- files ----------------------------------------------------------------------------------- */

const char *file_rule_include(struct statement_check *j)
{
	bool snippet;

	if (!policy_allows_include(j->policy, statement_word(j->statement, 1), &snippet))
		return "may name only files of nginx's own directory: fastcgi_params, "
		       "fastcgi.conf, uwsgi_params, scgi_params, proxy_params, mime.types, "
		       "koi-utf, koi-win, win-utf and snippets/NAME.conf";
	if (snippet)
		notes_unknown(&j->block->notes, j->statement->line);
	return NULL;
}

const char *file_rule_conf_command(struct statement_check *j)
{
	static const char *const names[] = {
		"Ciphersuites",
		"CipherString",
		"Options",
		"Protocol",
		"MinProtocol",
		"MaxProtocol",
		"Curves",
		"Groups",
		"ECDHParameters",
		"NumTickets",
		"RecordPadding",
		"SignatureAlgorithms",
		"ClientSignatureAlgorithms",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcasecmp(statement_word(j->statement, 1), names[i]) == 0)
			return NULL;
	}
	return "may set only Ciphersuites, CipherString, Options, Protocol, MinProtocol, "
	       "MaxProtocol, Curves, Groups, ECDHParameters, NumTickets, RecordPadding, "
	       "SignatureAlgorithms and ClientSignatureAlgorithms: other commands read files";
}

/* --- what programs are told ------------------------------------------------------------------ */

static const char *check_script(struct statement_check *j, const char *value)
{
	static const char *const roots[] = { "$document_root", "$realpath_root" };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		const char *rest = value + strlen(roots[i]);

		if (!begins_with(value, roots[i]) || (*rest && *rest != '/' && *rest != '$'))
			continue;
		return *rest ? uri_check_script(j, rest) : NULL;
	}
	if (strcmp(value, "$request_filename") == 0)
		return uri_check_script(j, "$uri");
	if (policy_may_serve(j->policy, value))
		return NULL;
	return "must name a file by $document_root$fastcgi_script_name, $request_filename, or a "
	       "path below one of snippets.roots";
}

static bool is_cgi_name(const char *name)
{
	static const char *const names[] = { "AUTH_TYPE",
					     "CONTENT_LENGTH",
					     "CONTENT_TYPE",
					     "DOCUMENT_URI",
					     "GATEWAY_INTERFACE",
					     "HTTPS",
					     "PATH_INFO",
					     "QUERY_STRING",
					     "REDIRECT_STATUS",
					     "REMOTE_ADDR",
					     "REMOTE_HOST",
					     "REMOTE_PORT",
					     "REMOTE_USER",
					     "REQUEST_METHOD",
					     "REQUEST_SCHEME",
					     "REQUEST_URI",
					     "SCRIPT_NAME",
					     "SERVER_ADDR",
					     "SERVER_NAME",
					     "SERVER_PORT",
					     "SERVER_PROTOCOL",
					     "SERVER_SOFTWARE",
					     "UWSGI_SCHEME",
					     "modHeadersAvailable",
					     "front_controller_active",
					     NULL };

	return is_any(name, names) || begins_with(name, "APP_") ||
	       begins_with(name, "SSL_CLIENT_") ||
	       (begins_with(name, "HTTP_") && strcmp(name, "HTTP_PROXY") != 0);
}

const char *file_rule_param(struct statement_check *j)
{
	static const char *const paths[] = { "SCRIPT_FILENAME", "DOCUMENT_ROOT", NULL };
	const char *name = statement_word(j->statement, 1);

	if (is_any(name, paths))
		return check_script(j, statement_word(j->statement, 2));
	if (is_cgi_name(name))
		return NULL;
	return "may set only the names of CGI (SCRIPT_FILENAME, PATH_INFO, HTTPS, …), HTTP_…, "
	       "APP_… and SSL_CLIENT_…: others can change what the program runs. Set them in a "
	       "file snippets/NAME.conf of nginx's directory, and include it";
}
