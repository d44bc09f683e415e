/*
 * The kinds of objects in the config: one table. Another kind is one row here; its role says what
 * decode, guard, link and the commands do with it.
 */
#ifndef ZKNGINX_KIND_H
#define ZKNGINX_KIND_H

#include <zknginx/protocol.h>

enum kind_role {
	ROLE_UPSTREAM,
	ROLE_SITE,
	ROLE_DEFINITION, /* typed; becomes nginx text of its protocol's context */
	ROLE_TEXT,       /* nginx text of an operator */
	ROLE_PART,       /* what sites and upstreams are made of; nothing of its own in nginx */
};

/* Name, directory below the root, what the objects' child znodes are called (NULL: an object has
 * none), how the name of an object's file ends, how many KB of data an object may have, its role,
 * and the protocol that its text is of. Definitions come before texts, which may use them. */
#define CONFIG_KINDS(X)                                                                            \
	X(UPSTREAM, "upstreams", "HOST:PORT", ".json", 256, ROLE_UPSTREAM, PROTOCOL_HTTP)          \
	X(SITE, "sites", NULL, ".json", 256, ROLE_SITE, PROTOCOL_HTTP)                             \
	X(MAP, "maps", NULL, ".json", 256, ROLE_DEFINITION, PROTOCOL_HTTP)                         \
	X(GEO, "geo", NULL, ".json", 1024, ROLE_DEFINITION, PROTOCOL_HTTP)                         \
	X(SPLIT, "split", NULL, ".json", 64, ROLE_DEFINITION, PROTOCOL_HTTP)                       \
	X(LOG_FORMAT, "log_formats", NULL, ".json", 64, ROLE_DEFINITION, PROTOCOL_HTTP)            \
	X(LIMIT, "limits", NULL, ".json", 64, ROLE_DEFINITION, PROTOCOL_HTTP)                      \
	X(CACHE, "caches", NULL, ".json", 64, ROLE_DEFINITION, PROTOCOL_HTTP)                      \
	X(HTTP_SNIPPET, "snippets/http", NULL, ".conf", 1024, ROLE_TEXT, PROTOCOL_HTTP)            \
	X(LOCATION_SNIPPET, "snippets/location", NULL, ".conf", 1024, ROLE_TEXT, PROTOCOL_HTTP)    \
	X(SERVER_SNIPPET, "snippets/server", NULL, ".conf", 1024, ROLE_TEXT, PROTOCOL_HTTP)        \
	X(STREAM_SNIPPET, "snippets/stream", NULL, ".conf", 1024, ROLE_TEXT, PROTOCOL_STREAM)      \
	X(DEFAULTS, "defaults", NULL, ".json", 64, ROLE_PART, PROTOCOL_HTTP)                       \
	X(TEMPLATE, "templates", NULL, ".json", 256, ROLE_PART, PROTOCOL_HTTP)

enum config_kind {
#define X(name, directory, child, ending, most, role, protocol) CONFIG_##name,
	CONFIG_KINDS(X)
#undef X
		CONFIG_KIND_N
};

#endif
