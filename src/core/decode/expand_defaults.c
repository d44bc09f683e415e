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
		json_array_set_new(list, i, merge_location(d, location));
		merge_locations(d, json_array_get(list, i), depth + 1);
	}
}

bool defaults_are_taken(const json_t *object)
{
	return !json_is_false(json_object_get(object, "defaults"));
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
	json_t *merged = merge_below(taken ? d->site : NULL, &site_fields,
				     protocol_kinds(site, d->site), site);

	if (taken && d->location)
		merge_locations(d, merged, 0);
	return finish(merged);
}

json_t *defaults_below_upstream(const struct defaults *d, const json_t *upstream)
{
	bool taken = defaults_are_taken(upstream);

	return finish(merge_below(taken ? d->upstream : NULL, &upstream_fields,
				  protocol_kinds(upstream, d->upstream), upstream));
}
