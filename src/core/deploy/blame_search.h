/* Finds the origin of a value that nginx mentioned without its place. */
#ifndef ZKNGINX_CORE_BLAME_SEARCH_H
#define ZKNGINX_CORE_BLAME_SEARCH_H

#include <zknginx/bundle.h>

enum needle_kind {
	NEEDLE_VALUE,    /* a parameter, or a part of one */
	NEEDLE_VARIABLE, /* "name", written as $name or ${name} */
	NEEDLE_LISTEN,   /* "0.0.0.0:80", which may be written as `listen 80` */
};

struct needle {
	enum needle_kind kind;
	const char *text;
	/* Of a value: the word before it, which may be its directive. */
	const char *directive;
	/* Of a listen: only one with default_server, or only one with socket options. */
	bool only_default, only_options;
};

/* A growing list of znode paths, borrowed from the bundle. */
struct suspects {
	const char **znodes;
	size_t count, room;
};
void suspects_fini(struct suspects *s);
void suspects_add(struct suspects *s, const char *znode);
/* Sort, and remove duplicates. */
void suspects_sort(struct suspects *s);

/* Adds the origins of all statements that contain the needle; false when there are none. */
bool blame_search(const struct bundle *b, const struct needle *needle, struct suspects *found);

#endif
