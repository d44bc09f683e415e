/* Nodes that cannot be read; the header says what becomes of them. */
#include "unreadable.h"
#include "sys/timing.h"

#define FIRST_RETRY (5 * USEC_PER_SEC)
#define LAST_RETRY (60 * USEC_PER_SEC)

static void arm_retry(struct unreadable *u)
{
	u->is_planned = !TAILQ_EMPTY(&u->nodes);
	if (u->is_planned)
		timing_arm(u->retry, timing_jitter(u->pause, 25));
}

void unreadable_plan_retry(struct unreadable *u)
{
	u->pause = u->pause < LAST_RETRY / 2 ? 2 * u->pause : LAST_RETRY;
	arm_retry(u);
}

static unsigned char *reason_of(struct node *n, enum item item)
{
	return item == ITEM_KIDS ? &n->kids_unreadable : &n->data_unreadable;
}

static bool is_unreadable(const struct node *n)
{
	return n->data_unreadable != READABLE || n->kids_unreadable != READABLE;
}

bool unreadable_set(struct unreadable *u, struct node *n, enum item item,
		    enum unreadable_reason reason)
{
	unsigned char *current = reason_of(n, item);
	bool before = is_unreadable(n);

	if (*current == reason)
		return false;
	*current = (unsigned char)reason;
	if (!before)
		TAILQ_INSERT_TAIL(&u->nodes, n, unreadable);
	else if (!is_unreadable(n))
		TAILQ_REMOVE(&u->nodes, n, unreadable);
	u->pause = FIRST_RETRY;
	if (!u->is_planned)
		arm_retry(u);
	return true;
}

/* --- problems -------------------------------------------------------------------------------- */

static const char *instead(const struct unreadable *u, const struct node *n)
{
	if (n->present)
		return "what was last read of it stays in force";
	return u->command ? "what it holds is unknown"
			  : "it has not been readable since zknginxd started";
}

static void describe(const struct unreadable *u, const struct node *n,
		     enum unreadable_reason reason, struct problems *ps)
{
	static const char *const found[UNREADABLE_N] = {
		[UNREADABLE_DENIED] = "has no permission to read this znode",
		[UNREADABLE_FAILED] = "the server cannot read this znode",
		[UNREADABLE_SIZE] = "the znode has more than 1 MB of data",
		[UNREADABLE_CHILDREN] = "the znode has more than 200,000 children",
		[UNREADABLE_NODES] = "its children make more than 400,000 znodes",
		[UNREADABLE_BYTES] = "its data makes more than 256 MB in all",
	};
	const bool denied = reason == UNREADABLE_DENIED;
	const char *who = u->command ?: "zknginxd";
	struct problem *p;

	p = problems_add(ps, n->path, PROBLEM_ACCESS, NULL, "%s%s%s%s; %s", denied ? who : "",
			 denied ? " " : "", found[reason],
			 denied && u->command ? " (credentials: zookeeper.auth_file)" : "",
			 instead(u, n));
	p->serving = n->present ? SERVING_PREVIOUS : SERVING_ABSENT;
}

void unreadable_problems(const struct unreadable *u, struct problems *ps)
{
	const struct node *n;

	TAILQ_FOREACH(n, &u->nodes, unreadable)
	describe(u, n,
		 n->data_unreadable > n->kids_unreadable ? n->data_unreadable : n->kids_unreadable,
		 ps);
}

/* --- life ------------------------------------------------------------------------------------ */

void unreadable_init(struct unreadable *u, sd_event *loop, sd_event_time_handler_t on_retry,
		     void *ctx)
{
	TAILQ_INIT(&u->nodes);
	u->retry = timing_new(loop, on_retry, ctx);
}

void unreadable_fini(struct unreadable *u)
{
	sd_event_source_disable_unref(u->retry);
}
