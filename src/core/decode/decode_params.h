/* The parameters of FastCGI and uwsgi: see decode_params.c. */
#ifndef ZKNGINX_CORE_DECODE_PARAMS_H
#define ZKNGINX_CORE_DECODE_PARAMS_H

#include <zknginx/model.h>

#include "fields.h"

/* read() of a row; where is a struct location. */
void decode_params(struct reader *r, const json_t *value, void *where);

#endif
