/*
 * What sites share, rendered once and only when it is used: the map for WebSocket locations, the
 * variable for literal dollars, those for types of content, cache zones, request limits.
 *
 * All shared memory zones of nginx have one set of names. So these have a prefix that no zone of an
 * upstream or snippet can have: a cache "api" does not clash with the upstream "api". A limit's
 * zone is named after what it counts, because nginx refuses to count something else in an existing
 * zone, at reload and not in `nginx -t`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "core/data/content_type.h"
#include "core/data/cors.h"
#include "core/data/split.h"
#include "core/text/emit.h"
#include "renderer.h"

#define LIMIT_KEY "$binary_remote_addr"

static bool uses_websocket(const struct model *m)
{
	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t j = 0; j < m->sites[i].location_count; j++) {
			if (m->sites[i].locations[j].websocket)
				return true;
		}
	}
	return false;
}

/* No upgrade asked for: an empty Connection header, which leaves keepalive working. */
static void render_websocket_map(struct renderer *r)
{
	render_blank(r);
	render_begin(r, "map $http_upgrade " WEBSOCKET_VARIABLE);
	render_open(r);
	render_plain(r, "default upgrade;");
	render_plain(r, "'' '';");
	render_close(r);
}

static bool uses_dollar(const struct model *m)
{
	for (size_t i = 0; i < m->site_count; i++) {
		if (site_uses_dollar(&m->sites[i]))
			return true;
	}
	for (size_t i = 0; i < m->snippet_count; i++) {
		if (snippet_uses_dollar(&m->snippets[i]))
			return true;
	}
	return false;
}

/* A geo block looks for no variables in its values, which is the one way to a literal `$`. */
static void render_dollar(struct renderer *r)
{
	render_blank(r);
	render_begin(r, "geo $" DOLLAR_VARIABLE);
	render_open(r);
	render_plain(r, "default \"$\";");
	render_close(r);
}

/* The types that replace those of backends; an error of nginx itself has its own. */
static void render_type_map(struct renderer *r, const char *variable, const char *value)
{
	render_blank(r);
	render_begin(r, "map $sent_http_content_type");
	render_joined(r, "$", variable, "");
	render_open(r);
	render_begin(r, "''");
	render_word(r, value);
	render_end(r);
	render_close(r);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t collect_types(const struct model *m, const char ***out)
{
	const char **types = NULL, *value;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t j = 0; j < m->sites[i].location_count; j++) {
			if (location_content_type(&m->sites[i].locations[j], &value) !=
			    CONTENT_TYPE_MAPPED)
				continue;
			if (count == room) {
				room = room ? 2 * room : 16;
				types = xrealloc(types, room * sizeof(*types));
			}
			types[count++] = value;
		}
	}
	if (count)
		qsort(types, count, sizeof(*types), compare_texts);
	*out = types;
	return count;
}

static void render_types(struct renderer *r)
{
	const char **types;
	size_t count = collect_types(r->model, &types);
	char variable[CONTENT_TYPE_VARIABLE_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (i && strcmp(types[i - 1], types[i]) == 0)
			continue;
		content_type_variable(types[i], variable);
		render_type_map(r, variable, types[i]);
	}
	free(types);
}

static const char *limit_key(const struct location *l)
{
	return l->limit_key ?: LIMIT_KEY;
}

void limit_zone_name(const struct site *site, const struct location *location, enum limit_kind kind,
		     char name[static LIMIT_ZONE_SIZE])
{
	CLEANUP(digester_freep) struct digester *d = digester_new();
	char hex[DIGEST_HEX_SIZE];
	struct digest counted;

	digester_add_field(d, limit_key(location), strlen(limit_key(location)));
	for (const struct location *l = location; (l = location_around(site, l));)
		digester_add_field(d, l->path, strlen(l->path));
	if (kind == LIMIT_CONNECTIONS)
		digester_add_field(d, "connections", strlen("connections"));
	digester_add_field(d, location->path, strlen(location->path));
	counted = digester_finish(d);
	digest_hex(&counted, hex);
	snprintf(name, LIMIT_ZONE_SIZE, LIMIT_ZONE_PREFIX "%.63s_%.8s", site->name, hex);
}

static void render_limit_zone(struct renderer *r, const struct site *site, const struct location *l,
			      enum limit_kind kind)
{
	char zone[LIMIT_ZONE_SIZE];

	limit_zone_name(site, l, kind, zone);
	render_origin(r, &site->source);
	render_begin(r, kind == LIMIT_REQUESTS ? "limit_req_zone" : "limit_conn_zone");
	render_word(r, limit_key(l));
	render_joined(r, "zone=", zone, ":10m");
	if (kind == LIMIT_REQUESTS)
		render_joined(r, "rate=", l->limit_rate, "");
	render_end(r);
}

static void render_limits_of(struct renderer *r, const struct site *site, const struct location *l,
			     bool *any)
{
	if (!l->limit_rate && !l->limit_connections)
		return;
	if (!*any)
		render_blank(r);
	*any = true;
	if (l->limit_rate)
		render_limit_zone(r, site, l, LIMIT_REQUESTS);
	if (l->limit_connections)
		render_limit_zone(r, site, l, LIMIT_CONNECTIONS);
}

static void render_limits(struct renderer *r)
{
	bool any = false;

	for (size_t i = 0; i < r->model->site_count; i++) {
		const struct site *site = &r->model->sites[i];

		for (size_t j = 0; j < site->location_count; j++)
			render_limits_of(r, site, &site->locations[j], &any);
	}
	render_origin(r, NULL);
}

/* --- origins and splits ----------------------------------------------------------------------- */

/* What is rendered once for all locations that have the same, by the name of its variable. */
struct shared {
	char name[SPLIT_VARIABLE_SIZE];
	const struct location *location;
};

static int compare_shared(const void *a, const void *b)
{
	return strcmp(((const struct shared *)a)->name, ((const struct shared *)b)->name);
}

static bool names_origins(const struct location *l, struct shared *out)
{
	if (!l->cors || l->cors->any)
		return false;
	cors_variable(l->cors, out->name);
	return true;
}

static bool names_split(const struct location *l, struct shared *out)
{
	if (!l->split)
		return false;
	split_variable(l, split_steps(l->split), out->name);
	return true;
}

/* Sorted; the caller frees the list. */
static size_t collect_shared(const struct model *m,
			     bool (*is_wanted)(const struct location *l, struct shared *out),
			     struct shared **out)
{
	struct shared *list = NULL;
	size_t count = 0;

	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t j = 0; j < m->sites[i].location_count; j++) {
			const struct location *l = &m->sites[i].locations[j];
			struct shared s = { .location = l };

			if (!is_wanted(l, &s))
				continue;
			list = xrealloc(list, (count + 1) * sizeof(*list));
			list[count++] = s;
		}
	}
	if (count)
		qsort(list, count, sizeof(*list), compare_shared);
	*out = list;
	return count;
}

static bool is_repeated(const struct shared *list, size_t i)
{
	return i && strcmp(list[i - 1].name, list[i].name) == 0;
}

static bool uses_cors(const struct model *m)
{
	for (size_t i = 0; i < m->site_count; i++) {
		for (size_t j = 0; j < m->sites[i].location_count; j++) {
			if (m->sites[i].locations[j].cors)
				return true;
		}
	}
	return false;
}

static void render_origins(struct renderer *r)
{
	CLEANUP(freep) struct shared *list = NULL;
	size_t count = collect_shared(r->model, names_origins, &list);

	if (uses_cors(r->model))
		render_preflight_map(r);
	for (size_t i = 0; i < count; i++) {
		if (!is_repeated(list, i))
			render_cors_map(r, list[i].location->cors);
	}
}

static void render_splits(struct renderer *r)
{
	CLEANUP(freep) struct shared *list = NULL;
	size_t count = collect_shared(r->model, names_split, &list);

	for (size_t i = 0; i < count; i++) {
		if (!is_repeated(list, i))
			render_split(r, list[i].location);
	}
}

void render_shared(struct renderer *r)
{
	if (uses_websocket(r->model))
		render_websocket_map(r);
	if (uses_dollar(r->model))
		render_dollar(r);
	render_types(r);
	render_origins(r);
	render_splits(r);
	render_sticky(r);
	render_caches(r);
	render_limits(r);
}
