/*
 * The helper: a process that the daemon forks at the start, before it has threads and before
 * anything was read from ZooKeeper. The daemon then gives up the capabilities and the system calls
 * that the sandbox of `nginx -t` needs (sys/renounce.h); the helper keeps them.
 *
 * It does two things for the daemon: it looks at a process (look.h), and it runs nginx enclosed
 * (enclosed.h). What it is told is a generation of the state directory, the process id of a master,
 * and paths of nginx; it checks each, computes the mounts itself, and what it starts is always
 * nobody in a read-only copy of the file system. It reads nothing that comes from ZooKeeper and
 * none of nginx's output.
 *
 * It ends when the daemon ends, however that ends, and kills what it has started first. If it ends
 * itself, the daemon cannot start another one: helper_channel() is at its end then.
 */
#ifndef ZKNGINX_NGINX_HELPER_H
#define ZKNGINX_NGINX_HELPER_H

#include <zknginx/err.h>
#include <zknginx/settings.h>

/* Only while this process has one thread. */
int helper_start(const struct settings *settings, struct err *e);
/* It ends; waits for that. */
void helper_stop(void);

#endif
