/* See expand_defaults.h. A default that does not belong to an object of its kind is left out. */
#include <string.h>

#include "decode_location.h"
#include "expand_defaults.h"
#include "kinds.h"
#include "merge.h"
#include "tables.h"

#define DEPTH_MOST 8 /* of locations within locations */

static json_t *merge_below(const json_t *defaults, const struct fields *fields, unsigned kinds,
			   const json_t *object)
{
	json_t *below = merge_select(defaults, fields, kinds);
	json_t *out = merge_objects(below, object);

	json_decref(below);
	return out;
}

/* --- fields that exclude each other ---------------------------------------------------------- */

/* A copy of the defaults without that field, if the object says otherwise. */
static json_t *without(const json_t *defaults, const char *name, bool drop)
{
	json_t *out = json_copy((json_t *)(uintptr_t)defaults);

	if (drop)
		json_object_del(out, name);
	return out;
}

static bool says(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value && !json_is_null(value);
}

/* "443 ssl", or {"address": 443, "ssl": true}; a parameter of the host may be either. */
static bool may_have_tls(const json_t *listen)
{
	const char *s = json_string_value(listen);

	if (!s)
		return json_is_object(listen) &&
		       !json_is_false(json_object_get(listen, "ssl") ?: json_false());
	if (strstr(s, "$("))
		return true;
	for (s += strcspn(s, " "); *s; s += strcspn(s, " ")) {
		s += strspn(s, " ");
		if (strncmp(s, "ssl", 3) == 0 && (!s[3] || s[3] == ' '))
			return true;
	}
	return false;
}

/* Certificates are no default for a site that serves plain HTTP alone. */
static bool wants_tls(const json_t *site, const json_t *defaults)
{
	const json_t *listens = json_object_get(site, "listen");

	if (says(site, "tls"))
		return true;
	listens = listens ?: json_object_get(defaults, "listen");
	if (!json_is_array(listens))
		return true;
	for (size_t i = 0; i < json_array_size(listens); i++) {
		if (may_have_tls(json_array_get(listens, i)))
			return true;
	}
	return false;
}

static unsigned protocol_kinds(const json_t *object, const json_t *defaults)
{
	const json_t *own = json_object_get(object, "protocol");
	const json_t *p = own ?: json_object_get(defaults, "protocol");

	return json_is_string(p) && strcmp(json_string_value(p), "stream") == 0 ? ONLY_STREAM
										: ONLY_HTTP;
}

/* What makes a location its kind is no default for one that has a kind. */
static json_t *merge_location(const struct defaults *d, const json_t *location)
{
	unsigned kinds = location_kinds(location);
	json_t *defaults = json_copy(d->location), *out;

	if (kinds)
		location_drop_kinds(defaults);
	else
		kinds = location_kinds(defaults) ?: ONLY_FILES;
	out = merge_below(defaults, &location_fields, kinds, location);
	json_decref(defaults);
	return out;
}

bool defaults_are_taken(const json_t *object)
{
	return !json_is_false(json_object_get(object, "defaults"));
}

static void merge_locations(const struct defaults *d, json_t *object, unsigned depth)
{
	json_t *list = json_copy(json_object_get(object, "locations"));

	if (!list)
		return;
	json_object_set_new(object, "locations", list);
	for (size_t i = 0; depth < DEPTH_MOST && i < json_array_size(list); i++) {
		json_t *location = json_array_get(list, i);

		if (!json_is_object(location))
			continue;
		json_array_set_new(list, i,
				   defaults_are_taken(location) ? merge_location(d, location)
								: json_copy(location));
		merge_locations(d, json_array_get(list, i), depth + 1);
	}
}

/* It is not to be expanded again. */
static json_t *finish(json_t *merged)
{
	json_t *out = merge_strip(merged);

	json_object_set_new(out, "defaults", json_false());
	json_decref(merged);
	return out;
}

json_t *defaults_below_site(const struct defaults *d, const json_t *site)
{
	bool taken = defaults_are_taken(site);
	json_t *defaults = taken ? without(d->site, "tls", !wants_tls(site, d->site)) : NULL;
	json_t *merged = merge_below(defaults, &site_fields, protocol_kinds(site, d->site), site);

	json_decref(defaults);
	if (taken && d->location)
		merge_locations(d, merged, 0);
	return finish(merged);
}

json_t *defaults_below_upstream(const struct defaults *d, const json_t *upstream)
{
	bool taken = defaults_are_taken(upstream);
	const char *other = says(upstream, "sticky") ? "balance" : "sticky";
	bool drop = says(upstream, "sticky") || says(upstream, "balance");
	json_t *defaults = taken ? without(d->upstream, other, drop) : NULL;
	json_t *merged = merge_below(defaults, &upstream_fields,
				     protocol_kinds(upstream, d->upstream), upstream);

	json_decref(defaults);
	return finish(merged);
}
