/*
 * Policy: which nginx directives a snippet may use, and which files and addresses znodes may name.
 *
 * "safe" is an allow-list: no directive that loads code, writes or chowns a path, runs Lua or Perl,
 * or reads a file outside the roots. "all" allows everything that nginx accepts, "off" no snippet
 * at all. Braces must balance in every case. A directive that is not on the list was found to be
 * dangerous, or was never needed.
 */
#ifndef ZKNGINX_POLICY_H
#define ZKNGINX_POLICY_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/digest.h>
#include <zknginx/modes.h>

#include "core/text/lexer.h"
#include "core/text/network.h"

#define POLICY_NETWORKS_MAX 64

struct policy {
	enum policy_level level;
	/* Absolute directories; NULL-terminated, or NULL. */
	const char *const *roots; /* files for clients, and all other files */
	const char *const
		*certificates;       /* certificates, keys, passwords: never served to clients */
	const char *const *writable; /* that clients write to, and that nothing else uses */
	const char *log_directory;   /* nginx.log_directory; NULL: its default */
	const char *nginx_config;    /* nginx.config; NULL: its default */
	struct network networks[POLICY_NETWORKS_MAX]; /* discover.networks */
	size_t network_count;
};

struct violation {
	unsigned line, other; /* other: the line of the second of two statements, or 0 */
	char text[400]; /* what was found and what to do; it has no values of the snippet in it */
};

/* Do the braces balance, and is every directive allowed? If not, *v is the first violation. */
bool policy_check(const struct policy *p, const char *text, size_t size, struct violation *v);

/* Where a directive may be; a row of the policy has the letters of its places. */
enum policy_place {
	PLACE_HTTP = 'H',
	PLACE_SERVER = 'S',
	PLACE_LOCATION = 'L',
	PLACE_IF = 'I',
	PLACE_LIMIT_EXCEPT = 'M',
	PLACE_UPSTREAM = 'U',
	PLACE_STREAM = 'h',
	PLACE_STREAM_SERVER = 's',
	PLACE_STREAM_UPSTREAM = 'u',
};
/*
 * May the directive be in such a place? Also true for a name that the policy does not know: nginx
 * decides.
 */
bool policy_directive_fits(const char *name, enum policy_place place);

/* May nginx write a log to this file? A plain name that ends in ".log", in nginx.log_directory. */
bool policy_allows_log(const struct policy *p, const char *path);
/*
 * May this file be included? Only parameter files of nginx's own directory, named absolutely or
 * relative to it. *snippet: it may hold any directive.
 */
bool policy_allows_include(const struct policy *p, const char *path, bool *snippet);
/* Their names, those of snippets/ left out; the list ends with NULL. */
const char *const *policy_included_files(void);

/*
 * May nginx read this file for itself (a certificate, a key, passwords)? It has to be an absolute
 * path without ".." and variables. It also has to be one of the roots or certificates, or below
 * one, except with POLICY_ALL.
 */
bool policy_allows_path(const struct policy *p, const char *path);
/*
 * May clients read this directory? As above, but only the roots count, and certificates must be
 * neither in it nor around it. Nor may anything that clients write to.
 */
bool policy_may_serve(const struct policy *p, const char *path);

/*
 * May no server have this address ("10.0.0.1:80", a host name is not checked)? Returns NULL, or the
 * rest of a sentence about the address: why not. `registered`: an application wrote it, so that
 * discover.networks limits it; a persistent znode of the config is an operator's.
 */
const char *policy_refuses_address(const struct policy *p, const char *address, bool registered);

/*
 * The names in `proxy_pass http://NAME…;`, `grpc_pass`, … of a snippet, each once, in lower case; a
 * list in the arena that ends with NULL. It has no addresses, no hosts with a port, and no
 * upstreams that the snippet defines itself. It has host names without a port, because they look
 * like names of upstreams.
 */
const char **policy_upstreams(struct arena *a, const char *text, size_t size, size_t *count);

/* May clients write below this directory? Then nothing but `dav` may serve it. */
bool policy_may_write(const struct policy *p, const char *path);

/* Two policies with the same digest decide in the same way. */
struct digest policy_digest(const struct policy *p);

struct settings;
/* The policy that the settings ask for; borrows its roots from them. */
struct policy policy_from_settings(const struct settings *s);

#endif
