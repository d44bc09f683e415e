/*
 * JSON objects read by table: one row a field {name, kind, where, check}.
 *
 * What is not in the table, has another type, or fails its check is a problem with
 * the field's dotted path; reading goes on, so that all problems of a znode are
 * found at once. The jansson value dies before the model: strings are copied to
 * the arena.
 */
#ifndef ZKNGINX_CORE_FIELDS_H
#define ZKNGINX_CORE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <zknginx/problem.h>
#include <zknginx/tree.h>

#include "core/policy/policy.h"

struct reader {
	struct arena *arena;
	const struct znode *znode;
	const struct policy *policy;
	struct problems *problems;
	unsigned kinds; /* bits that a row's `only` is held against */
	const char *kind_name;
	char path[256]; /* of the object being read: "locations[2]" */
	unsigned found; /* problems so far */
	bool failed;    /* one of them makes the znode invalid */
};

enum field_kind {
	FIELD_TEXT,   /* const char *, checked, copied */
	FIELD_NUMBER, /* long within least..most */
	FIELD_BOOL,   /* bool */
	FIELD_SWITCH, /* int: 1 or 0 */
	FIELD_OBJECT, /* inner table, over the same or an inner struct */
	FIELD_CUSTOM, /* read() does it */
};

/* NULL when the text may stand here, else what is wrong: "is not an nginx time". */
typedef const char *text_check(const struct reader *r, const char *s);

struct field {
	const char *name;
	enum field_kind kind;
	size_t where; /* offset in the target */
	long least, most;
	bool required;
	unsigned only; /* kinds that the field belongs to; 0: every one */
	text_check *check;
	const struct fields *inner;
	void (*read)(struct reader *r, const json_t *value, void *where);
};

struct fields {
	const struct field *rows;
	size_t count;
};

#define FIELDS(array)                                                                              \
	{                                                                                          \
		(array), ARRAY_SIZE(array)                                                         \
	}

/* The znode's JSON object, which the caller decrefs; NULL (and a problem) when it is none. */
json_t *reader_parse(struct reader *r);

void fields_read(struct reader *r, const json_t *object, const struct fields *fields, void *target);

/* Enter a field or (name NULL) a list's element; leave with what was returned. */
size_t reader_enter(struct reader *r, const char *name, size_t index);
void reader_leave(struct reader *r, size_t mark);

/* A problem of the field at hand; name (may be NULL) is appended to its path. */
struct problem *reader_problem(struct reader *r, const char *name, const char *fmt, ...)
	PRINTF(3, 4);

/* False and a problem when the value is not of that type. */
bool reader_is_object(struct reader *r, const json_t *value);
bool reader_is_list(struct reader *r, const json_t *value);
/* The text, unchanged, or NULL and a problem. */
const char *reader_text(struct reader *r, const json_t *value);
/* Judge a text: NULL and a problem when the check finds something. Copied to the arena. */
const char *reader_checked(struct reader *r, const char *s, text_check *check);

#endif
