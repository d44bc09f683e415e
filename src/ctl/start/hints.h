/* What an operator has to do next, as text: shared by init and doctor. All strings are in the
 * arena. */
#ifndef ZKNGINX_CTL_HINTS_H
#define ZKNGINX_CTL_HINTS_H

#include <zknginx/arena.h>
#include <zknginx/settings.h>

/* The lines for nginx.conf, indented, with the paths of these settings. */
const char *hint_include(struct arena *a, const struct settings *s);
/* How to protect znodes that every client can change; a few lines. */
const char *hint_acl(struct arena *a, const struct zookeeper_settings *z);
/* The chroot of zookeeper.hosts does not exist: how to create it. */
const char *hint_chroot(struct arena *a, const char *hosts);
/* ZooKeeper refuses a write for its ACL: which credentials are in use. */
const char *hint_credentials(struct arena *a, const struct zookeeper_settings *z);

#endif
