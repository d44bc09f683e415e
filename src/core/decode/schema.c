/*
 * See schema.h. A string with a parameter may stand for any value, and null unsets, where objects
 * are merged. A field is never required there, because it may come from a template or defaults.
 */
#include <string.h>

#include <zknginx/macros.h>

#include "schema.h"
#include "tables.h"

/* How the objects of a schema are written. */
enum style {
	STYLE_ALONE,  /* everything that is required is there */
	STYLE_MERGED, /* with a template or defaults below it */
};

static const struct schema {
	const char *name, *title;
	const struct fields *fields;
	enum style style;
	bool is_site; /* it may name a template */
} schemas[] = {
	{ "site", "sites/NAME", &site_fields, STYLE_MERGED, true },
	{ "upstream", "upstreams/NAME", &upstream_fields, STYLE_MERGED, false },
	{ "template", "templates/NAME", &site_fields, STYLE_MERGED, false },
	{ "defaults-site", "defaults/site", &site_fields, STYLE_MERGED, false },
	{ "defaults-location", "defaults/location", &location_fields, STYLE_MERGED, false },
	{ "defaults-upstream", "defaults/upstream", &upstream_fields, STYLE_MERGED, false },
	{ "map", "maps/NAME", &map_fields, STYLE_ALONE, false },
	{ "geo", "geo/NAME", &geo_fields, STYLE_ALONE, false },
	{ "split", "split/NAME", &split_fields, STYLE_ALONE, false },
	{ "log_format", "log_formats/NAME", &log_format_fields, STYLE_ALONE, false },
	{ "limit", "limits/NAME", &limit_fields_of_znode, STYLE_ALONE, false },
	{ "cache", "caches/NAME", &cache_fields_of_znode, STYLE_ALONE, false },
};

static json_t *type(const char *name)
{
	return json_pack("{s:s}", "type", name);
}

static json_t *object_schema(const struct fields *fields, enum style style);

/* --- values ---------------------------------------------------------------------------------- */

static json_t *text_or_integer(void)
{
	return json_pack("{s:[s,s]}", "type", "string", "integer");
}

static json_t *inner_schema(const struct field *f, enum style style)
{
	return f->inner ? object_schema(f->inner, style) : type("object");
}

static json_t *any_of(json_t *choices)
{
	json_t *only;

	if (json_array_size(choices) > 1)
		return json_pack("{s:o}", "anyOf", choices);
	only = json_incref(json_array_get(choices, 0));
	json_decref(choices);
	return only;
}

static json_t *map_schema(const struct field *f, enum style style)
{
	json_t *choices = json_array();

	if (f->shape & SHAPE_MAP)
		json_array_append_new(choices, text_or_integer());
	if (f->shape & SHAPE_MAP_OBJECTS)
		json_array_append_new(choices, inner_schema(f, style));
	if (style == STYLE_MERGED)
		json_array_append_new(choices, type("null"));
	return json_pack("{s:s,s:o}", "type", "object", "additionalProperties", any_of(choices));
}

static json_t *list_schema(const struct field *f, enum style style)
{
	json_t *choices = json_array();

	if (f->shape & SHAPE_TEXTS)
		json_array_append_new(choices, text_or_integer());
	if (f->shape & SHAPE_OBJECTS)
		json_array_append_new(choices, inner_schema(f, style));
	return json_pack("{s:s,s:o}", "type", "array", "items", any_of(choices));
}

static void add_shapes(json_t *choices, const struct field *f, enum style style)
{
	static const struct {
		unsigned shape;
		const char *type;
	} simple[] = {
		{ SHAPE_TEXT, "string" },
		{ SHAPE_INTEGER, "integer" },
		{ SHAPE_NUMBER, "number" },
		{ SHAPE_FLAG, "boolean" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(simple); i++) {
		if (f->shape & simple[i].shape)
			json_array_append_new(choices, type(simple[i].type));
	}
	if (f->shape & (SHAPE_TEXTS | SHAPE_OBJECTS))
		json_array_append_new(choices, list_schema(f, style));
	if (f->shape & (SHAPE_MAP | SHAPE_MAP_OBJECTS))
		json_array_append_new(choices, map_schema(f, style));
	if (f->shape & SHAPE_OBJECT)
		json_array_append_new(choices, inner_schema(f, style));
}

static json_t *number_schema(const struct field *f)
{
	return json_pack("{s:s,s:I,s:I}", "type", "integer", "minimum", (json_int_t)f->least,
			 "maximum", (json_int_t)f->most);
}

/* One word, or an array of them. */
static void add_words(json_t *choices)
{
	json_array_append_new(choices, text_or_integer());
	json_array_append_new(choices,
			      json_pack("{s:s,s:o}", "type", "array", "items", text_or_integer()));
}

/* The forms of a field's value; empty: anything. */
static json_t *choices_of(const struct field *f, enum style style)
{
	json_t *choices = json_array();

	switch (f->kind) {
	case FIELD_TEXT:
		json_array_append_new(choices, type("string"));
		break;
	case FIELD_LINE_TEXT:
		json_array_append_new(choices, text_or_integer());
		break;
	case FIELD_LINE_WORDS:
		add_words(choices);
		break;
	case FIELD_NUMBER:
	case FIELD_LINE_NUMBER:
		json_array_append_new(choices, number_schema(f));
		break;
	case FIELD_BOOL:
	case FIELD_TRISTATE:
	case FIELD_LINE_FLAG:
		json_array_append_new(choices, type("boolean"));
		break;
	case FIELD_OBJECT:
	case FIELD_GROUP:
		json_array_append_new(choices, object_schema(f->inner, style));
		break;
	default:
		add_shapes(choices, f, style);
		break;
	}
	return choices;
}

static bool is_text(const struct field *f)
{
	return f->kind == FIELD_TEXT || f->kind == FIELD_LINE_TEXT || f->kind == FIELD_LINE_WORDS ||
	       (f->kind == FIELD_CUSTOM && (f->shape & SHAPE_TEXT));
}

static json_t *value_schema(const struct field *f, enum style style)
{
	json_t *choices = choices_of(f, style);

	if (!json_array_size(choices)) {
		json_decref(choices);
		return json_object();
	}
	if (!is_text(f))
		json_array_append_new(choices, json_pack("{s:s}", "$ref", "#/$defs/parameter"));
	if (style == STYLE_MERGED)
		json_array_append_new(choices, type("null"));
	return any_of(choices);
}

/* A name may have a row for each kind of object. */
static void add_property(json_t *properties, const struct field *f, enum style style)
{
	json_t *value = value_schema(f, style);
	json_t *other = json_object_get(properties, f->name);

	if (other && !json_equal(other, value))
		value = json_pack("{s:[O,o]}", "anyOf", other, value);
	json_object_set_new(properties, f->name, value);
}

static json_t *members_schema(const struct fields *fields, enum style style)
{
	json_t *properties = json_object(), *required = json_array(), *out;

	for (size_t i = 0; i < fields->count; i++) {
		const struct field *f = &fields->rows[i];

		add_property(properties, f, style);
		if (f->required && !f->only && style == STYLE_ALONE)
			json_array_append_new(required, json_string(f->name));
	}
	out = json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties,
			"additionalProperties", 0);
	if (json_array_size(required))
		json_object_set(out, "required", required);
	json_decref(required);
	return out;
}

/* A location may have locations. */
static json_t *object_schema(const struct fields *fields, enum style style)
{
	return fields == &location_fields ? json_pack("{s:s}", "$ref", "#/$defs/location")
					  : members_schema(fields, style);
}

static json_t *definitions(const struct schema *s)
{
	json_t *out =
		json_pack("{s:{s:s,s:s}}", "parameter", "type", "string", "pattern", "\\$\\(");

	if (s->fields == &site_fields || s->fields == &location_fields)
		json_object_set_new(out, "location", members_schema(&location_fields, s->style));
	return out;
}

/* --- schemas --------------------------------------------------------------------------------- */

const char *schema_name(size_t i)
{
	return i < ARRAY_SIZE(schemas) ? schemas[i].name : NULL;
}

json_t *schema_new(size_t i)
{
	const struct schema *s = &schemas[i];
	json_t *out = json_pack("{s:s,s:s}", "$schema",
				"https://json-schema.org/draft/2020-12/schema", "title", s->title);
	json_t *object = members_schema(s->fields, s->style);

	if (s->is_site) {
		json_t *properties = json_object_get(object, "properties");

		json_object_set_new(properties, "template", type("string"));
		json_object_set_new(properties, "with", type("object"));
	}
	json_object_update(out, object);
	json_decref(object);
	json_object_set_new(out, "$defs", definitions(s));
	return out;
}
