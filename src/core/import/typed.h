/*
 * Typed objects: the JSON that renders to the same meaning as a block of nginx's, where there is
 * one.
 *
 * Only what differs in the text may differ: an upstream's servers are rendered in the order of
 * their addresses, a location's headers in another order. What nginx would do for a request, or
 * send to a server, has to be the same. Values are not checked here, but by the decoder (import.c).
 */
#ifndef ZKNGINX_CORE_IMPORT_TYPED_H
#define ZKNGINX_CORE_IMPORT_TYPED_H

#include <jansson.h>

#include "piece.h"
#include "scope.h"

struct typed_input {
	struct arena *arena;
	const struct pieces *pieces; /* whose upstreams have their fates */
	const char *log_directory;
};

/* Each: sets json (and servers) of the piece. False: *why is the reason. */
bool typed_upstream(const struct typed_input *in, struct piece *p, struct why *why);
bool typed_site(const struct typed_input *in, struct piece *p, struct why *why);
bool typed_stream_site(const struct typed_input *in, struct piece *p, struct why *why);

/* Appends the location to `locations`. node: its block; NULL: what the server does for requests
 * that no location matches, with this path. */
bool typed_location(const struct typed_input *in, const struct scope *scope,
		    const struct conf_node *node, const char *path, json_t *locations,
		    struct why *why);

/* Is what is in force for a server with TLS what a typed site renders? */
bool typed_tls(const struct typed_input *in, const struct scope *scope,
	       const struct conf_node *server, struct why *why);

/* JSON is UTF-8. Are all words of the statement, and of those in it? */
bool typed_is_text(const struct conf_node *n);

/* A `listen`, with the default_server that it may have got. */
json_t *typed_listen(const struct conf_node *n);

/* The JSON of an object as text; gives the value away. */
const char *typed_print(struct arena *a, json_t *object);

#endif
