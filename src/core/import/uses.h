/* Does a statement use a variable or a zone that a piece defines? */
#ifndef ZKNGINX_CORE_IMPORT_USES_H
#define ZKNGINX_CORE_IMPORT_USES_H

#include "piece.h"

/*
 * The first statement of the file, apart from those that have moved (struct conf_change), that uses
 * what the definition p defines; NULL: none does.
 */
const struct conf_node *uses_find(const struct conf_file *file, const struct piece *p);

#endif
