/* Defaults below one object. */
#ifndef ZKNGINX_CORE_EXPAND_DEFAULTS_H
#define ZKNGINX_CORE_EXPAND_DEFAULTS_H

#include <jansson.h>
#include <stdbool.h>

struct defaults {
	json_t *site, *location, *upstream; /* NULL: there are none */
};

bool defaults_are_taken(const json_t *object);
/* New objects, with the defaults and without nulls, which are not to be expanded again. */
json_t *defaults_below_site(const struct defaults *d, const json_t *site);
json_t *defaults_below_upstream(const struct defaults *d, const json_t *upstream);

#endif
