/*
 * The host's own part of nginx's configuration: what nginx.conf claims for itself. It is read
 * again when nginx/deploy has seen a change.
 */
#ifndef ZKNGINX_AGENT_HOST_CONFIG_H
#define ZKNGINX_AGENT_HOST_CONFIG_H

#include <zknginx/model.h>

#include "core/compose/host_claims.h"
#include "nginx/deploy.h"

struct host_config {
	struct host_claims *claims; /* NULL: not known yet */
	unsigned long serial;
};

void host_config_fini(struct host_config *h);
/* For compose; NULL: not known yet. */
const struct host_claims *host_config_claims(struct host_config *h, const struct deploy *deploy);
/* Has nginx.conf changed since the last host_config_claims()? */
bool host_config_has_changed(const struct host_config *h, const struct deploy *deploy);
/* True: nginx is down, so its own sockets are free. */
bool host_config_sockets_are_free(const struct deploy *deploy);
/* Which sites are default servers, the sizes of zones, and the servers whose checks failed, are
 * read from the live files (live: the directory), for the model of what nginx runs. */
void host_config_adopt(const char *live, struct model *good);

#endif
