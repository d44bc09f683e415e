/*
 * How long decoded upstreams that a cache has dropped are kept.
 *
 * The model of a run has thousands of upstreams, nearly all of which the model before it has as
 * well. A reference for each would cost more than the run does. So a model has one for all: it
 * notes its run, and what is dropped later is freed when no model is left of a run that may have
 * it. Runs are numbered from 1.
 */
#ifndef ZKNGINX_CORE_DECODED_RUNS_H
#define ZKNGINX_CORE_DECODED_RUNS_H

#include <zknginx/arena.h>

struct decoded;
struct decoded_runs;

struct decoded_runs *decoded_runs_new(void);
/* By the cache. The models that are left may still use what was dropped. */
void decoded_runs_close(struct decoded_runs *r);

/* The next run begins. */
void decoded_runs_begin(struct decoded_runs *r);
unsigned long decoded_runs_now(const struct decoded_runs *r);
/* The model of this run, with this arena, may have all upstreams of the cache, until the arena is
 * freed. */
void decoded_runs_lend(struct decoded_runs *r, struct arena *a);
/* Takes over a reference. The models of the runs from `first` to `last` may have the upstream. */
void decoded_runs_drop(struct decoded_runs *r, const struct decoded *d, unsigned long first,
		       unsigned long last);

#endif
