/* The definitions that sites and snippets use by name: limits, caches, log formats, variables; and
 * the snippets that sites include. */
#ifndef ZKNGINX_CORE_DEFINITION_USES_H
#define ZKNGINX_CORE_DEFINITION_USES_H

#include <zknginx/model.h>

struct definition_use {
	enum config_kind kind;
	const char *name;
	bool needed;     /* false: without the definition there is a default */
	char field[128]; /* "locations[0].limit" */
};

/* on_use() returns true to end the visit; then this returns true. */
bool uses_of_site(const struct site *s, bool (*on_use)(void *ctx, const struct definition_use *u),
		  void *ctx);

/* Does an operator's text use the variable or the log format that this definition defines? */
bool uses_in_text(const struct snippet *text, const struct snippet *definition);

/* The same of the lines of nginx's own language in a site. */
bool uses_in_site(const struct site *s, const struct snippet *definition);

#endif
