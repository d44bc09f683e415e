/* A location on its way to a typed one; the parts of typed_location.c share it. */
#ifndef ZKNGINX_CORE_IMPORT_LOCATION_DRAFT_H
#define ZKNGINX_CORE_IMPORT_LOCATION_DRAFT_H

#include "typed.h"

struct location_draft {
	const struct typed_input *in;
	const struct scope *scope;
	const struct conf_node *node; /* its block, or the server's */
	struct why *why;
	json_t *json;
};

/* Both are false: the location cannot be typed because of this statement. */
bool location_refuse(struct location_draft *d, const struct conf_node *n, const char *what);
bool location_no_field(struct location_draft *d, const struct conf_node *n);

/* In force because of the location or of its server; http{} stays around it anyway. */
bool location_has(const struct in_force *f);
/* Gives the inner object away, unless it is empty: then there is no field. */
void location_put_inner(json_t *object, const char *field, json_t *inner);

/* request_headers and websocket. */
bool location_put_headers(struct location_draft *d);
/* limit */
bool location_put_limit(struct location_draft *d);

#endif
