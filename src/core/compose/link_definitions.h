/* Link: the definitions that sites and snippets use, and the snippets that sites include. Like an
 * upstream, one that was deleted under its users stays in force in its last good form. */
#ifndef ZKNGINX_CORE_LINK_DEFINITIONS_H
#define ZKNGINX_CORE_LINK_DEFINITIONS_H

#include "clash.h"

/* Before any object is placed: a deleted definition that is still used keeps its name. */
void definitions_keep_used(struct clash *c, struct object *site);
/* Brings back deleted definitions that the site uses; false: one of them does not exist. */
bool definitions_settle(struct clash *c, struct object *site);
/* Brings back deleted definitions that texts use. Also before any object is placed, as the policy
 * looks at what a variable may be. */
void definitions_restore_for_texts(struct clash *c);

#endif
