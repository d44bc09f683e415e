/*
 * What the host names of servers stand for, kept up to date on the loop. The core looks
 * names up in the view; one that is not known yet is asked for by being looked up.
 *
 * A name that resolves is asked for again every 30 s, one that does not after 1 s, and
 * then after twice as long each time, up to 60 s; all of it with some jitter. One without
 * an answer within 10 s has failed, whatever becomes of the question later.
 */
#ifndef ZKNGINX_HOST_NAMES_H
#define ZKNGINX_HOST_NAMES_H

#include <systemd/sd-event.h>
#include <zknginx/err.h>

#include "core/discover/names.h"

/* Names known at a time; what is beyond them fails. */
#define NAMES_LIMIT 10000

struct names_cache;

/*
 * on_change is called from the loop, once for all that came together, after addresses
 * of a wanted name have changed, or that it fails. The reason of a failure alone does not
 * count, nor an answer that is what the last good one was. It may free the cache.
 */
int names_cache_new(sd_event *loop, void (*on_change)(void *ctx), void *ctx,
		    struct names_cache **out, struct err *e);
/* Never waits: questions that are being asked end by themselves (names_ask.h). */
void names_cache_free(struct names_cache *c);
DEFINE_CLEANUP(struct names_cache *, names_cache_free)

/*
 * From now on these. Others are asked for no more, and what they stood for is forgotten after
 * an hour; wanted before that, they are pending with their last addresses. What find() is
 * called with is wanted until the next call of this.
 */
void names_cache_want(struct names_cache *c, const char *const *names, size_t count);

/* For the core. What find() answers holds until the next find(), want() or turn of the loop. */
const struct names *names_cache_view(struct names_cache *c);

#endif
