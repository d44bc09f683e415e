/*
 * JSON in registrations. Many programs write it, so unknown members are ignored, the last one of
 * several members with one name counts (as in Jackson, Ruby and Go), and a number may be a string.
 * The depth is checked before anything is parsed.
 */
#include <stdio.h>

#include "core/text/json_text.h"
#include "endpoint_json.h"
#include "endpoint_text.h"

static void skip_mark(const char **data, size_t *size)
{
	if (*size >= 3 && memcmp(*data, "\xef\xbb\xbf", 3) == 0) {
		*data += 3;
		*size -= 3;
	}
}

json_t *endpoint_json(const char *data, size_t size)
{
	json_t *value;
	unsigned line;

	skip_mark(&data, &size);
	if (!size || !json_depth_is_sane(data, data + size, &line))
		return NULL;
	value = json_loadb(data, size, JSON_DECODE_ANY, NULL);
	if (value && !json_is_object(value)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

json_t *endpoint_json_of(const struct znode *z)
{
	return z->size <= ENDPOINT_DATA_MAX ? endpoint_json(z->data, z->size) : NULL;
}

/* The data's object; NULL and a reason. */
static json_t *object_of(struct registration *r)
{
	const char *data = r->znode->data;
	size_t size = r->znode->size;
	json_error_t error;
	unsigned line;
	json_t *value;

	skip_mark(&data, &size);
	if (!size)
		registration_bad(r, "is empty");
	else if (!json_depth_is_sane(data, data + size, &line))
		registration_bad(r, "is nested too deeply");
	else if (!(value = json_loadb(data, size, JSON_DECODE_ANY, &error)))
		registration_bad(r, "is not JSON: %s", error.text);
	else if (json_is_object(value))
		return value;
	else {
		json_decref(value);
		registration_bad(r, "is not a JSON object, nor an array of 1 to %d of them",
				 ENDPOINT_PARTS_MAX);
	}
	return NULL;
}

/* Has the data the beginning of an object or an array? Other programs' data nearly never has. */
static bool looks_like_json(const struct znode *z)
{
	const char *data = z->data;
	size_t size = z->size;

	skip_mark(&data, &size);
	endpoint_trim(&data, &size);
	return size && (*data == '{' || *data == '[');
}

enum endpoint_result registration_json(struct registration *r, object_reader *read)
{
	enum endpoint_result result;
	json_t *j;

	if (r->znode->owner == 0 && !looks_like_json(r->znode))
		return registration_other(r, r->znode->size ? "is not JSON" : "is empty");
	j = object_of(r);
	result = j ? read(r, j) : ENDPOINT_BAD;
	json_decref(j);
	return result;
}

bool registration_json_host(struct registration *r, const json_t *value, const char **host)
{
	*host = NULL;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value)) {
		registration_bad(r, "has a host that is not a string");
		return false;
	}
	*host = registration_host(r, json_string_value(value), json_string_length(value));
	return *host != NULL;
}

bool registration_json_port(struct registration *r, const json_t *value, long *port)
{
	json_int_t number = json_integer_value(value);

	*port = 0;
	if (!value || json_is_null(value))
		return true;
	if (json_is_string(value))
		return registration_port(r, json_string_value(value), json_string_length(value),
					 port);
	if (json_is_integer(value) && number >= 1 && number <= 65535) {
		*port = (long)number;
		return true;
	}
	if (json_is_integer(value))
		registration_bad(r, "has the port %lld, which is not from 1 to 65535",
				 (long long)number);
	else
		registration_bad(r, "has a port that is not a whole number");
	return false;
}

static bool is_none(const json_t *value)
{
	const char *s = json_string_value(value);
	size_t digits;

	if (!s)
		return json_is_integer(value) && json_integer_value(value) <= 0;
	digits = strspn(s + (*s == '-'), "0123456789");
	return digits && !s[(*s == '-') + digits] && (*s == '-' || strspn(s, "0") == digits);
}

bool registration_json_port_or_none(struct registration *r, const json_t *value, long *port)
{
	return registration_json_port(r, is_none(value) ? NULL : value, port);
}

double endpoint_json_number(const json_t *value)
{
	double number = -1;

	if (json_is_number(value))
		number = json_number_value(value);
	else if (json_is_string(value))
		number = endpoint_number(json_string_value(value), json_string_length(value));
	return number >= 0 ? number : -1; /* NaN gives -1 as well */
}

bool endpoint_json_is_true(const json_t *value)
{
	const char *s = json_string_value(value);

	if (s)
		return strcmp(s, "1") == 0 || strcasecmp(s, "true") == 0;
	return json_is_true(value) || (json_is_number(value) && json_number_value(value) != 0);
}

static void label_of(struct registration *r, const char *name, const json_t *value)
{
	char number[32];

	if (json_is_string(value)) {
		registration_label(r, name, json_string_value(value));
	} else if (json_is_boolean(value)) {
		registration_label(r, name, json_is_true(value) ? "true" : "false");
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		registration_label(r, name, number);
	}
}

void registration_json_labels(struct registration *r, const json_t *object)
{
	const char *name;
	json_t *value;

	/* jansson's iteration takes no const object, but changes nothing. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		label_of(r, name, value);
	}
}

void registration_json_tags(struct registration *r, const json_t *array)
{
	json_t *tag;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, tag)
	{
		registration_tag(r, json_string_value(tag) ? json_string_value(tag) : "",
				 json_string_length(tag));
	}
}
