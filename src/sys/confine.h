/*
 * Confinement of a thread: it has no capabilities, gains no privileges, and makes only the system
 * calls that its job needs. Threads that it creates inherit all of this; the other threads of the
 * process keep what they have.
 *
 * The threads of libzookeeper and of the relay read what the network sends. None of them has to
 * start a program, to signal a process, to enter a namespace, to mount, or to write a file.
 */
#ifndef ZKNGINX_SYS_CONFINE_H
#define ZKNGINX_SYS_CONFINE_H

#include <zknginx/err.h>

enum confinement {
	CONFINE_NETWORK, /* connections, timers, and files to read */
	CONFINE_NAMES,   /* as well what name resolution needs: modules, and local services */
};

/* The calling thread, for ever. An error: it is confined in part, or not at all. */
int confine_thread(enum confinement kind, struct err *e);

#endif
