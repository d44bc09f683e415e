/*
 * JSON, of the fleet's znodes above all: brackets are counted before anything is parsed,
 * bytes that are no UTF-8 are repaired on the way out, fields that are not what they should
 * be count as absent on the way in.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "json_text.h"

#define DEPTH_LIMIT 16
#define REPLACEMENT "\xef\xbf\xbd"

bool json_depth_is_sane(const char *s, const char *end, unsigned *line)
{
	unsigned depth = 0;
	bool quoted = false;

	*line = 1;
	for (; s < end; s++) {
		if (*s == '\n')
			++*line;
		if (quoted && *s == '\\' && s + 1 < end)
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (!quoted && (*s == '{' || *s == '[') && ++depth > DEPTH_LIMIT)
			return false;
		else if (!quoted && (*s == '}' || *s == ']') && depth)
			depth--;
	}
	return true;
}

/* How many bytes of s make one valid character; 0 when none do. */
static size_t character_size(const char *s)
{
	for (size_t size = 1; size <= 4; size++) {
		json_t *one = json_stringn(s, size);

		if (one) {
			json_decref(one);
			return size;
		}
		if (!s[size])
			break;
	}
	return 0;
}

static json_t *repaired(const char *s, size_t most)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;

	while (*s) {
		size_t size = character_size(s), more = size ? size : strlen(REPLACEMENT);

		if (b.size + more > most)
			break;
		buf_put(&b, size ? s : REPLACEMENT, more);
		s += size ? size : 1;
	}
	return json_string(buf_str(&b));
}

json_t *json_text(const char *s)
{
	const char *bytes = s ? s : "";
	json_t *j = json_string(bytes);

	return j ? j : repaired(bytes, SIZE_MAX);
}

json_t *json_text_cut(const char *s, size_t most)
{
	json_t *j = strnlen(s, most) < most ? json_string(s) : NULL;

	return j ? j : repaired(s, most);
}

void json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		die("JSON: cannot set %s", key);
}

void json_put_text(json_t *object, const char *key, const char *s)
{
	json_put(object, key, json_text(s));
}

void json_put_number(json_t *object, const char *key, unsigned long n)
{
	json_put(object, key, json_integer((json_int_t)n));
}

void json_print(json_t *value, size_t flags, struct buf *out)
{
	char *bytes = json_dumps(value, flags | JSON_SORT_KEYS);

	json_decref(value);
	if (!bytes)
		die("JSON: no memory to write it");
	buf_puts(out, bytes);
	buf_putc(out, '\n');
	free(bytes);
}

const char *json_get_text(struct arena *a, const json_t *object, const char *key)
{
	const json_t *j = json_object_get(object, key);

	return json_is_string(j) ? arena_copy(a, json_string_value(j), json_string_length(j)) : "";
}

unsigned long json_get_number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (unsigned long)n : 0;
}

bool json_get_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
