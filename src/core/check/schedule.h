/* A schedule: whose time comes first. A heap; each item is in it once, and knows its place. */
#ifndef ZKNGINX_CORE_SCHEDULE_H
#define ZKNGINX_CORE_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct scheduled {
	uint64_t at;
	size_t place; /* from 1 on; 0: it is not in a schedule */
};

struct schedule {
	struct scheduled **items;
	size_t count, room;
};

void schedule_fini(struct schedule *s);
/* Puts it in, or moves it. */
void schedule_set(struct schedule *s, struct scheduled *item, uint64_t at);
void schedule_remove(struct schedule *s, struct scheduled *item);
/* NULL: it is empty. */
struct scheduled *schedule_first(const struct schedule *s);

#endif
