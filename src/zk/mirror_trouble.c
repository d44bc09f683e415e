/*
 * What cannot be read: kept as it was read last, told as a problem, and tried again on a
 * slow timer, because a changed ACL fires no watch, and some servers grant no watch at all on
 * what may not be read. Past a limit no tree is published at
 * all: half a tree is not to be taken for the whole.
 */
#include "mirror_parts.h"
#include "sys/timing.h"

#define FIRST_RETRY (5 * USEC_PER_SEC)
#define LAST_RETRY (60 * USEC_PER_SEC)

static void arm_retry(struct mirror *m)
{
	timing_arm(m->retry, timing_jitter(m->retry_pause, 25));
}

static unsigned char *trouble_of(struct node *n, enum item item)
{
	return item == ITEM_KIDS ? &n->kids_trouble : &n->data_trouble;
}

static bool has_trouble(const struct node *n)
{
	return n->data_trouble != TROUBLE_NONE || n->kids_trouble != TROUBLE_NONE;
}

void mirror_set_trouble(struct node *n, enum item item, enum trouble t)
{
	struct mirror *m = n->mirror;
	unsigned char *held = trouble_of(n, item);
	bool had = has_trouble(n);

	if (*held == t)
		return;
	*held = (unsigned char)t;
	if (!had)
		TAILQ_INSERT_TAIL(&m->troubled, n, troubled);
	else if (!has_trouble(n))
		TAILQ_REMOVE(&m->troubled, n, troubled);
	m->tell = true;
	mirror_poke(m);
	m->retry_pause = FIRST_RETRY;
	if (!m->retry_armed && !TAILQ_EMPTY(&m->troubled))
		arm_retry(m);
	m->retry_armed = m->retry_armed || !TAILQ_EMPTY(&m->troubled);
}

void mirror_clear_troubles(struct node *n)
{
	mirror_set_trouble(n, ITEM_DATA, TROUBLE_NONE);
	mirror_set_trouble(n, ITEM_KIDS, TROUBLE_NONE);
}

int mirror_on_retry(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *ctx)
{
	struct mirror *m = ctx;
	struct node *n;

	TAILQ_FOREACH(n, &m->troubled, troubled)
	mirror_want(n, (n->data_trouble ? ITEM_DATA : 0U) | (n->kids_trouble ? ITEM_KIDS : 0U));
	m->retry_pause = m->retry_pause < LAST_RETRY / 2 ? 2 * m->retry_pause : LAST_RETRY;
	m->retry_armed = !TAILQ_EMPTY(&m->troubled);
	if (m->retry_armed)
		arm_retry(m);
	mirror_feed(m);
	return 0;
}

static void describe(const struct node *n, enum trouble t, struct problems *ps)
{
	static const char *const found[TROUBLE_N] = {
		[TROUBLE_DENIED] = "the daemon has no permission to read it",
		[TROUBLE_FAILED] = "the server cannot read it",
		[TROUBLE_SIZE] = "it holds more than 1 MB",
		[TROUBLE_CHILDREN] = "it has more than 200,000 children",
		[TROUBLE_NODES] = "with its children there would be more than 400,000 znodes",
		[TROUBLE_BYTES] = "with its data there would be more than 256 MB",
	};
	const char *instead = n->present ? "what was last read of it is served"
					 : "it was not readable since the daemon started";
	struct problem *p;

	p = problems_add(ps, n->path, PROBLEM_ACCESS, NULL, "%s; %s", found[t], instead);
	p->serving = n->present ? SERVING_PREVIOUS : SERVING_ABSENT;
}

void mirror_problems(const struct mirror *m, struct problems *ps)
{
	const struct node *n;

	TAILQ_FOREACH(n, &m->troubled, troubled)
	describe(n, n->data_trouble > n->kids_trouble ? n->data_trouble : n->kids_trouble, ps);
}
