/* See deliver.h. */
#include "deliver.h"
#include "persist.h"
#include "sys/timing.h"

static const char *revision_of(const struct agent *a)
{
	return a->attempt.model->pending ? a->running.applied : a->attempt.revision;
}

static uint64_t later(struct agent *a, uint64_t when)
{
	attempt_end(&a->attempt);
	return when;
}

/* The workers may get servers while reloads are to be spaced, or something is persisted. So it may
 * turn out only here that this one has to wait. */
uint64_t deliver_by_deployment(struct agent *a)
{
	uint64_t when;

	if (!deploy_is_ready(a->deploy, timing_now(), &when)) {
		a->dirty = true;
		return later(a, when);
	}
	deploy_want(a->deploy, a->attempt.bundle, revision_of(a));
	return NEVER;
}

uint64_t deliver(struct agent *a)
{
	switch (live_take(a->live, revision_of(a), timing_now())) {
	case LIVE_NOT_TAKEN:
		return deliver_by_deployment(a);
	case LIVE_LATER:
		return later(a, live_due(a->live));
	case LIVE_PERSISTED:
		persist_begin(a);
		return NEVER;
	case LIVE_TAKEN:
		persist_on_change(a);
		return NEVER;
	}
	return NEVER;
}
