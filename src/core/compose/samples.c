/* A count over time, kept as the moments at which it changed. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "samples.h"

void samples_fini(struct samples *s)
{
	free(s->items);
	*s = (struct samples){ 0 };
}

void samples_add(struct samples *s, size_t value, uint64_t now)
{
	if (s->count && s->items[s->count - 1].value == value)
		return;
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 8;
		s->items = xrealloc(s->items, s->room * sizeof(*s->items));
	}
	s->items[s->count++] = (struct sample){ now, value };
}

void samples_restart(struct samples *s, size_t value, uint64_t now)
{
	s->count = 0;
	samples_add(s, value, now);
}

/* The last sample from before the window still held when it began. */
static void forget_old(struct samples *s, uint64_t now, uint64_t window)
{
	size_t first = 0;

	while (first + 1 < s->count && now - s->items[first + 1].when >= window)
		first++;
	memmove(s->items, s->items + first, (s->count - first) * sizeof(*s->items));
	s->count -= first;
}

size_t samples_max(struct samples *s, uint64_t now, uint64_t window)
{
	size_t most = 0;

	if (s->count)
		forget_old(s, now, window);
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i].value > most)
			most = s->items[i].value;
	}
	return most;
}

bool samples_are_only(const struct samples *s, size_t value)
{
	return s->count == 1 && s->items[0].value == value;
}
