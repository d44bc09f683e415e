/* Checks between the fields of a location, and between locations. */
#ifndef ZKNGINX_CORE_LOCATION_CHECK_H
#define ZKNGINX_CORE_LOCATION_CHECK_H

#include <zknginx/model.h>

#include "fields.h"

/* Problems are added. value: the location's object. */
void location_check(struct reader *r, const json_t *value, const struct site *site,
		    const struct location *l);
/* Has one of the locations before it, at the same place, its path? */
void location_check_double(struct reader *r, const struct site *site, size_t index);

#endif
