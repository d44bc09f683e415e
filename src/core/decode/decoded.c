/* See decoded.h. */
#include <stdint.h>
#include <stdlib.h>

#include <zknginx/err.h>

#include "decoded.h"

struct decoded *decoded_new(void)
{
	struct decoded *d = xcalloc(1, sizeof(*d));

	d->refs = 1;
	d->arena = arena_new();
	return d;
}

/* The count is no part of the value. */
static struct decoded *counted(const void *d)
{
	return (struct decoded *)(uintptr_t)d;
}

const struct decoded *decoded_ref(const struct decoded *d)
{
	counted(d)->refs++;
	return d;
}

void decoded_unref(const struct decoded *d)
{
	if (!d || --counted(d)->refs)
		return;
	arena_free(d->arena);
	free(counted(d));
}

static void release(const void *decoded)
{
	decoded_unref(decoded);
}

void decoded_keep_in(struct arena *a, struct decoded *d)
{
	d->refs++;
	arena_own(a, d, release);
}
