/* The result of a command, in words. */
#ifndef ZKNGINX_HOST_HOOK_WORDS_H
#define ZKNGINX_HOST_HOOK_WORDS_H

#include "sys/child.h"

/* The end of an output of any length. */
struct hook_tail {
	char bytes[2048];
	size_t size;
};
void hook_tail_add(struct hook_tail *t, const char *bytes, size_t size);

bool hook_passed(const struct child_result *r);
/* One line of valid UTF-8 without control characters, a few hundred bytes; the caller frees. */
char *hook_words(const struct child_result *r, const struct hook_tail *output, uint64_t deadline);

#endif
