/*
 * Foreign children: a znode among registrations that is something else is no problem of an
 * operator, so it is logged once, when it is first seen, and never reported.
 */
#include <string.h>

#include <zknginx/log.h>

#include "foreign.h"

static bool has_text(const struct discover *d, const char *text)
{
	for (size_t i = 0; i < d->foreign_count; i++) {
		if (strcmp(d->foreign[i], text) == 0)
			return true;
	}
	return false;
}

/* Did this upstream have it, at this path? */
static bool was_there(const struct model *m, const char *upstream, const struct discover *d,
		      const char *text)
{
	const struct upstream *u = model_upstream(m, upstream);

	for (size_t i = 0; u && i < u->discover_count; i++) {
		if (strcmp(u->discovers[i].path, d->path) == 0 && has_text(&u->discovers[i], text))
			return true;
	}
	return false;
}

static void log_discover(const struct model *before, const struct upstream *u,
			 const struct discover *d)
{
	for (size_t i = 0; i < d->foreign_count; i++) {
		if (!was_there(before, u->name, d, d->foreign[i]))
			log_notice("upstream \"%s\": at %s, %s: it is no registration, and is "
				   "ignored",
				   u->name, d->path, d->foreign[i]);
	}
}

void foreign_log(const struct model *before, const struct model *after)
{
	for (size_t i = 0; i < after->upstream_count; i++) {
		const struct upstream *u = after->upstreams[i];

		for (size_t j = 0; j < u->discover_count; j++)
			log_discover(before, u, &u->discovers[j]);
	}
}
