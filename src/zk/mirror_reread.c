/*
 * Reading without an event: what could not be read is tried again (unreadable.c says when), and now
 * and then every znode is read once more.
 *
 * The second is needed because ZooKeeper uses up a watch without an event when the client may not
 * read the znode at that moment. So a znode that is forbidden, changed and allowed again has
 * changed unseen, and a root that is created without read permission seems to be absent. The audit
 * reads slowly. A list of children is read again only if the znode's own version of it has changed.
 */
#include <stdlib.h>

#include "mirror_parts.h"
#include "sys/timing.h"

#define INTERVAL (300 * USEC_PER_SEC) /* between two audits */
#define STEP (100 * USEC_PER_MSEC)
#define NODES_PER_STEP 2

static void audit_node(struct node *n)
{
	if (n->dead || n->data_unreadable || n->kids_unreadable)
		return; /* these are read again anyway */
	mirror_want(n, n->pin >= 0 && !n->znode ? ITEM_EXISTS : ITEM_DATA);
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

/* Returns whether there is more. */
static bool audit_step(struct mirror *m)
{
	struct node *n = m->audited ? node_after(m->top, m->audited) : m->top;

	for (unsigned i = 0; n && i < NODES_PER_STEP; n = node_after(m->top, n->path)) {
		i += n->levels >= 0;
		audit_node(n);
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
	else if (audit_step(m))
		timing_arm(m->audit, STEP);
	else
		mirror_plan_audit(m);
	return 0;
}

/* Data past a limit is read again when there is room for it. A change of it is an event. */
static bool may_read_data(const struct node *n)
{
	if (n->data_unreadable < UNREADABLE_SIZE)
		return n->data_unreadable != READABLE;
	return mirror_check_data(n, n->refused) == READABLE;
}

int mirror_on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct mirror *m = ctx;
	struct node *n;

	TAILQ_FOREACH(n, &m->unreadable.nodes, unreadable)
	mirror_want(n, (may_read_data(n) ? ITEM_DATA : 0U) | (n->kids_unreadable ? ITEM_KIDS : 0U));
	unreadable_plan_retry(&m->unreadable);
	mirror_feed(m);
	return 0;
}
