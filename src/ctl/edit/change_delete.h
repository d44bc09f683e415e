/* The removal of a znode and of all below it. */
#ifndef ZKNGINX_CTL_CHANGE_DELETE_H
#define ZKNGINX_CTL_CHANGE_DELETE_H

#include "change.h"

/* Would change_delete() be refused? CHANGE_DONE: no. */
enum change_result change_check_delete(struct change *c, struct err *e);
/* Deletes these znodes, in tree order, the first one `path`. */
enum change_result change_delete(struct change *c, const struct tree *tree, size_t begin,
				 size_t end, struct err *e);

#endif
