/*
 * Errors of the environment (a full disk, a missing file, a lost connection).
 *
 * An error is on the caller's stack, and callers put context before its text; functions return -1
 * together with a filled `struct err`. What is wrong in an operator's znode is never an err but a
 * problem (problem.h); for what cannot happen there is die().
 */
#ifndef ZKNGINX_ERR_H
#define ZKNGINX_ERR_H

#include <stdarg.h>

#include <zknginx/macros.h>

enum err_code {
	ERR_NONE = 0,
	ERR_SYS,         /* a system call failed; `sys` is its errno */
	ERR_SETTINGS,    /* what a setting names cannot be used */
	ERR_INPUT,       /* a file or an argument has the wrong content */
	ERR_TIMEOUT,     /* a deadline passed */
	ERR_UNAVAILABLE, /* the other side (ZooKeeper, nginx) does not answer */
	ERR_REFUSED,     /* the other side answered and refused */
};

struct err {
	enum err_code code;
	int sys;
	char text[1024]; /* a sentence for an operator; always terminated */
};

/* Each returns -1, so that `return err_set(e, …);` reads as one step. e may be NULL. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/* As err_set with ERR_SYS: takes errno and appends its text. */
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/* Put "CONTEXT: " before the text; code and errno stay. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/*
 * The impossible, or no memory: write the message to stderr and abort. nginx keeps serving the
 * published generation, and systemd starts the daemon again.
 */
void die(const char *fmt, ...) PRINTF(1, 2) __attribute__((noreturn));

/* Allocation that dies instead of returning NULL; the caller frees. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
/* A list with room for one more than `count` items of this size: *room doubles when it is full. */
void *xgrow(void *items, size_t count, size_t *room, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list args) PRINTF(1, 0);

static inline void freep(void *p)
{
	extern void free(void *);
	free(*(void **)p);
}

#endif
