/* The host's own part of nginx's configuration. */
#include <zknginx/bundle.h>
#include <zknginx/err.h>

#include "core/check/failures.h"
#include "core/compose/link.h"
#include "core/compose/zones.h"
#include "host_config.h"
#include "nginx/nginx_text.h"

void host_config_adopt(const char *live, struct model *good)
{
	for (enum bundle_file i = 0; i < BUNDLE_FILE_N; i++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", live, bundle_file_name(i));
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		if (nginx_text_read(path, &text, NULL) < 0)
			continue;
		if (i == BUNDLE_HTTP)
			link_adopt_defaults(good, buf_str(&text), text.size);
		zones_adopt(good, buf_str(&text), text.size);
		failures_adopt(good, buf_str(&text), text.size);
	}
}

void host_config_fini(struct host_config *h)
{
	host_claims_free(TAKE(h->claims));
}

const struct host_claims *host_config_claims(struct host_config *h, const struct deploy *deploy)
{
	unsigned long serial;
	size_t count;
	const struct host_file *files = deploy_host(deploy, &count, &serial);

	if (serial != h->serial) {
		host_claims_free(h->claims);
		h->claims = host_claims_read(files, count);
		h->serial = serial;
	}
	return h->claims;
}

bool host_config_has_changed(const struct host_config *h, const struct deploy *deploy)
{
	unsigned long serial;
	size_t count;

	deploy_host(deploy, &count, &serial);
	return serial != h->serial;
}

bool host_config_sockets_are_free(const struct deploy *deploy)
{
	const struct master *m = deploy_master(deploy);
	struct nginx_status s;

	/* the loop is told when the master ends: until then it is there */
	if (m)
		return false;
	deploy_nginx_status(deploy, &s);
	return s.nginx.state == NGINX_STATE_DOWN;
}
