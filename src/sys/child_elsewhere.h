/* A child that another process starts: our end of its control socket. */
#ifndef ZKNGINX_SYS_CHILD_ELSEWHERE_H
#define ZKNGINX_SYS_CHILD_ELSEWHERE_H

#include "child_launch.h"

/* *control: our end; the caller closes it. */
int elsewhere_start(const struct launch *l, int *control, struct err *e);
/* When `control` is readable: how the child ended. If the other process ended: killed. */
struct child_status elsewhere_status(int control);

#endif
