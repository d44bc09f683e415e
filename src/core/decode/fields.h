/*
 * JSON objects that are read by a table with one row for each field {name, kind, where, check}.
 *
 * A field that is not in the table, has another type, or fails its check is a problem with the
 * field's dotted path. Reading goes on, so that all problems of a znode are found at once. Strings
 * are copied to the arena, because the model lives longer than the JSON.
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
	unsigned kinds; /* what the object is: a row with `only` must have one of these bits */
	const char *kind_name; /* the same for messages: "a location with \"proxy\"" */
	bool captures;         /* a text may have $1, of the regular expression around it */
	char path[256];        /* of the object being read: "locations[2]" */
	unsigned found;        /* problems so far */
	bool failed;           /* one of them makes the znode invalid */
};

enum field_kind {
	FIELD_TEXT,     /* a string: const char *, checked and copied */
	FIELD_NUMBER,   /* a whole number: long, within least..most */
	FIELD_BOOL,     /* true or false: bool; not given is the same as false */
	FIELD_TRISTATE, /* true or false: int, 1 or 0; not given is a third state, and leaves the
			   int as it was (-1) */
	FIELD_OBJECT,   /* an object, which the inner table reads into the struct at `where` */
	FIELD_GROUP,    /* an object, which the inner table reads into the same struct as the fields
			   around it; `where` has no meaning */
	FIELD_CUSTOM,   /* read() does it */
	/* Those below become a clause of `directive`, added to the list at `where`. */
	FIELD_LINE_TEXT,   /* a string, or a number where the check accepts its digits */
	FIELD_LINE_NUMBER, /* within least..most */
	FIELD_LINE_FLAG,   /* true or false: on or off */
	FIELD_LINE_WORDS,  /* an array of strings, or one string: the parameters */
};

/* What a FIELD_CUSTOM may be, for the schema: one or more of these. */
enum {
	SHAPE_TEXT = 1 << 0,
	SHAPE_INTEGER = 1 << 1,
	SHAPE_NUMBER = 1 << 2,
	SHAPE_FLAG = 1 << 3,
	SHAPE_TEXTS = 1 << 4,       /* an array of strings and whole numbers */
	SHAPE_MAP = 1 << 5,         /* an object of strings and whole numbers, with any names */
	SHAPE_OBJECT = 1 << 6,      /* an object of `inner`; of anything where that is NULL */
	SHAPE_OBJECTS = 1 << 7,     /* an array of such objects */
	SHAPE_MAP_OBJECTS = 1 << 8, /* an object of such objects, with any names */
};

/* NULL when the string is valid here, else the rest of a sentence: "is not an nginx time". */
typedef const char *text_check(const struct reader *r, const char *s);

struct field {
	const char *name;
	enum field_kind kind;
	size_t where;     /* offset in the target */
	long least, most; /* of FIELD_NUMBER, inclusive */
	bool required;
	unsigned only; /* kinds of object that may have the field; 0: every one */
	text_check *check;
	const char *directive;
	const struct fields *inner;
	void (*read)(struct reader *r, const json_t *value, void *where);
	unsigned shape; /* of a FIELD_CUSTOM; 0: anything */
};

struct fields {
	const struct field *rows;
	size_t count;
};

#define FIELDS(array)                                                                              \
	{                                                                                          \
		(array), ARRAY_SIZE(array)                                                         \
	}

/* The znode's JSON object, which the caller decrefs. NULL and a problem: the data is none. */
json_t *reader_parse(struct reader *r);

/* The row of that name; of several, the one for these kinds. NULL: there is none. */
const struct field *fields_find(const struct fields *fields, const char *name, unsigned kinds);

/* Read all members of the object into the struct `target`; missing required ones are problems. */
void fields_read(struct reader *r, const json_t *object, const struct fields *fields, void *target);

/* Enter a field, or an element of an array (name is NULL). Leave it with what was returned. */
size_t reader_enter(struct reader *r, const char *name, size_t index);
void reader_leave(struct reader *r, size_t mark);

/* A problem of the current field; name (may be NULL) is appended to its path. */
struct problem *reader_problem(struct reader *r, const char *name, const char *fmt, ...)
	PRINTF(3, 4);

/* False and a problem when the value is not of that type. */
bool reader_is_object(struct reader *r, const json_t *value);
bool reader_is_array(struct reader *r, const json_t *value);
/* The same, and it has `least` to `most` elements. */
bool reader_is_list(struct reader *r, const json_t *value, size_t least, size_t most);
/* The string, or the digits of a whole number of 0 or more; NULL and a problem when the value is
 * neither. */
const char *reader_text_or_number(struct reader *r, const json_t *value);
/* The string, unchanged; NULL and a problem when the value is no string. */
const char *reader_text(struct reader *r, const json_t *value);
/* The strings of an array, or one string alone, each checked; *count of them. */
const char **reader_texts(struct reader *r, const json_t *value, size_t most, text_check *check,
			  size_t *count);
/* A copy of s in the arena; NULL and a problem when the check refuses it. */
const char *reader_checked(struct reader *r, const char *s, text_check *check);

#endif
