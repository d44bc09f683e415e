/* A child that another process starts: our end of its control socket. */
#ifndef ZKNGINX_SYS_CHILD_ELSEWHERE_H
#define ZKNGINX_SYS_CHILD_ELSEWHERE_H

#include "child_launch.h"

/* *control: our end; the caller closes it. */
int elsewhere_start(const struct launch *l, int *control, struct err *e);
/* When `control` is readable: how the child ended. False: the other process has ended, and the
 * child was killed with it. */
bool elsewhere_status(int control, struct child_status *status);

#endif
