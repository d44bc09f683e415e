/*
 * One question to the system's resolver: what a name stands for. It is answered on
 * threads of the C library's; here it is only looked whether one has ended.
 */
#ifndef ZKNGINX_HOST_NAMES_ASK_H
#define ZKNGINX_HOST_NAMES_ASK_H

#include <stdbool.h>
#include <zknginx/macros.h>

/* So many the C library asks at a time; more of them would only wait within it. */
#define ASK_AT_ONCE 20
/* A name that stands for more stands for the first so many, in their order. */
#define ANSWER_LIMIT 256

/*
 * The thread sanitizer ends a program with threads that it did not see begin, as these of
 * the C library. Under it alone a question is asked on the spot.
 */
#if defined(__SANITIZE_THREAD__)
#define ASK_ON_THE_SPOT true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ASK_ON_THE_SPOT true
#endif
#endif
#ifndef ASK_ON_THE_SPOT
#define ASK_ON_THE_SPOT false
#endif

struct answer {
	char **addresses;   /* numeric, sorted, without doubles; all of it is one allocation */
	size_t count;       /* 0: a failure */
	const char *reason; /* of a failure; constant text */
};

static inline void answer_clear(struct answer *a)
{
	extern void free(void *);
	free(a->addresses);
	*a = (struct answer){ 0 };
}

bool answer_equal(const struct answer *a, const struct answer *b);

struct ask;
struct ask *ask_new(const char *name);
/* Has it ended? Does not wait. */
bool ask_ended(struct ask *a);
/* Once, after it has ended; the caller clears it. */
struct answer ask_answer(struct ask *a);
/*
 * At any time. The C library cannot be told to let go of a question that a thread of it
 * works on: such a one is kept aside, and its memory is given back by a later ask_free()
 * or ask_leftovers() after it has ended.
 */
void ask_free(struct ask *a);
DEFINE_CLEANUP(struct ask *, ask_free)
/* How many are kept aside still. */
size_t ask_leftovers(void);

#endif
