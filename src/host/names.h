/*
 * The addresses of the servers' host names, kept up to date on the loop. The core looks names up in
 * the view; a name that is not known yet is asked for by being looked up.
 *
 * A name that resolves is asked for again every 30 s. One that does not is asked for again after 1
 * s, then after twice as long each time, up to 60 s. All of it has some jitter. A name without an
 * answer within 10 s has failed; a later answer still counts.
 */
#ifndef ZKNGINX_HOST_NAMES_H
#define ZKNGINX_HOST_NAMES_H

#include <systemd/sd-event.h>
#include <zknginx/err.h>

#include "core/discover/names.h"

/* The largest number of names; others fail. */
#define NAMES_LIMIT 10000

struct names_cache;

/*
 * on_change is called from the loop, once for all changes of a turn, when the addresses of a wanted
 * name have changed or when it has begun to fail. Another reason of a failure does not count, nor
 * an answer that is the same as the last good one. It may free the cache.
 */
int names_cache_new(sd_event *loop, void (*on_change)(void *ctx), void *ctx,
		    struct names_cache **out, struct err *e);
/* Does not wait: open questions end by themselves (names_ask.h). */
void names_cache_free(struct names_cache *c);
DEFINE_CLEANUP(struct names_cache *, names_cache_free)

/*
 * The names that are wanted from now on. Others are not asked for any more, and their addresses are
 * forgotten after an hour; when they are wanted again before that, they are pending and have their
 * last addresses. A name that find() is called with is wanted until the next call of this.
 */
void names_cache_want(struct names_cache *c, const char *const *names, size_t count);

/* For the core. An answer of find() is valid until the next find(), want() or turn of the loop. */
const struct names *names_cache_view(struct names_cache *c);

#endif
