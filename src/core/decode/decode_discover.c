/*
 * The `discover` of an upstream: one object or an array of them.
 *
 * The path must be outside of the config: the znodes of operators are not registrations. An
 * upstream uses TLS for all of its servers or for none, so all discovers of one upstream must have
 * the same `tls`.
 */
#include <stdio.h>
#include <string.h>

#include "checks.h"
#include "core/data/layout.h"
#include "core/discover/discover.h"
#include "core/endpoint/endpoint_format.h"
#include "core/text/emit.h"
#include "decode_discover.h"
#include "tables.h"

#define DISCOVERS_MAX 16
#define LABELS_MAX 16
#define WORDS_MAX 64
#define PATH_MAX_SIZE 512

/* No control characters, which ZooKeeper refuses or which could harm a terminal. */
static bool is_path_text(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	}
	return true;
}

static bool steps_are_valid(const char *s)
{
	while (*s == '/') {
		size_t size = strcspn(++s, "/");

		if (!size || (size == 1 && s[0] == '.') ||
		    (size == 2 && s[0] == '.' && s[1] == '.'))
			return false;
		s += size;
	}
	return !*s;
}

/* The upstream's znode is ROOT/upstreams/NAME: is path ROOT, or below it? */
static bool is_within_config(const char *policy, const char *path)
{
	size_t size;

	if (config_kind_at_end(policy, &size) == CONFIG_KIND_N)
		return false;
	return strncmp(path, policy, size) == 0 && (path[size] == '/' || !path[size]);
}

static const char *check_discover_path(const struct reader *r, const char *s)
{
	if (s[0] != '/' || !s[1] || !steps_are_valid(s) || !is_path_text(s) ||
	    strlen(s) > PATH_MAX_SIZE)
		return "is not the absolute path of a znode, such as \"/services/shop\"";
	return is_within_config(r->znode->path, s)
		       ? "is within the config: expected a path outside of it, where services "
			 "register themselves"
		       : NULL;
}

static const char *check_word(const struct reader *r UNUSED, const char *s)
{
	return *s && strlen(s) <= 127 && is_path_text(s) ? NULL : "is not a name";
}

/* The name of a child; a `*` in it is anything. */
static const char *check_child(const struct reader *r UNUSED, const char *s)
{
	return *s && strlen(s) <= 127 && is_path_text(s) && !strchr(s, '/')
		       ? NULL
		       : "is not the name of a child znode";
}

static void read_format(struct reader *r, const json_t *value, void *where)
{
	struct discover *d = where;
	const char *s = reader_text(r, value);

	if (!s || strcmp(s, "auto") == 0)
		return;
	d->format = endpoint_format_find(s);
	if (!d->format)
		reader_problem(r, NULL, "expected %s, found \"%.80s\"",
			       endpoint_format_names(r->arena), s);
}

static void read_tls(struct reader *r, const json_t *value, void *where)
{
	static const char *const names[] = {
		[TLS_NEVER] = "never", [TLS_ONLY] = "only", [TLS_PREFER] = "prefer"
	};
	struct discover *d = where;
	const char *s = reader_text(r, value);

	for (size_t i = 0; s && i < ARRAY_SIZE(names); i++) {
		if (strcmp(s, names[i]) == 0) {
			d->tls = (enum tls_choice)i;
			return;
		}
	}
	if (s)
		reader_problem(r, NULL,
			       "expected \"never\", \"only\" or \"prefer\", found \"%.80s\"", s);
}

static void read_down(struct reader *r, const json_t *value, void *where)
{
	struct discover *d = where;
	const char *s = reader_text(r, value);

	if (s && strcmp(s, "omit") != 0 && strcmp(s, "down") != 0)
		reader_problem(r, NULL, "expected \"omit\" or \"down\", found \"%.80s\"", s);
	d->show_down = s && strcmp(s, "down") == 0;
}

static void read_labels(struct reader *r, const json_t *value, void *where)
{
	struct discover *d = where;
	const char *name;
	json_t *item;

	if (!reader_is_object(r, value))
		return;
	if (json_object_size(value) > LABELS_MAX) {
		reader_problem(r, NULL, "has more than %d labels", LABELS_MAX);
		return;
	}
	d->labels = arena_array(r->arena, struct label, json_object_size(value));
	json_object_foreach((json_t *)(uintptr_t)value, name, item)
	{
		size_t mark = reader_enter(r, name, 0);
		const char *text = reader_text(r, item);

		if (text)
			d->labels[d->label_count++] =
				(struct label){ arena_strdup(r->arena, name),
						arena_strdup(r->arena, text) };
		reader_leave(r, mark);
	}
}

#define KEY(member)                                                                                \
	{                                                                                          \
#member, FIELD_TEXT, .where = offsetof(struct discover, keys.member),              \
				     .check = check_word                                           \
	}

/* A list of strings, one string for an array of one. */
static const char **read_words(struct reader *r, const json_t *value, size_t most, size_t *count,
			       const char *(*word)(struct reader *r, const json_t *value))
{
	size_t size = json_is_array(value) ? json_array_size(value) : 1;
	const char **words = arena_array(r->arena, const char *, size + 1), *s;

	*count = 0;
	if (!size || size > most) {
		reader_problem(r, NULL, "expected 1 to %zu elements, found %zu", most, size);
		return words;
	}
	if (!json_is_array(value)) {
		if ((s = word(r, value)))
			words[(*count)++] = s;
		return words;
	}
	for (size_t i = 0; i < size; i++) {
		size_t mark = reader_enter(r, NULL, i);

		if ((s = word(r, json_array_get(value, i))))
			words[(*count)++] = s;
		reader_leave(r, mark);
	}
	return words;
}

/* A state of a registration may be any scalar; null is that of one without the member. */
static const char *state_word(struct reader *r, const json_t *value)
{
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (json_is_null(value))
		return "null";
	if (json_is_integer(value))
		return arena_printf(r->arena, "%lld", (long long)json_integer_value(value));
	return json_is_string(value) ? reader_checked(r, json_string_value(value), check_word)
				     : reader_text(r, value);
}

static void read_up_is(struct reader *r, const json_t *value, void *where)
{
	struct discover *d = where;

	d->keys.up_is = read_words(r, value, WORDS_MAX, &d->keys.up_is_count, state_word);
}

static const struct field up_rows[] = {
	{ "key", FIELD_TEXT, .where = offsetof(struct discover, keys.up), .required = true,
	  .check = check_word },
	{ "is", FIELD_CUSTOM, .required = true, .read = read_up_is, .shape = SHAPE_TEXTS },
};
static const struct fields up_fields = FIELDS(up_rows);

/* "state", or {"key": "state", "is": ["RUNNING"]}. */
static void read_up(struct reader *r, const json_t *value, void *where)
{
	struct discover *d = where;
	const char *s;

	if (json_is_object(value))
		fields_read(r, value, &up_fields, d);
	else if ((s = reader_text(r, value)))
		d->keys.up = reader_checked(r, s, check_word);
}

static const char *ignored_name(struct reader *r, const json_t *value)
{
	const char *s = reader_text(r, value);

	return s ? reader_checked(r, s, check_child) : NULL;
}

static void read_ignored(struct reader *r, const json_t *value, void *where)
{
	struct discover *d = where;

	d->ignored = read_words(r, value, WORDS_MAX, &d->ignored_count, ignored_name);
}

static const struct field key_rows[] = {
	KEY(host),
	KEY(port),
	KEY(tls_port),
	KEY(url),
	KEY(weight),
	{ "up", FIELD_CUSTOM, .read = read_up, .shape = SHAPE_TEXT | SHAPE_OBJECT,
	  .inner = &up_fields },
	KEY(labels),
};
static const struct fields key_fields = FIELDS(key_rows);

static const struct field match_rows[] = {
	{ "labels", FIELD_CUSTOM, .read = read_labels, .shape = SHAPE_MAP },
};
static const struct fields match_fields = FIELDS(match_rows);

static const struct field discover_rows[] = {
	{ "path", FIELD_TEXT, .where = offsetof(struct discover, path), .required = true,
	  .check = check_discover_path },
	{ "format", FIELD_CUSTOM, .read = read_format, .shape = SHAPE_TEXT },
	{ "tls", FIELD_CUSTOM, .read = read_tls, .shape = SHAPE_TEXT },
	{ "endpoint", FIELD_TEXT, .where = offsetof(struct discover, endpoint),
	  .check = check_word },
	{ "match", FIELD_GROUP, .inner = &match_fields },
	{ "down", FIELD_CUSTOM, .read = read_down, .shape = SHAPE_TEXT },
	{ "ignore", FIELD_CUSTOM, .read = read_ignored, .shape = SHAPE_TEXT | SHAPE_TEXTS },
	{ "backup", FIELD_BOOL, .where = offsetof(struct discover, backup) },
	{ "keys", FIELD_GROUP, .inner = &key_fields },
};
const struct fields discover_fields = FIELDS(discover_rows);

static const char *text_of(struct reader *r, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	const char *copy = arena_strdup(r->arena, text ? text : "");

	/* jansson allocates with malloc by default. */
	freep(&text);
	return copy;
}

static void read_one(struct reader *r, const json_t *value, struct upstream *u)
{
	struct discover *d = &u->discovers[u->discover_count];

	if (!reader_is_object(r, value))
		return;
	fields_read(r, value, &discover_fields, d);
	if (json_object_get(value, "keys") && (!d->format || !d->format->has_keys))
		reader_problem(r, "keys", "is only for the format \"json\"");
	d->key = text_of(r, value);
	if (u->discover_count && d->tls != u->discovers[0].tls)
		reader_problem(r, "tls",
			       "differs from that of the first entry: an upstream uses TLS for all "
			       "of its servers or for none");
	u->discover_count++;
}

void decode_discover(struct reader *r, const json_t *value, void *upstream)
{
	struct upstream *u = upstream;
	size_t count = json_is_array(value) ? json_array_size(value) : 1, i;
	json_t *item;

	if (count > DISCOVERS_MAX) {
		reader_problem(r, NULL, "has more than %d entries", DISCOVERS_MAX);
		return;
	}
	u->discovers = arena_array(r->arena, struct discover, count ? count : 1);
	if (!json_is_array(value))
		read_one(r, value, u);
	json_array_foreach((json_t *)(uintptr_t)value, i, item)
	{
		size_t mark = reader_enter(r, NULL, i);

		read_one(r, item, u);
		reader_leave(r, mark);
	}
}
