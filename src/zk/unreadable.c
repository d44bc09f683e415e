/* Nodes that cannot be read; the header says what becomes of them. */
#include "mirror_parts.h"
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
	if (n->znode)
		return "what was last read of it stays in force";
	return u->command ? "what it holds is unknown"
			  : "it has not been readable since zknginxd started";
}

bool unreadable_has(const struct unreadable *u, enum unreadable_reason reason)
{
	const struct node *n;

	TAILQ_FOREACH(n, &u->nodes, unreadable)
	{
		if (n->data_unreadable == reason)
			return true;
	}
	return false;
}

/* "256 KB", "1 MB" */
static void put_size(size_t size, struct buf *out)
{
	if (size % ((size_t)1 << 20) == 0)
		buf_printf(out, "%zu MB", size >> 20);
	else
		buf_printf(out, "%zu KB", size >> 10);
}

static void put_reason(const struct unreadable *u, const struct node *n,
		       enum unreadable_reason reason, const char *all, struct buf *out)
{
	static const char *const found[UNREADABLE_N] = {
		[UNREADABLE_FAILED] = "the server cannot read this znode",
		[UNREADABLE_CHILDREN] = "the znode has more than 200,000 children",
		[UNREADABLE_NODES] = "its children make more than 400,000 znodes",
	};

	if (reason == UNREADABLE_DENIED) {
		buf_printf(out, "%s has no permission to read this znode%s",
			   u->command ?: "zknginxd",
			   u->command ? " (credentials: zookeeper.auth_file)" : "");
	} else if (reason == UNREADABLE_SIZE) {
		buf_puts(out, "the znode has more than ");
		put_size(mirror_data_most(n), out);
		buf_puts(out, " of data");
	} else {
		buf_puts(out, found[reason] ?: all);
	}
}

static void describe(const struct unreadable *u, const struct node *n,
		     enum unreadable_reason reason, const char *all, struct problems *ps)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct problem *p;

	put_reason(u, n, reason, all, &text);
	p = problems_add(ps, n->path, PROBLEM_ACCESS, NULL, "%s; %s", buf_str(&text),
			 instead(u, n));
	p->serving = n->znode ? SERVING_PREVIOUS : SERVING_ABSENT;
}

void unreadable_problems(const struct unreadable *u, const char *all, struct problems *ps)
{
	const struct node *n;

	TAILQ_FOREACH(n, &u->nodes, unreadable)
	describe(u, n,
		 n->data_unreadable > n->kids_unreadable ? n->data_unreadable : n->kids_unreadable,
		 all, ps);
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
