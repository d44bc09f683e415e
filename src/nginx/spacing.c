/*
 * A reload leaves the old workers running until their last connection ends. Reloads wait while too
 * many are left: nginx gives up at 1024 children, and then serves nothing.
 */
#include "spacing.h"

#define CROWD_FACTOR 8 /* old workers for each serving one */
#define CHILDREN_MAX 500
#define CROWD_PAUSE USEC_PER_SEC

static bool is_crowded(struct spacing *s, const struct master *m, uint64_t now)
{
	struct workers w;
	unsigned suppressed;

	if (!m)
		return false;
	master_workers(m, &w);
	if (w.leaving < CROWD_FACTOR * (w.serving_count ? w.serving_count : 1) &&
	    w.children <= CHILDREN_MAX)
		return false;
	if (log_limit_pass(&s->crowd, now, 60 * USEC_PER_SEC, &suppressed))
		log_warning("reloads wait: %u old nginx worker%s still serve%s the last "
			    "connections, beside %zu new (worker_shutdown_timeout in nginx.conf "
			    "limits that)",
			    w.leaving, PLURAL(w.leaving), w.leaving == 1 ? "s" : "",
			    w.serving_count);
	return true;
}

bool spacing_is_over(struct spacing *s, uint64_t gap, const struct master *m, uint64_t now,
		     uint64_t *when)
{
	if (gap < 2 * s->last_duration)
		gap = 2 * s->last_duration;
	*when = now;
	if (s->last_sent && now < s->last_sent + gap)
		*when = s->last_sent + gap;
	else if (is_crowded(s, m, now))
		*when = now + CROWD_PAUSE;
	return *when == now;
}
