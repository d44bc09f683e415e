/* Keeps both ends of a long text. */
#include <string.h>

#include "child.h"
#include "child_errors.h"

void child_errors_limit(struct buf *b)
{
	static const char gap[] = "\n[...]\n";
	size_t head = CHILD_ERRORS_LIMIT / 4, tail = CHILD_ERRORS_LIMIT / 2;
	size_t from;

	if (b->size <= CHILD_ERRORS_LIMIT)
		return;
	while (head > 0 && b->data[head - 1] != '\n' && head > CHILD_ERRORS_LIMIT / 8)
		head--;
	from = b->size - tail;
	memcpy(b->data + head, gap, sizeof(gap) - 1);
	memmove(b->data + head + sizeof(gap) - 1, b->data + from, tail);
	b->size = head + sizeof(gap) - 1 + tail;
	b->data[b->size] = '\0';
}
