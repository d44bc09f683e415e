/*
 * Policy: which nginx directives a raw snippet may use, and which files the
 * operators' znodes may name at all.
 *
 * "safe" is an allow-list: nothing that loads code, writes or chowns a path, runs
 * Lua or Perl, or reads a file outside the roots. "all" takes whatever nginx
 * takes, "off" no snippet at all. Braces balance in every case. What the list
 * leaves out was measured to be dangerous or was never needed.
 */
#ifndef ZKNGINX_POLICY_H
#define ZKNGINX_POLICY_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/modes.h>

#include "core/text/lexer.h"

struct policy {
	enum policy_level level;
	/* Absolute directories; NULL-terminated, or NULL. */
	const char *const *roots;        /* files for clients, and whatever else is named */
	const char *const *certificates; /* certificates, keys, passwords: never served */
};

struct violation {
	unsigned line;
	char text[400]; /* a sentence: what was found, what to do; it quotes no value */
};

/* Do the braces balance and is every directive allowed? If not, *v is the first that is not. */
bool policy_check(const struct policy *p, const char *text, size_t size, struct violation *v);

/*
 * May nginx read this file for itself (a certificate, a key, passwords)? An absolute
 * path without ".." and variables, one of the roots or certificates or below one.
 * Level POLICY_ALL lifts them.
 */
bool policy_allows_path(const struct policy *p, const char *path);
/* … and may clients read this directory? Below a root, and no certificates in it or around it. */
bool policy_may_serve(const struct policy *p, const char *path);

/*
 * Names in `proxy_pass http://NAME…;`, `grpc_pass`, … of a snippet, each once, in lower
 * case, NULL-terminated in the arena. Left out: addresses, hosts with a port, and
 * upstreams that the snippet defines itself. A host name without a port stays, as it
 * cannot be told from an upstream's.
 */
const char **policy_upstreams(struct arena *a, const char *text, size_t size, size_t *count);

struct settings;
/* The policy that the settings ask for; borrows its roots from them. */
struct policy policy_from_settings(const struct settings *s);

#endif
