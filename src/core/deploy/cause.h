/*
 * Cause: what a message of nginx is about outside of ZooKeeper: a file that could not be read, a
 * host name that does not resolve, a port in use. The caller watches it to learn when the cause is
 * gone. Pure.
 */
#ifndef ZKNGINX_CAUSE_H
#define ZKNGINX_CAUSE_H

#include <zknginx/arena.h>

/*
 * The absolute paths in the message; in the arena. For a name that does not resolve: the files that
 * configure the resolver.
 */
size_t cause_files(struct arena *a, const char *message, const char ***out);
/*
 * The host name that was not found, without a port; in the arena. NULL: the message is not about a
 * host name.
 */
const char *cause_host_name(struct arena *a, const char *message);
/* The TCP port that another process uses; 0: the message is not about a port. */
unsigned cause_port(const char *message);

#endif
