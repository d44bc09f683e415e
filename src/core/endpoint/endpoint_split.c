/*
 * Several registrations in one znode: an application may write all of its instances, or all of its
 * addresses, into one. Each becomes a part that its format reads like a znode of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "core/text/json_text.h"
#include "endpoint_format.h"
#include "endpoint_plain.h"

static bool is_array(const struct znode *z)
{
	static const char blanks[] = "\xef\xbb\xbf \t\r\n";
	size_t i = 0;

	while (i < z->size && z->data[i] && strchr(blanks, z->data[i]))
		i++;
	return i < z->size && z->data[i] == '[';
}

static json_t *parse(const struct znode *z)
{
	const char *s = z->data, *end = s + z->size;
	unsigned line;

	if (z->size >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	if (!json_depth_is_sane(s, end, &line))
		return NULL;
	return json_loadb(s, (size_t)(end - s), 0, NULL);
}

static bool has_only(const json_t *list, json_type type)
{
	size_t count = json_array_size(list);

	for (size_t i = 0; i < count; i++) {
		if (json_typeof(json_array_get(list, i)) != type)
			return false;
	}
	return count > 0 && count <= ENDPOINT_PARTS_MAX;
}

/* The registrations in the data, as a new array; NULL: it is one. */
static json_t *list_of(const struct endpoint_format *f, const struct znode *z)
{
	json_t *data = is_array(z) || f->split ? parse(z) : NULL, *list = NULL;

	if (json_is_array(data))
		list = json_incref(data);
	else if (json_is_object(data) && f->split)
		list = f->split(data);
	json_decref(data);
	if (list && !has_only(list, f->is_text ? JSON_STRING : JSON_OBJECT)) {
		json_decref(list);
		list = NULL;
	}
	return list;
}

static void set_data(struct arena *a, struct znode *part, const json_t *item)
{
	char *text = json_is_string(item) ? NULL : json_dumps(item, JSON_COMPACT);

	if (json_is_string(item)) {
		part->size = json_string_length(item);
		part->data = arena_copy(a, json_string_value(item), part->size);
		return;
	}
	part->data = arena_strdup(a, text ? text : "");
	part->size = strlen(part->data);
	free(text); /* jansson allocates with malloc by default */
}

void endpoint_split(const struct endpoint_reading *r, const struct znode *z,
		    struct endpoint_parts *parts)
{
	CLEANUP(buf_fini) struct buf scratch = BUF_INIT;
	struct znode plain = *z, *items;
	json_t *list = NULL;

	*parts = (struct endpoint_parts){ z, 1 };
	if (!r->format->by_name && z->size && !endpoint_plain(r->arena, &plain, &scratch))
		list = list_of(r->format, &plain);
	if (!list)
		return;
	items = arena_array(r->arena, struct znode, json_array_size(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		items[i] = *z;
		set_data(r->arena, &items[i], json_array_get(list, i));
	}
	*parts = (struct endpoint_parts){ items, json_array_size(list) };
	json_decref(list);
}
