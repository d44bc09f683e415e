/*
 * Zones: the size of the shared memory of upstreams whose policy says nothing of it.
 *
 * With a zone, the workers of nginx share what they know of an upstream's servers: failures,
 * connections, whose turn it is. The module of nginx needs one to change servers.
 *
 * A new zone has room for twice its servers: its size is the smallest power of two from 64 KiB on
 * that is enough. Another size under the same name is no error in nginx, but it takes a reload. So
 * a zone keeps its size while it has room for a quarter more servers than there are, and while it
 * is not larger than eight times what a new one would be. The size that a zone has is part of the
 * model of what nginx runs; after a restart it is read from the live files.
 *
 * nginx has one set of names for all zones, so these begin with UPSTREAM_ZONE_PREFIX.
 */
#ifndef ZKNGINX_CORE_ZONES_H
#define ZKNGINX_CORE_ZONES_H

#include <zknginx/model.h>

/* More upstreams than these get no zone by default. nginx compares each zone's name with those of
 * all others: with 4,000 of them a reload takes 0.2 s longer, with 10,000 1.5 s. Each is a mapping,
 * too, of which Linux allows 65,530 in a process (vm.max_map_count). */
#define ZONES_MOST 4000

/* Sets the zone_size of all upstreams; good: the model of what nginx runs. */
void zones_apply(struct model *m, const struct model *good);

/* Sets those of `good` from the text of a live file. */
void zones_adopt(struct model *good, const char *text, size_t size);

/* What a new zone for so many servers has; 0: there would be too many for a zone. */
size_t zone_size_for(size_t servers);

#endif
