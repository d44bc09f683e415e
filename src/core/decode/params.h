/*
 * Parameters: "$(NAME)" in the strings of templates, "$(vars.NAME)" in those of all objects.
 *
 * A value is data. In a text that nginx takes as one parameter (a header, a body) it may be
 * anything, and a `$` in it is a `$`. In every other string (an address, a path, a name) it may
 * have no byte that means something there; in a regular expression it stands for itself.
 */
#ifndef ZKNGINX_CORE_PARAMS_H
#define ZKNGINX_CORE_PARAMS_H

#include <jansson.h>
#include <zknginx/buf.h>
#include <zknginx/vars.h>

struct params {
	json_t *with;                /* an object; NULL: there are no parameters */
	const struct host_var *vars; /* NULL: there are none */
	struct buf used;             /* names of parameters that were found, each with its NUL */
	struct buf field;            /* where: "locations[0].proxy" */
	struct buf error;            /* the first problem, at `field`; empty: there is none */
};

void params_init(struct params *p, json_t *with, const struct host_var *vars);
void params_fini(struct params *p);

/* A new value with all parameters replaced; NULL and an error. */
json_t *params_apply(struct params *p, const json_t *value);
/* Was this parameter found? */
bool params_used(const struct params *p, const char *name);
/* The next parameter at *s or after it: its name, and *s behind it; NULL: there is none. */
const char *params_next(const char **s, size_t *size);

#endif
