/*
 * What the thread with the loop gives up at the start, when the helper (nginx/helper.h) has what
 * it needs. The threads and programs that it starts from then on lack it as well.
 *
 * Capabilities: all but those with which a process reads and owns files, signals, becomes another
 * user and uses the network. Without CAP_SYS_PTRACE it cannot look below /proc/PID/root, and so
 * cannot leave the mounts of the unit.
 *
 * System calls: namespaces, mounts, tracing and the memory of other processes, files by handle,
 * modules, BPF, io_uring, the clock, the keys of the kernel. Each fails with EPERM. This is a list
 * of what is refused, not of what is allowed, because the commands of the settings inherit it, and
 * they may be any program.
 */
#ifndef ZKNGINX_SYS_RENOUNCE_H
#define ZKNGINX_SYS_RENOUNCE_H

#include <zknginx/err.h>

/* The calling thread, for ever; it gains no privileges by executing a file either. An error: it
 * gave up a part, or nothing. */
int renounce(struct err *e);
/* The helper: it keeps the capabilities and the system calls to look at processes, to enclose, and
 * to end what it started. */
int renounce_all_but_enclosing(struct err *e);

#endif
