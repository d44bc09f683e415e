/*
 * The allow-list of the "safe" policy: one row a directive, one small function a
 * kind of rule. policy.c walks a snippet's statements and asks here.
 */
#ifndef ZKNGINX_CORE_POLICY_RULES_H
#define ZKNGINX_CORE_POLICY_RULES_H

#include "core/text/statement.h"
#include "policy.h"
#include "policy_server.h"

/* Which URIs a location lets through, apart from what it matches. */
enum reach {
	REACH_NONE,  /* not within a location */
	REACH_FIXED, /* "= /x", "~ …": alias replaces the whole URI */
	REACH_BELOW, /* "/x/": only what is below it */
	REACH_BESIDE /* "/x": "/x../y" too */
};

enum rule {
	RULE_ANY,          /* whatever nginx takes */
	RULE_BLOCK,        /* a block of directives */
	RULE_DATA,         /* a block of values, not of directives */
	RULE_LOCATION,     /* a block that matches URIs */
	RULE_IF,           /* a block; its condition must not ask for files */
	RULE_SERVER,       /* a block, or a server of an upstream */
	RULE_SERVER_NAME,  /* names that cannot be part of a path */
	RULE_LOG,          /* "off", syslog of this host, or a file of nginx.log_directory */
	RULE_INCLUDE,      /* a parameter file of nginx's own directory */
	RULE_PARAM,        /* a parameter of CGI; a path in it is one of a served file */
	RULE_SPLIT,        /* a regular expression, whose first group is a URI */
	RULE_CONF_COMMAND, /* a command of OpenSSL that names no file */
	RULE_CACHE_PATH,   /* never */
	RULE_ROOT,         /* the parameter names a directory to serve from */
	RULE_ALIAS,        /* as RULE_ROOT, and the location must not let URIs climb out */
	RULE_SECRET,       /* the parameter names a file that nginx reads for itself */
	RULE_LISTEN,       /* the first parameter is an address, not a Unix socket */
	RULE_PASS,         /* URL of a server, written out and not a Unix socket */
	RULE_HEADERS,      /* header names; X-Accel-Redirect among them is noted */
	RULE_RESOLVER,     /* numeric addresses */
	RULE_REWRITE,      /* the second parameter is a URI */
	RULE_TRY_FILES,    /* every parameter is a URI */
	RULE_ERROR_PAGE,   /* the last parameter is a URI */
	RULE_SUBREQUEST,   /* "off", or a literal URI */
	RULE_NAMES,        /* file names without variables or ".." */
	RULE_ANSWER,       /* whatever nginx takes; the location then serves no file */
	RULE_N
};

/* Why a directive is harmless: everything that it can affect. */
enum scope {
	SCOPE_VALUE,   /* numbers, switches and texts: limits, buffers, headers, variables */
	SCOPE_SHARED,  /* memory that requests or servers share: it costs memory, and names no file
			*/
	SCOPE_ACCESS,  /* who is let in; at the level of http{} for servers of others too */
	SCOPE_ANSWER,  /* what the client gets, made of variables and literal text */
	SCOPE_NETWORK, /* any TCP address; never a Unix socket */
	SCOPE_LOG,     /* a file of nginx.log_directory that is appended to, or syslog */
	SCOPE_SERVED,  /* files within snippets.roots, for clients to read */
	SCOPE_READ,    /* a file within snippets.roots or .certificates, for nginx alone */
	SCOPE_URI,     /* which URI is served: what it can hold is followed */
	SCOPE_BLOCK,   /* what is within is looked at row by row */
	SCOPE_NONE     /* switches something off */
};

struct directive {
	const char *name;
	enum rule rule;
	enum scope scope;
	const char *where; /* the places (enum policy_place) that nginx takes it in */
};

/* The row of a directive, or NULL when it is not on the list. */
const struct directive *policy_directive(const char *name);
/* All rows, in order of their names. */
const struct directive *policy_directives(size_t *count);

/* A block that is open while the snippet is walked. */
struct block {
	enum block_kind kind;
	unsigned line;
	bool data;
	enum reach reach;
	struct uri_notes notes;
};

/* The input of a check of one statement, and where its results are noted. */
struct statement_check {
	const struct policy *policy;
	const struct statement *statement;
	struct block *block;   /* the innermost */
	unsigned long *effort; /* the cost of checking URIs so far in this snippet */
	bool in_server, in_location;
	char text[320]; /* room for a message */
};

/*
 * NULL when the statement obeys the rule of its row, else the rest of a sentence: what is wrong and
 * what was expected.
 */
const char *policy_check_statement(struct statement_check *j, const struct directive *d);

/* The rules about URIs: policy_rules_uri.c. */
const char *uri_rule_rewrite(struct statement_check *j);
const char *uri_rule_try_files(struct statement_check *j);
const char *uri_rule_error_page(struct statement_check *j);
const char *uri_rule_subrequest(struct statement_check *j);
const char *uri_rule_server_name(struct statement_check *j);
const char *uri_rule_data(struct statement_check *j);

/* The rules about files and programs: policy_rules_files.c. */
const char *file_rule_log(struct statement_check *j);
const char *file_rule_include(struct statement_check *j);
const char *file_rule_param(struct statement_check *j);
const char *file_rule_conf_command(struct statement_check *j);
const char *file_rule_cache_path(struct statement_check *j);
/* fastcgi_split_path_info; a value that becomes the path of a script: `text` follows the root. */
const char *uri_rule_split(struct statement_check *j);
const char *uri_check_script(struct statement_check *j, const char *text);

/* Which URIs a `location` statement lets through, and whether its name begins with @. */
enum reach policy_reach(const struct statement *s);
bool policy_is_named(const struct statement *s);
/* Is it `location /`, which matches what no other location does? */
bool policy_is_slash(const struct statement *s);

/* The host part of a *_pass parameter: after the scheme, before the URI. Borrowed from url. */
const char *policy_pass_host(const char *url, size_t *size);
/*
 * The variable that is all of the host part ("http://$pool/x", "${pool}"), not terminated; NULL:
 * the host part is something else.
 */
const char *policy_pass_variable(const char *url, size_t *size);

#endif
