/*
 * Names: what host names stand for.
 *
 * nginx resolves the names of its servers when it tests and loads a configuration, and one
 * that does not resolve fails all of it. So the daemon resolves them, and hands in
 * what it knows: a pure look-up, which never waits. Names that the model asks for are in
 * model.names.
 */
#ifndef ZKNGINX_NAMES_H
#define ZKNGINX_NAMES_H

#include <zknginx/macros.h>

enum name_state { NAME_FOUND, NAME_PENDING, NAME_FAILED };

struct name {
	enum name_state state;
	/* Numeric, IPv6 without brackets; of a pending or failed one the last that were good. */
	const char *const *addresses;
	size_t count;
	const char *reason; /* of a failure: "no such host"; may be NULL */
};

struct names {
	/* Borrowed until the next call. */
	struct name (*find)(void *ctx, const char *name);
	void *ctx;
};

#endif
