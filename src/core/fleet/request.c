/*
 * Requests are read strictly, since they are orders and not reports: a field that this version does
 * not know may be the one that matters.
 */
#include <ctype.h>
#include <string.h>

#include "core/text/json_text.h"
#include "request.h"

#define PREFIX_LEAST 6
#define PREFIX_MOST 64
#define BY_MOST 128
#define ROOT_MOST 16384

static const char *const action_names[] = {
#define X(name, text) [REQUEST_##name] = text,
	REQUEST_ACTIONS(X)
#undef X
};

const char *request_action_name(enum request_action a)
{
	return action_names[a];
}

static const char *read_action(const char *name, struct request *out)
{
	for (size_t i = 0; i < REQUEST_ACTION_N; i++) {
		if (strcmp(action_names[i], name) == 0) {
			out->action = (enum request_action)i;
			return NULL;
		}
	}
	return "expected the action pause, resume, promote, abort or rollback";
}

static const char *read_revision(struct arena *a, const json_t *j, struct request *out)
{
	size_t size = json_string_length(j);
	char *s;

	if (!json_is_string(j))
		return "its revision is not a string";
	if (size == 0)
		return NULL;
	s = arena_copy(a, json_string_value(j), size);
	for (size_t i = 0; i < size; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return "its revision is not hexadecimal";
		s[i] = (char)tolower((unsigned char)s[i]);
	}
	if (size < PREFIX_LEAST || size > PREFIX_MOST)
		return "its revision has not 6 to 64 digits";
	out->revision = s;
	return NULL;
}

static const char *read_by(struct arena *a, const json_t *j, struct request *out)
{
	if (!json_is_string(j))
		return "its \"by\" is not a string";
	if (json_string_length(j) > BY_MOST)
		return "its \"by\" is too long";
	out->by = arena_strdup(a, json_string_value(j));
	return NULL;
}

static const char *read_root(struct arena *a, const json_t *j, struct request *out)
{
	if (!json_is_string(j))
		return "its \"root\" is not a string";
	if (json_string_length(j) > ROOT_MOST)
		return "its \"root\" is too long";
	out->root = arena_strdup(a, json_string_value(j));
	return NULL;
}

static const char *read_all(struct arena *a UNUSED, const json_t *j, struct request *out)
{
	if (!json_is_boolean(j))
		return "its \"all\" is neither true nor false";
	out->all = json_is_true(j);
	return NULL;
}

static const char *read_object_action(struct arena *a UNUSED, const json_t *j, struct request *out)
{
	return read_action(json_is_string(j) ? json_string_value(j) : "", out);
}

static const struct {
	const char *name;
	const char *(*read)(struct arena *a, const json_t *j, struct request *out);
} fields[] = {
	{ "action", read_object_action }, { "all", read_all },   { "by", read_by },
	{ "revision", read_revision },    { "root", read_root },
};

static const char *read_field(struct arena *a, const char *key, const json_t *value,
			      struct request *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].name, key) == 0)
			return fields[i].read(a, value, out);
	}
	return arena_printf(a, "it has an unknown field: \"%.64s\"", key);
}

static const char *read_object(struct arena *a, json_t *j, struct request *out)
{
	const char *key, *why = NULL;
	json_t *value;

	if (!json_object_get(j, "action"))
		return "it has no action";
	json_object_foreach(j, key, value)
	{
		if (!why)
			why = read_field(a, key, value, out);
	}
	return why;
}

/* `pause`, with what an editor leaves around it. */
static const char *read_word(struct arena *a, const char *data, size_t size, struct request *out)
{
	while (size && isspace((unsigned char)data[0])) {
		data++;
		size--;
	}
	while (size && isspace((unsigned char)data[size - 1]))
		size--;
	if (size == 0)
		return "it is empty";
	if (data[0] == '{')
		return "it is not valid JSON";
	return read_action(arena_copy(a, data, size), out);
}

static const char *check(const struct request *r)
{
	if (r->action == REQUEST_ROLLBACK && !*r->revision)
		return "a rollback needs the revision to go back to";
	if (r->action != REQUEST_ROLLBACK && *r->root)
		return "\"root\" belongs to rollback";
	if (r->action != REQUEST_PROMOTE && r->all)
		return "\"all\" belongs to promote";
	return NULL;
}

bool request_parse(struct arena *a, const char *data, size_t size, struct request *out,
		   const char **error)
{
	json_t *j = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
	const char *why;

	*out = (struct request){ .revision = "", .by = "", .root = "" };
	why = json_is_object(j) ? read_object(a, j, out) : read_word(a, data, size, out);
	json_decref(j);
	if (!why)
		why = check(out);
	if (why && error)
		*error = why;
	return !why;
}

void request_print(const struct request *r, struct buf *out)
{
	json_t *j = json_object();

	json_put_text(j, "action", request_action_name(r->action));
	if (r->all)
		json_put(j, "all", json_true());
	if (*r->by)
		json_put_text(j, "by", r->by);
	if (*r->revision)
		json_put_text(j, "revision", r->revision);
	if (r->root && *r->root)
		json_put_text(j, "root", r->root);
	json_print(j, JSON_COMPACT, out);
}
