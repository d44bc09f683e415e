/*
 * Cause: what outside of ZooKeeper a message of nginx is about, so that one can see whether it is
 * over: a file that could not be read, a host name that does not resolve. Pure.
 */
#ifndef ZKNGINX_CAUSE_H
#define ZKNGINX_CAUSE_H

#include <zknginx/arena.h>

/* The absolute paths in the message; in the arena. Of a name that does not resolve: the files that
 * say how names are resolved. */
size_t cause_files(struct arena *a, const char *message, const char ***out);
/* The host name that was not found, without a port; in the arena. NULL: it is about none. */
const char *cause_host_name(struct arena *a, const char *message);
/* The TCP port that could not be had because somebody else has it; 0: it is about none. */
unsigned cause_port(const char *message);

#endif
