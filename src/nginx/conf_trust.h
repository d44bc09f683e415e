/*
 * Can only root and this daemon's user change nginx's own configuration? The master reads it as
 * root at every SIGHUP that is sent to it, so a deployment would run what another user wrote there.
 */
#ifndef ZKNGINX_NGINX_CONF_TRUST_H
#define ZKNGINX_NGINX_CONF_TRUST_H

#include <zknginx/err.h>

/* config: nginx.conf. ERR_REFUSED: another user can change it; the text says how to correct it. */
int conf_trust_check(const char *config, struct err *e);
/* The same of the files that it includes, one path per line: the first that another user can
 * change. */
int conf_trust_check_files(const char *files, struct err *e);

#endif
