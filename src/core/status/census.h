/* The census: how many sites, upstreams and servers a model has, for /metrics. It is made once for
 * each model that nginx takes, at the latest by the first scrape, so that scrapes cost nothing
 * more.
 */
#ifndef ZKNGINX_CORE_CENSUS_H
#define ZKNGINX_CORE_CENSUS_H

#include <zknginx/model.h>
#include <zknginx/numbers.h>

/* The names are borrowed from the model. */
void census_take(const struct model *m, struct config_numbers *out);

#endif
