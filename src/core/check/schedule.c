/* See schedule.h. items[0] is the first one; the place of an item is its index and 1. */
#include <stdlib.h>

#include <zknginx/err.h>

#include "schedule.h"

static void put(struct schedule *s, size_t i, struct scheduled *item)
{
	s->items[i] = item;
	item->place = i + 1;
}

static void rise(struct schedule *s, size_t i, struct scheduled *item)
{
	while (i && s->items[(i - 1) / 2]->at > item->at) {
		put(s, i, s->items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put(s, i, item);
}

static void sink(struct schedule *s, size_t i, struct scheduled *item)
{
	size_t child;

	while ((child = 2 * i + 1) < s->count) {
		if (child + 1 < s->count && s->items[child + 1]->at < s->items[child]->at)
			child++;
		if (s->items[child]->at >= item->at)
			break;
		put(s, i, s->items[child]);
		i = child;
	}
	put(s, i, item);
}

void schedule_fini(struct schedule *s)
{
	free(s->items);
	*s = (struct schedule){ 0 };
}

void schedule_set(struct schedule *s, struct scheduled *item, uint64_t at)
{
	uint64_t before = item->at;

	item->at = at;
	if (!item->place) {
		if (s->count == s->room) {
			s->room = s->room ? 2 * s->room : 64;
			s->items = xrealloc(s->items, s->room * sizeof(struct scheduled *));
		}
		rise(s, s->count++, item);
	} else if (at < before) {
		rise(s, item->place - 1, item);
	} else {
		sink(s, item->place - 1, item);
	}
}

void schedule_remove(struct schedule *s, struct scheduled *item)
{
	size_t i = item->place - 1;
	struct scheduled *last;

	if (!item->place)
		return;
	item->place = 0;
	last = s->items[--s->count];
	if (last == item)
		return;
	if (i && s->items[(i - 1) / 2]->at > last->at)
		rise(s, i, last);
	else
		sink(s, i, last);
}

struct scheduled *schedule_first(const struct schedule *s)
{
	return s->count ? s->items[0] : NULL;
}
