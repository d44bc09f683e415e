/* The check of an operator's command: who could have changed it. */
#ifndef ZKNGINX_HOST_HOOK_CHECK_H
#define ZKNGINX_HOST_HOOK_CHECK_H

#include "hook.h"

/* As hook_check. *fd: the file that was checked, to be executed and closed; -1 for a script, which
 * its interpreter opens by its path. */
int hook_open(const char *path, int *fd, struct err *e);

#endif
