/* See pipeline_settings.h. */
#include "pipeline_settings.h"
#include "nginx_trusted_ca.h"
#include "sandbox.h"

int pipeline_new_sandbox(struct pipeline *p, struct sandbox **out, struct err *e)
{
	return sandbox_new(p->nginx, stage_live_directory(p->stage),
			   stage_cache_directory(p->stage), out, e);
}

void pipeline_configure_probe(struct pipeline *p)
{
	struct render_options options;

	if (!confirm_configure(&p->confirm, p->nginx->probe))
		return;
	sandbox_render_options(p->sandbox, &options);
	if (options.probe_lacks_status)
		log_warning(
			"nginx.probe: %s has no ngx_http_stub_status_module, so requests are not "
			"counted",
			p->nginx->binary);
}

void pipeline_configure(struct pipeline *p, const struct nginx_settings *nginx, bool is_idle)
{
	p->nginx = nginx;
	p->has_new_settings = true;
	nginx_trusted_ca_warn(nginx);
	if (is_idle)
		pipeline_configure_probe(p);
}

/* Only between two deployments: a running test keeps the sandbox that it began with. */
void pipeline_take_settings(struct pipeline *p)
{
	struct sandbox *next;
	struct err e;

	pipeline_configure_probe(p);
	if (!p->has_new_settings)
		return;
	p->has_new_settings = false;
	if (pipeline_new_sandbox(p, &next, &e) < 0) {
		log_error("%s; nginx -t keeps the previous settings", e.text);
		return;
	}
	sandbox_free(p->sandbox);
	p->sandbox = next;
}
