/* See deploy.h. */
#include "deploy_parts.h"
#include "sandbox.h"

uint64_t deploy_test_duration(const struct deploy *d)
{
	return instance_hostconf(d->instance)->test_duration;
}

enum reload_state deploy_state(const struct deploy *d)
{
	return d->state;
}

const struct host_file *deploy_host(const struct deploy *d, size_t *count, unsigned long *serial)
{
	const struct hostconf *h = instance_hostconf(d->instance);

	*count = h->count;
	*serial = h->serial;
	return h->files;
}

void deploy_nginx_status(const struct deploy *d, struct nginx_status *out)
{
	const struct pipeline *p = &d->pipeline;

	*out = (struct nginx_status){
		.reloads = p->reloads,
		.tests = p->tests,
		.tests_passed = &p->tests_passed,
		.tests_refused = &p->tests_refused,
		.sandbox = sandbox_kind(p->sandbox),
		.has_probe = p->confirm.probe,
	};
	instance_state(d->instance, &out->nginx);
	if (p->confirm.probe)
		probe_status(p->confirm.probe, &out->probe);
}

struct nginx_memory deploy_nginx_memory(const struct deploy *d)
{
	return nginx_memory(instance_master(d->instance));
}
