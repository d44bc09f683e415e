/* The CAs of this host, with which nginx verifies servers of upstreams: nginx.trusted_ca. */
#ifndef ZKNGINX_NGINX_TRUSTED_CA_H
#define ZKNGINX_NGINX_TRUSTED_CA_H

#include <zknginx/settings.h>

/* Its path; NULL: the setting is "", or the file cannot be read. nginx would refuse every site that
 * names a missing file. */
const char *nginx_trusted_ca(const struct nginx_settings *s);
/* Logs a warning when the file is missing. */
void nginx_trusted_ca_warn(const struct nginx_settings *s);

#endif
