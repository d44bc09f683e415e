/*
 * Prints what was read: a file with the statements left out that have moved, or one statement by
 * itself. What does not change is copied byte by byte, comments included.
 */
#ifndef ZKNGINX_CORE_IMPORT_CONF_PRINT_H
#define ZKNGINX_CORE_IMPORT_CONF_PRINT_H

#include <zknginx/buf.h>

#include "conf.h"

/*
 * The file with its changes. An `include` stays, unless something in its files has changed: then
 * those files are printed in its place, and the others are included one by one.
 */
void conf_print_file(struct buf *out, const struct conf_file *f);

/*
 * The statement with its changes and with the comments directly before it, without the indentation
 * of its first line. An `include` in it is replaced by the text of its files.
 */
void conf_print_node(struct buf *out, const struct conf_node *n);

/* All comments before and in the statement, each on its line; returns how many. */
unsigned conf_print_comments(struct buf *out, const struct conf_node *n);

#endif
