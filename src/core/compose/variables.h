/* The variables that objects use. */
#ifndef ZKNGINX_CORE_VARIABLES_H
#define ZKNGINX_CORE_VARIABLES_H

#include <zknginx/model.h>

#include "core/data/site_texts.h"

/* A variable in a text of an object. */
struct variable_use {
	enum protocol protocol;
	const char *name; /* without `$`, not terminated */
	size_t size;
	struct site_text place;
};

/* on_use() returns true to end the visit; then these return true. */
bool variables_of_site(const struct site *s,
		       bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx);
bool variables_of_definition(const struct snippet *s,
			     bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx);
bool variables_of_upstream(const struct upstream *up,
			   bool (*on_use)(void *ctx, const struct variable_use *u), void *ctx);

/* Is it a variable that nginx has itself? */
bool variable_use_is_of_nginx(const struct variable_use *u);

/* "balance", "locations[0].return.text": the field, as in a problem; in the arena. */
const char *variable_use_field(struct arena *a, const struct variable_use *u);

#endif
