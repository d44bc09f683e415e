/*
 * The threads beside the one with the loop: all of them are started here, with all signals blocked,
 * and confined (confine.h) before they run anything.
 */
#ifndef ZKNGINX_SYS_THREAD_H
#define ZKNGINX_SYS_THREAD_H

#include "confine.h"

/* A detached thread. name: for ps(1) and top(1), up to 15 bytes; threads that it starts begin with
 * it as well. 0, or an errno number. */
int thread_start(const char *name, enum confinement kind, void *(*run)(void *arg), void *arg);
/* Runs it on a thread and waits until it has returned: threads that it starts are confined as well.
 * 0, or an errno number. */
int thread_call(const char *name, enum confinement kind, void *(*run)(void *arg), void *arg);

#endif
