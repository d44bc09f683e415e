/*
 * A small nginx.conf, to test a config on a machine that is no host of the fleet. It has nothing
 * but the files under test, and the modules that the nginx.conf of this machine would load.
 */
#ifndef ZKNGINX_CTL_LINT_SMALL_CONFIG_H
#define ZKNGINX_CTL_LINT_SMALL_CONFIG_H

#include <zknginx/err.h>
#include <zknginx/model.h>
#include <zknginx/settings.h>

/*
 * Writes s->nginx.config, which includes STATE/live. A relative `include` names a file beside it,
 * so the files that are beside host_config are linked there.
 */
int small_config_write(const struct settings *s, const char *host_config, const struct model *m,
		       struct err *e);

#endif
