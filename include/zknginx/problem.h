/*
 * Problems: what is wrong in an operator's znodes.
 *
 * A problem is collected and published, and never fatal. Its message says what was found and what
 * was expected. It may quote the operator's text, so it has to be escaped where it is printed.
 */
#ifndef ZKNGINX_PROBLEM_H
#define ZKNGINX_PROBLEM_H

#include <stdbool.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

/* Names as in the status JSON. */
#define PROBLEM_KINDS(X)                                                                           \
	X(JSON, "json")           /* no valid JSON, or not an object */                            \
	X(FIELD, "field")         /* an invalid field, name or server */                           \
	X(POLICY, "policy")       /* a snippet uses a directive that is not allowed */             \
	X(NGINX, "nginx")         /* `nginx -t` refused it */                                      \
	X(RELOAD, "reload")       /* the master refused it, or its workers died after it */        \
	X(GUARD, "guard")         /* too much would be lost, and is held; or all is lost */        \
	X(DISCOVERY, "discovery") /* an unusable registration, or none so far */                   \
	X(ACCESS, "access")       /* a znode that is unreadable, or too large */                   \
	X(OVERRIDE, "override")   /* an invalid override of an operator */

enum problem_kind {
#define X(name, text) PROBLEM_##name,
	PROBLEM_KINDS(X)
#undef X
		PROBLEM_KIND_N
};

/* What nginx serves in place of what the znode says. */
#define SERVINGS(X)                                                                                \
	X(PREVIOUS, "previous") /* the last good form */                                           \
	X(ABSENT, "absent")     /* nothing: there is no good form that can be used */

enum serving {
#define X(name, text) SERVING_##name,
	SERVINGS(X)
#undef X
		SERVING_N
};

const char *problem_kind_name(enum problem_kind k);
const char *serving_name(enum serving s);

struct problem {
	const char *znode;
	enum problem_kind kind;
	const char *message;
	const char *field; /* dotted: "locations[2].proxy"; "" where there is none */
	unsigned line;     /* of the znode's data, from 1; 0 where there is none */
	enum serving serving;
};

/* Order by znode, field, message, kind; 0 when all of these are equal. */
int problem_compare(const struct problem *x, const struct problem *y);
/* A copy whose strings are in the arena. */
struct problem problem_copy(struct arena *a, const struct problem *p);
/* "line 3: listen: MESSAGE", for a person: the place in the znode where there is one, once, and the
 * message. */
void problem_print(const struct problem *p, struct buf *out);

/* A growing list with an arena of its own. */
struct problems {
	struct arena *arena;
	struct problem *items;
	size_t count, room;
};
void problems_init(struct problems *ps);
void problems_fini(struct problems *ps);
/* Copies all strings; field may be NULL. Returns the new problem, to set line or serving on. */
struct problem *problems_add(struct problems *ps, const char *znode, enum problem_kind kind,
			     const char *field, const char *fmt, ...) PRINTF(5, 6);
/* Adds a copy of the whole problem. */
void problems_append(struct problems *ps, const struct problem *p);
/* The problems of this znode and kind are over. */
void problems_drop(struct problems *ps, const char *znode, enum problem_kind kind);
/* Sorted by znode path, then field; equal problems become one. */
void problems_sort(struct problems *ps);

#endif
