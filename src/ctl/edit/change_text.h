/* What a change has come to, for people and as JSON. */
#ifndef ZKNGINX_CTL_CHANGE_TEXT_H
#define ZKNGINX_CTL_CHANGE_TEXT_H

#include "change.h"
#include "ctl/push/difference.h"

/* Prints the findings of CHANGE_REFUSED, or of what was forced, on standard error. */
void change_print_findings(const struct change *c);
/* {path, problems, result, version}; version −1: there is no znode. */
void change_print_json(const struct change *c, const char *result);
/* A diff of two data of the znode, where both are text. */
void change_print_difference(const struct change *c, const struct screen *screen,
			     const struct difference_names *names, const struct znode *old,
			     const struct znode *new);

/* No NUL, and valid UTF-8. */
bool data_is_text(const struct znode *z);

#endif
