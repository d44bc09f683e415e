/* See nginx_trusted_ca.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "nginx_trusted_ca.h"

static bool is_named(const struct nginx_settings *s)
{
	return s->trusted_ca && *s->trusted_ca;
}

const char *nginx_trusted_ca(const struct nginx_settings *s)
{
	return is_named(s) && access(s->trusted_ca, R_OK) == 0 ? s->trusted_ca : NULL;
}

void nginx_trusted_ca_warn(const struct nginx_settings *s)
{
	if (is_named(s) && !nginx_trusted_ca(s))
		log_warning("nginx.trusted_ca: %s: %s; servers that register TLS are not verified",
			    s->trusted_ca, strerror(errno));
}
