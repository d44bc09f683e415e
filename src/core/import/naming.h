/* Names of the znodes that pieces become: readable, valid, and each once. */
#ifndef ZKNGINX_CORE_IMPORT_NAMING_H
#define ZKNGINX_CORE_IMPORT_NAMING_H

#include "piece.h"

/*
 * Sets name and snippet of every piece. A server is named after its first server name, with its
 * port where several have that name. The names depend on nothing else, so the next import of a
 * changed FILE gives the same ones.
 */
void naming_choose(struct arena *a, struct pieces *ps);

#endif
