/* Whom an operator's command can be trusted to come from. */
#ifndef ZKNGINX_HOST_HOOK_CHECK_H
#define ZKNGINX_HOST_HOOK_CHECK_H

#include "hook.h"

/* As hook_check; *fd: the very file that was looked at, to be executed and closed. It is -1 for a
 * script, which its interpreter opens by its path. */
int hook_open(const char *path, int *fd, struct err *e);

#endif
