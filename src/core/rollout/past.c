/* The past: verdicts. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/plan.h>

#include "past.h"

void past_fini(struct past *p)
{
	watermark_fini(&p->mark);
	free(p->back.message);
	free(p->plan);
	*p = (struct past){ 0 };
}

static bool is_same(const char *a, const char *b)
{
	return *a && strcmp(a, b) == 0;
}

static bool has_same_config(const struct past *p, const struct watermark *now)
{
	if (is_same(p->mark.revision, now->revision))
		return true;
	return p->back.on && is_same(p->accepted, now->revision) &&
	       !is_same(p->back.revision, now->revision);
}

enum past_verdict past_judge(const struct past_question *q, struct past_answer *out)
{
	const struct past *p = q->past;
	bool confirmed, older;

	*out = (struct past_answer){ .arena = arena_new() };
	confirmed = confirmation_covers(out->arena, q->tree, q->places, &p->mark, q->now,
					&out->confirmation, &out->confirmed);
	older = watermark_is_older(&p->mark, q->now, q->places, q->unreadable, q->evidence,
				   &out->finding);
	if (!older && !p->back.on)
		return PAST_CONTINUES;
	if (confirmed)
		return PAST_CONFIRMED;
	if (!older && watermark_shows(&p->mark, q->now, p->back.shared))
		return PAST_RETURNED;
	return has_same_config(p, q->now) ? PAST_SAME : PAST_OLDER;
}

static bool is_plan_older(const struct past_question *q, const struct znode *z)
{
	const struct watermark_znode *k = watermark_find(&q->past->mark, z->path);

	return k && (z->mzxid < k->mzxid || z->czxid < k->czxid || z->ctime != k->ctime ||
		     (z->mzxid == k->mzxid && z->mtime != k->mtime));
}

/* Does the known plan permit this revision to every host, or may it since have accepted it? The
 * hosts that run a revision on trial must not go back to what was accepted before. */
static bool is_permitted_to_all(const struct past_question *q, struct arena *a,
				const char *revision)
{
	const char *text = q->past->plan, *why;
	struct plan known;

	if (text && plan_parse(a, text, strlen(text), &known, &why) && plan_is_moving(&known))
		return is_same(known.target.revision, revision) &&
		       is_same(q->now->revision, revision);
	return is_same(q->past->accepted, revision);
}

/* It moves no host back. */
static bool is_harmless(const struct past_question *q, struct arena *a, const struct znode *z)
{
	const char *why;
	struct plan plan;

	return plan_parse(a, z->data, z->size, &plan, &why) && !plan_is_moving(&plan) &&
	       is_permitted_to_all(q, a, plan.accepted.revision);
}

int64_t past_stale_plan(const struct past_question *q, const struct past_answer *answer)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct znode *z =
		tree_find(q->tree, watermark_root_path(a, q->places, WATERMARK_PLAN));

	if (!z || !is_plan_older(q, z) || is_harmless(q, a, z))
		return 0;
	return answer->confirmation.time && z->mzxid > answer->confirmed ? 0 : z->mzxid;
}

char *past_describe(const struct watermark_finding *f)
{
	if (!f->path)
		return xstrdup("its transactions are not those that this host has seen");
	if (!f->found)
		return xasprintf("%s, last changed by transaction 0x%llx, does not exist any more, "
				 "and no later transaction has deleted it",
				 f->path, (unsigned long long)f->expected);
	if (f->same_number)
		return xasprintf("transaction 0x%llx of %s is another one than this host has seen",
				 (unsigned long long)f->expected, f->path);
	return xasprintf("%s was at transaction 0x%llx and is now at transaction 0x%llx, which is "
			 "older",
			 f->path, (unsigned long long)f->expected, (unsigned long long)f->found);
}
