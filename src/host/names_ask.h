/*
 * One question to the system's resolver: the addresses of a name. Threads of the C library answer
 * it; here it is only checked whether it has ended.
 */
#ifndef ZKNGINX_HOST_NAMES_ASK_H
#define ZKNGINX_HOST_NAMES_ASK_H

#include <stdbool.h>
#include <zknginx/macros.h>

/* The number of questions that the C library asks at a time; more would wait within it. */
#define ASK_AT_ONCE 20
/* The largest number of addresses of a name; of more, the first ones in their order are used. */
#define ANSWER_LIMIT 256

/*
 * The thread sanitizer ends a program that has threads which it did not see begin, such as those of
 * the C library. Only under it the question is asked within the call.
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
	char **addresses;   /* numeric, sorted, unique; all in one allocation */
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
 * At any time. The C library cannot give up a question that one of its threads works on: such a
 * question is kept, and a later ask_free() or ask_leftovers() frees it after it has ended.
 */
void ask_free(struct ask *a);
DEFINE_CLEANUP(struct ask *, ask_free)
/* The number of questions that are still kept. */
size_t ask_leftovers(void);

#endif
