/* Where a directive is in force: in a location, its server, and http{}, the innermost first. */
#ifndef ZKNGINX_CORE_IMPORT_SCOPE_H
#define ZKNGINX_CORE_IMPORT_SCOPE_H

#include "conf.h"

enum level { LEVEL_LOCATION, LEVEL_SERVER, LEVEL_AROUND, LEVEL_N };

struct scope {
	const struct conf_list *levels[LEVEL_N]; /* NULL: without statements */
};

/* The directives of that name in force: those of the innermost level that has one. */
struct in_force {
	enum level level;              /* LEVEL_N: there is none */
	const struct conf_node *first; /* NULL: there is none */
	size_t count;
};
struct in_force scope_find(const struct scope *s, const char *name);

/* The next one after n of that name and level; NULL: n was the last. */
const struct conf_node *scope_next(const struct scope *s, const struct in_force *f,
				   const struct conf_node *n);

/* Its one parameter, or `otherwise` where it is not in force. Several parameters, or several
 * directives, give "". */
const char *scope_value(const struct scope *s, const char *name, const char *otherwise);

#endif
