/*
 * The text of nginx.conf and of what it includes, as nginx -T printed it last. It is copied only
 * when it differs, and then has another serial number.
 */
#include <string.h>

#include "deploy_parts.h"

static bool is_same(const struct deploy *d, const struct sandbox_result *r)
{
	if (!d->host_arena || d->host_count != r->host_count)
		return false;
	for (size_t i = 0; i < r->host_count; i++) {
		const struct host_file *old = &d->host[i], *now = &r->host[i];

		if (strcmp(old->path, now->path) != 0 || old->size != now->size ||
		    memcmp(old->text, now->text, now->size) != 0)
			return false;
	}
	return true;
}

void deploy_host_learn(struct deploy *d, const struct sandbox_result *r)
{
	if (is_same(d, r))
		return;
	if (d->host_arena)
		arena_free(d->host_arena);
	d->host_arena = arena_new();
	d->host_count = r->host_count;
	d->host = arena_array(d->host_arena, struct host_file, r->host_count);
	for (size_t i = 0; i < r->host_count; i++) {
		d->host[i] = (struct host_file){
			.path = arena_strdup(d->host_arena, r->host[i].path),
			.text = arena_copy(d->host_arena, r->host[i].text, r->host[i].size),
			.size = r->host[i].size,
		};
	}
	d->host_serial++;
}

const struct host_file *deploy_host(const struct deploy *d, size_t *count, unsigned long *serial)
{
	*count = d->host_count;
	*serial = d->host_serial;
	return d->host;
}
