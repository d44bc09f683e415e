/* Which snippets a change needs for the variables that its objects use. */
#ifndef ZKNGINX_DEFINERS_H
#define ZKNGINX_DEFINERS_H

#include "core/compose/variables.h"

struct definers;

/* Both are borrowed until definers_free(). accepted: the znodes that nginx runs. */
struct definers *definers_new(const struct model *candidate, const struct tree *accepted);
void definers_free(struct definers *d);
DEFINE_CLEANUP(struct definers *, definers_free)

/*
 * The snippet without whose change nothing defines the variable; NULL: there is none, because the
 * variable is nginx's own, nginx runs a definition already, or several snippets bring one.
 */
const struct znode *definers_find(struct definers *d, const struct variable_use *u);

#endif
