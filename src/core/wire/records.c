/* What the answer to each operation consists of. */
#include <string.h>

#include "records.h"

#define STAT_SIZE 68 /* of struct Stat: six longs and five ints */

static bool stat_record(struct cursor *c)
{
	return cursor_skip(c, STAT_SIZE);
}

static bool nothing(struct cursor *c UNUSED)
{
	return true;
}

/* The name of a child: what a path has between two slashes. */
static bool is_name(const char *name, size_t size)
{
	return size && !memchr(name, '/', size) && !memchr(name, '\0', size) &&
	       !(size == 1 && *name == '.') && !(size == 2 && memcmp(name, "..", 2) == 0);
}

static bool is_path(const char *path, size_t size)
{
	const char *end = path + size, *name = path + 1;

	if (!size || *path != '/')
		return false;
	if (size == 1)
		return true;
	for (const char *slash; name < end; name = slash + 1) {
		slash = memchr(name, '/', (size_t)(end - name)) ?: end;
		if (!is_name(name, (size_t)(slash - name)))
			return false;
		if (slash == end)
			return true;
	}
	return false; /* it ends in a slash */
}

bool record_path(struct cursor *c)
{
	const char *path;
	size_t size;

	return cursor_string(c, &path, &size) &&
	       (is_path(path, size) || cursor_fail(c, "sent a path that no znode can have"));
}

static bool path_and_stat(struct cursor *c)
{
	return record_path(c) && stat_record(c);
}

static bool data_and_stat(struct cursor *c)
{
	const char *bytes;
	size_t size;

	return cursor_buffer(c, &bytes, &size) && stat_record(c);
}

static bool children(struct cursor *c)
{
	size_t count, size;
	const char *name;

	if (!cursor_count(c, 4, &count))
		return false;
	while (count--) {
		if (!cursor_string(c, &name, &size))
			return false;
		if (!is_name(name, size))
			return cursor_fail(c, "sent a name that no znode can have");
	}
	return true;
}

static bool children_and_stat(struct cursor *c)
{
	return children(c) && stat_record(c);
}

static bool acl(struct cursor *c)
{
	size_t count, size;
	const char *text;
	int32_t permissions;

	if (!cursor_count(c, 12, &count))
		return false;
	while (count--) {
		if (!cursor_int(c, &permissions) || !cursor_string(c, &text, &size) ||
		    !cursor_string(c, &text, &size))
			return false;
	}
	return true;
}

static bool acl_and_stat(struct cursor *c)
{
	return acl(c) && stat_record(c);
}

/* --- parts of a transaction, as we send them ---------------------------------------------------
 */

static bool text_field(struct cursor *c)
{
	const char *bytes;
	size_t size;

	return cursor_buffer(c, &bytes, &size);
}

static bool create_part(struct cursor *c)
{
	return text_field(c) && text_field(c) && acl(c) && cursor_skip(c, 4);
}

static bool set_part(struct cursor *c)
{
	return text_field(c) && text_field(c) && cursor_skip(c, 4);
}

static bool versioned_part(struct cursor *c)
{
	return text_field(c) && cursor_skip(c, 4);
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct record {
	int32_t op;
	bool (*answer)(struct cursor *c);
	bool (*part)(struct cursor *c); /* NULL: not within a transaction */
} records[] = {
	{ OP_NUMBER_CLOSE, nothing, NULL },
	{ OP_NUMBER_CREATE, record_path, create_part },
	{ OP_NUMBER_CREATE2, path_and_stat, create_part },
	{ OP_NUMBER_DELETE, nothing, versioned_part },
	{ OP_NUMBER_EXISTS, stat_record, NULL },
	{ OP_NUMBER_GET, data_and_stat, NULL },
	{ OP_NUMBER_SET, stat_record, set_part },
	{ OP_NUMBER_GET_ACL, acl_and_stat, NULL },
	{ OP_NUMBER_SET_ACL, stat_record, NULL },
	{ OP_NUMBER_CHILDREN, children, NULL },
	{ OP_NUMBER_CHILDREN2, children_and_stat, NULL },
	{ OP_NUMBER_SYNC, record_path, NULL },
	{ OP_NUMBER_CHECK, nothing, versioned_part },
};

static const struct record *find(int32_t op)
{
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		if (records[i].op == op)
			return &records[i];
	}
	return NULL;
}

bool record_is_known(int32_t op)
{
	return op == OP_NUMBER_MULTI || find(op);
}

bool record_answer(struct cursor *c, int32_t op)
{
	const struct record *r = find(op);

	return r ? r->answer(c) : cursor_fail(c, "answers an operation that was not sent");
}

bool record_skip_part(struct cursor *c, int32_t op)
{
	const struct record *r = find(op);

	return r && r->part && r->part(c);
}

/* KeeperException.Code: system errors down to -13, those of the API from -100 on, with some room
 * for later versions. */
bool record_is_error_code(int32_t code)
{
	return (code <= 0 && code >= -20) || (code <= -100 && code >= -140);
}
