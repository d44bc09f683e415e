/* See kinds.h. */
#include <string.h>

#include "kinds.h"

void kinds_skip_protocol(struct reader *r UNUSED, const json_t *value UNUSED, void *where UNUSED)
{
}

void kinds_skip_defaults(struct reader *r, const json_t *value, void *where UNUSED)
{
	if (!json_is_boolean(value))
		reader_problem(r, NULL, "expected true or false");
}

enum protocol kinds_read_protocol(struct reader *r, const json_t *object,
				  const char *const names[2])
{
	const json_t *value = json_object_get(object, "protocol");
	const char *s = value ? json_string_value(value) : "http";
	enum protocol protocol = PROTOCOL_HTTP;

	if (s && strcmp(s, "stream") == 0)
		protocol = PROTOCOL_STREAM;
	else if (!s || strcmp(s, "http") != 0)
		reader_problem(r, "protocol", "expected \"http\" or \"stream\"");
	r->kinds = protocol == PROTOCOL_HTTP ? ONLY_HTTP : ONLY_STREAM;
	r->kind_name = names[protocol];
	return protocol;
}
