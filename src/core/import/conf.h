/*
 * An nginx configuration as it was written: the statements of FILE and of all that it includes,
 * each with its place in the text, so that it can be copied unchanged, comments included.
 */
#ifndef ZKNGINX_CORE_IMPORT_CONF_H
#define ZKNGINX_CORE_IMPORT_CONF_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/err.h>

#include "import.h"

/* Bytes of a file: [begin, end). */
struct conf_span {
	size_t begin, end;
};

struct conf_node;

struct conf_file {
	const char *path;  /* as it was opened; in messages */
	const char *named; /* as an `include` line names it */
	const char *text;
	size_t size;
	struct conf_node *root;  /* its children are the file's statements */
	struct conf_span *fixed; /* quoted words and blocks of Lua of several lines: the blanks at
				    the beginning of these lines are part of the value */
	size_t fixed_count, fixed_room;
	struct conf_span *comments; /* without their line feeds */
	size_t comment_count, comment_room;
};

/* What is different where the text is printed (conf_print.h). */
struct conf_change {
	const char *instead; /* the statement has moved; these lines are printed in its place, each
				with its line feed; NULL: it has not */
	const char *added;   /* printed before its `;` or in front of the `}`; NULL: nothing */
};

/* A statement; a file's root has no words. */
struct conf_node {
	struct conf_file *file;
	struct conf_node *parent; /* within the file; NULL: a root */
	const char *const *words; /* unescaped; the first is the name */
	size_t count;
	unsigned line;
	struct conf_span span; /* from the name to `;` or `}` */
	bool block;
	bool lua; /* a block of Lua, which is not taken apart */
	struct conf_change change;
	struct conf_node **children;
	size_t child_count, child_room;
	struct conf_file **files; /* of `include`: what it names, in nginx's order; each inclusion
				     is a conf_file of its own */
	size_t file_count;
};

/*
 * Reads FILE with all that it includes, in the arena. The error names file and line. `include` of
 * a path for which in->is_ours() holds is not followed.
 */
int conf_read(struct arena *a, const struct import_input *in, struct conf_file **out,
	      struct err *e);

/* The words after the name, "" where there are fewer; i = 0 is the name. */
const char *conf_word(const struct conf_node *n, size_t i);
bool conf_is(const struct conf_node *n, const char *name);

/* A walk over the statements of a block as nginx sees them: an `include` is replaced by what it
 * names. */
struct conf_list {
	struct conf_node **items;
	size_t count, room;
};
struct conf_list conf_statements(struct arena *a, const struct conf_node *block);

#endif
