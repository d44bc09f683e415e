/*
 * STATE/config.tree: the config of the revision that this host runs, so that after a restart it
 * need not be fetched from the history.
 */
#ifndef ZKNGINX_NGINX_CONFIG_FILE_H
#define ZKNGINX_NGINX_CONFIG_FILE_H

#include <zknginx/tree.h>

/* NULL: there is none that can be used; why is logged. The revision is that of the content, so a
 * damaged or old file is another revision and does no harm. */
struct tree *config_file_read(const char *path, const char *root, char revision[DIGEST_HEX_SIZE]);
int config_file_write(const char *path, const struct tree *config, struct err *e);

#endif
