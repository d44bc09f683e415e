/* The same as look(): by the helper where there is one, else by this process. */
#ifndef ZKNGINX_NGINX_PEEK_H
#define ZKNGINX_NGINX_PEEK_H

#include "look.h"

/* path: for LOOK_FILE and LOOK_LINK; else "". False: a->error says why not. fd may be NULL. */
bool peek(enum look_kind kind, pid_t pid, const char *path, struct look_answer *a, int *fd);

#endif
