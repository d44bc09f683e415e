/* A count over time, and its greatest value within a window. */
#ifndef ZKNGINX_CORE_SAMPLES_H
#define ZKNGINX_CORE_SAMPLES_H

#include <stdbool.h>
#include <zknginx/macros.h>

struct samples {
	/* The value from `when` on; ascending. */
	struct sample {
		uint64_t when;
		size_t value;
	} * items;
	size_t count, room;
};

void samples_fini(struct samples *s);
/* The value is this from now on. */
void samples_add(struct samples *s, size_t value, uint64_t now);
/* Forget the past: the value has always been this. */
void samples_restart(struct samples *s, size_t value, uint64_t now);
/* The greatest value that held at some time of the last `window`; older ones are forgotten. */
size_t samples_max(struct samples *s, uint64_t now, uint64_t window);
/* Is this value all that is known? */
bool samples_are_only(const struct samples *s, size_t value);

#endif
