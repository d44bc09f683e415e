/*
 * Names: the addresses of host names.
 *
 * nginx resolves the names of its servers when it tests and loads a configuration, and refuses all
 * of it when one name does not resolve. So the daemon resolves them, and passes in the results: a
 * pure look-up that never waits. The names that have to be resolved are in model.names.
 */
#ifndef ZKNGINX_NAMES_H
#define ZKNGINX_NAMES_H

#include <zknginx/macros.h>

enum name_state { NAME_FOUND, NAME_PENDING, NAME_FAILED };

struct name {
	enum name_state state;
	/* Numeric, IPv6 without brackets. Of a pending or failed name: the last good ones. */
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
