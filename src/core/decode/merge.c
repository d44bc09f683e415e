/* See merge.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"

static json_t *borrow(const json_t *value)
{
	return json_incref((json_t *)(uintptr_t)value);
}

json_t *merge_objects(const json_t *below, const json_t *over)
{
	json_t *out = json_object(), *value;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)below, name, value)
	{
		const json_t *other = json_object_get(over, name);
		bool both = json_is_object(value) && json_is_object(other);

		json_object_set_new_nocheck(
			out, name, both ? merge_objects(value, other) : borrow(other ?: value));
	}
	json_object_foreach((json_t *)(uintptr_t)over, name, value)
	{
		if (!json_object_get(below, name))
			json_object_set_new_nocheck(out, name, borrow(value));
	}
	return out;
}

static json_t *strip_object(const json_t *value)
{
	json_t *out = json_object(), *member;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	{
		if (!json_is_null(member))
			json_object_set_new_nocheck(out, name, merge_strip(member));
	}
	return out;
}

json_t *merge_strip(const json_t *value)
{
	json_t *out;

	if (json_is_object(value))
		return strip_object(value);
	if (!json_is_array(value))
		return borrow(value);
	out = json_array();
	for (size_t i = 0; i < json_array_size(value); i++)
		json_array_append_new(out, merge_strip(json_array_get(value, i)));
	return out;
}

json_t *merge_select(const json_t *defaults, const struct fields *fields, unsigned kinds)
{
	json_t *out = json_object(), *value;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)defaults, name, value)
	{
		const struct field *f = fields_find(fields, name, kinds);

		if (!f || !f->only || (f->only & kinds))
			json_object_set_nocheck(out, name, value);
	}
	return out;
}

/* Header names may have dots in them, so the rest of the path is tried as one name as well. */
const json_t *merge_find(const json_t *object, const char *field)
{
	char name[128];
	size_t size;

	while (object && *field) {
		if (*field == '[') {
			object = json_array_get(object, strtoul(field + 1, NULL, 10));
			field += strcspn(field, "]") + 1;
			field += *field == '.';
			continue;
		}
		if (json_object_get(object, field))
			return json_object_get(object, field);
		size = strcspn(field, ".[");
		if (size >= sizeof(name))
			return NULL;
		memcpy(name, field, size);
		name[size] = '\0';
		object = json_object_get(object, name);
		field += size + (field[size] == '.');
	}
	return object;
}
