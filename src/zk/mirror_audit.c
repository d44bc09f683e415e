/*
 * Distrust of watches. A server tells a watch's owner nothing about a znode that he may not
 * read at that moment, and uses the watch up all the same. So whoever forbids a znode,
 * changes it and allows it again has changed it unseen; and a root that is created
 * forbidden stays absent. No event will ever tell of that: hence, now and then, every
 * znode is read once more, slowly. A list of children is read again only where the znode's
 * own version of it has moved on.
 */
#include <stdlib.h>

#include "mirror_parts.h"
#include "sys/timing.h"

#define INTERVAL (300 * USEC_PER_SEC) /* between two sweeps */
#define STEP (100 * USEC_PER_MSEC)
#define NODES_PER_STEP 2

static void audit(struct node *n)
{
	if (n->dead || n->data_trouble || n->kids_trouble)
		return; /* somebody looks after these already */
	mirror_want(n, n->pin >= 0 && !n->present ? ITEM_EXISTS : ITEM_DATA);
}

void mirror_plan_audit(struct mirror *m)
{
	free(m->audited);
	m->audited = NULL;
	timing_arm(m->audit, timing_jitter(INTERVAL, 25));
}

void mirror_audit(struct mirror *m)
{
	free(m->audited);
	m->audited = NULL;
	timing_arm(m->audit, 0);
}

/* True: there is more. */
static bool step(struct mirror *m)
{
	struct node *n = m->audited ? node_after(m->top, m->audited) : m->top;

	for (unsigned i = 0; n && i < NODES_PER_STEP; n = node_after(m->top, n->path)) {
		i += n->levels >= 0;
		audit(n);
		free(m->audited);
		m->audited = xstrdup(n->path);
	}
	mirror_feed(m);
	return n != NULL;
}

int mirror_on_audit(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct mirror *m = ctx;

	if (session_state(m->session) != SESSION_CONNECTED)
		timing_arm(m->audit, USEC_PER_SEC);
	else if (step(m))
		timing_arm(m->audit, STEP);
	else
		mirror_plan_audit(m);
	return 0;
}
