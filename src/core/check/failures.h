/*
 * Failures: the servers that fail their checks, as a list that compose takes.
 *
 * A failing server stays in the model, with its znode, and is rendered `down` on this host. No
 * znode says it, so the revision, the guards and the last good form are not affected.
 */
#ifndef ZKNGINX_CORE_FAILURES_H
#define ZKNGINX_CORE_FAILURES_H

#include <zknginx/model.h>

struct check_failure {
	const char *upstream, *server; /* "10.0.0.1:80" */
};

struct check_failures {
	const struct check_failure *items; /* sorted by upstream, then by server */
	size_t count;
};

/* Is the share of failing servers so large that none is taken out? The checker is the likelier
 * culprit then. */
bool check_panics(size_t failing, size_t servers, long panic);

/*
 * Marks the failing servers of a finished model, in upstreams that have a check: those of which not
 * more than check.panic percent fail. Servers that are down or drained do not count.
 */
void failures_apply(struct model *m, const struct check_failures *v);

/* Those that a model has; in the arena. */
struct check_failures failures_of(const struct model *m, struct arena *a);

/* Marks those of `good` that the text of a live file has as `down`, and the znodes do not: what the
 * checks had found before the daemon was started again. */
void failures_adopt(struct model *good, const char *text, size_t size);

#endif
