/* `dav` of a location: clients write files below its root. */
#ifndef ZKNGINX_CORE_DECODE_DAV_H
#define ZKNGINX_CORE_DECODE_DAV_H

#include <zknginx/model.h>

#include "fields.h"

extern const struct fields decode_dav_fields;

/*
 * Is the root for writing where there is `dav`, and for reading where there is none? Fills the
 * reader's problems.
 */
void decode_dav_check(struct reader *r, const struct location *l);

#endif
