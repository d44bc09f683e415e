/* Where in a bundle does something stand that nginx spoke of without saying where? */
#ifndef ZKNGINX_CORE_BLAME_SEARCH_H
#define ZKNGINX_CORE_BLAME_SEARCH_H

#include <zknginx/bundle.h>

enum needle_kind {
	NEEDLE_VALUE,    /* a parameter, or a part of one */
	NEEDLE_VARIABLE, /* "name", which stands as $name or ${name} */
	NEEDLE_LISTEN,   /* "0.0.0.0:80", which stands as `listen 80` as well */
};

struct needle {
	enum needle_kind kind;
	const char *text;
	/* Of a value: the word before it, which may be the directive that it belongs to. */
	const char *directive;
	/* Of a listen: only where it says default_server, or only where it sets socket options. */
	bool only_default, only_options;
};

/* A growing list of znode paths, borrowed from the bundle. */
struct suspects {
	const char **znodes;
	size_t count, room;
};
void suspects_fini(struct suspects *s);
void suspects_add(struct suspects *s, const char *znode);
/* Sort, and fold doubles. */
void suspects_sort(struct suspects *s);

/* Adds the origins of all statements that the needle is in; false when there are none. */
bool blame_search(const struct bundle *b, const struct needle *needle, struct suspects *found);

#endif
