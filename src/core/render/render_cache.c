/*
 * The caches of http{}: those of caches/NAME, and those that locations name without such a znode. A
 * zone of nginx is for one module, so a cache is one for each kind of location that uses it.
 */
#include <stdlib.h>
#include <string.h>

#include "renderer.h"

struct cache {
	const char *zone;
	const struct location *location; /* of the module that it is for */
	const struct site *site;         /* the first that uses it */
};

static int compare_caches(const void *a, const void *b)
{
	const struct cache *x = a, *y = b;
	int order = strcmp(x->zone, y->zone);

	if (!order)
		order = strcmp(location_module(x->location), location_module(y->location));
	return order ? order : strcmp(x->site->name, y->site->name);
}

/* A cache with a znode of its own is rendered with the definitions. */
static bool is_shared_cache(const struct renderer *r, const char *zone)
{
	return zone && !model_text(r->model, CONFIG_CACHE, zone);
}

static size_t collect_caches(const struct renderer *r, struct cache **out)
{
	const struct model *m = r->model;
	struct cache *caches = NULL;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t j = 0; j < m->sites[i].location_count; j++) {
			const struct location *l = &m->sites[i].locations[j];

			if (!is_shared_cache(r, l->cache_zone))
				continue;
			if (count == room) {
				room = room ? 2 * room : 16;
				caches = xrealloc(caches, room * sizeof(*caches));
			}
			caches[count++] = (struct cache){ l->cache_zone, l, &m->sites[i] };
		}
	}
	if (count)
		qsort(caches, count, sizeof(*caches), compare_caches);
	*out = caches;
	return count;
}

/* l: a location of the module that the zone is for. */
static void render_cache_path(struct renderer *r, const char *zone, const struct location *l,
			      const struct definition *d)
{
	const char *suffix = location_cache_suffix(l);
	const char *keys = d && d->keys ? d->keys : "10m";
	const char *max_size = d && d->max_size ? d->max_size : "1g";
	const char *inactive = d && d->inactive ? d->inactive : "10m";

	render_begin(r, location_module(l));
	buf_puts(&r->line, "_cache_path");
	render_path(r, r->options->cache_directory, zone, suffix);
	render_raw(r, "levels=1:2");
	buf_printf(&r->value, "keys_zone=" CACHE_ZONE_PREFIX "%s%s:%s", zone, suffix, keys);
	render_buffered(r);
	render_joined(r, "max_size=", max_size, "");
	render_joined(r, "inactive=", inactive, "");
	render_raw(r, "use_temp_path=off");
	render_end(r);
}

static void render_cache(struct renderer *r, const struct cache *cache)
{
	render_origin(r, &cache->site->source);
	render_cache_path(r, cache->zone, cache->location, NULL);
}

/* Does a location of this kind use the cache? */
static bool is_cache_of(const struct model *m, const char *zone, enum location_kind kind)
{
	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t j = 0; j < m->sites[i].location_count; j++) {
			const struct location *l = &m->sites[i].locations[j];

			if (l->kind == kind && l->cache_zone && strcmp(l->cache_zone, zone) == 0)
				return true;
		}
	}
	return false;
}

/* That of HTTP also for snippets, which may name it. */
void render_cache_definition(struct renderer *r, const struct snippet *s)
{
	static const struct location of[] = { { .kind = LOCATION_PROXY },
					      { .kind = LOCATION_FASTCGI },
					      { .kind = LOCATION_UWSGI } };

	render_heading(r, &s->source);
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		if (!i || is_cache_of(r->model, s->name, of[i].kind))
			render_cache_path(r, s->name, &of[i], s->definition);
	}
}

void render_caches(struct renderer *r)
{
	CLEANUP(freep) struct cache *caches = NULL;
	size_t count = collect_caches(r, &caches);

	if (count)
		render_blank(r);
	for (size_t i = 0; i < count; i++) {
		if (!i || strcmp(caches[i - 1].zone, caches[i].zone) != 0 ||
		    caches[i - 1].location->kind != caches[i].location->kind)
			render_cache(r, &caches[i]);
	}
	render_origin(r, NULL);
}
