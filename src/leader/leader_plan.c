/*
 * A request with something below it cannot be deleted. It is answered all the same, and then left
 * alone: only an operator may say what else is to be deleted.
 */
#include <stdlib.h>
#include <string.h>

#include "leader_plan.h"

#define OPS_MOST 3 /* the plan, the request, the outcome */

void leader_plan_init(struct leader_plan *p, struct leader_context *c)
{
	*p = (struct leader_plan){ .c = c };
}

void leader_plan_clear(struct leader_plan *p)
{
	write_record_clear(&p->writes);
	p->request = p->undeletable = p->answered = 0;
}

const struct znode *leader_plan_request(const struct leader_plan *p, const struct leader_view *v)
{
	return v->request && v->request->czxid != p->answered ? v->request : NULL;
}

uint64_t leader_plan_due(const struct leader_plan *p, const struct rollout_decision *d,
			 uint64_t now)
{
	if (!d->changed)
		return NEVER;
	return p->writes.due > now ? p->writes.due : now;
}

static void on_plan(void *plan, const struct session_reply *r)
{
	struct leader_plan *p = plan;

	if (r->rc == SESSION_NOT_EMPTY)
		p->undeletable = p->request;
	else if (r->rc == SESSION_OK && p->request && p->request == p->undeletable)
		p->answered = p->request;
}

static void log_plan(const struct plan *before, const struct plan *p)
{
	if (before && before->phase == p->phase && before->step == p->step)
		return;
	log_notice("plan: %s%s, accepted %.12s, target %.12s, step %u, %zu host%s%s%s",
		   plan_phase_name(p->phase), p->paused ? " (paused)" : "",
		   *p->accepted.revision ? p->accepted.revision : "none",
		   *p->target.revision ? p->target.revision : "none", p->step, p->host_count,
		   PLURAL(p->host_count), *p->failure.message ? ": " : "", p->failure.message);
}

static size_t put_plan(const char *path, const struct leader_view *v, const struct buf *text,
		       struct session_op *op)
{
	const struct znode *there = v->plan_znode;

	*op = (struct session_op){
		.kind = there ? OP_SET : OP_CREATE,
		.path = path,
		.data = text->data,
		.size = text->size,
		.version = there ? there->version : 0,
	};
	return 1;
}

static size_t put_request(struct leader_plan *p, const struct leader_view *v, bool consumed,
			  struct session_op *op)
{
	p->request = consumed && v->request ? v->request->czxid : 0;
	if (!p->request || p->request == p->undeletable)
		return 0;
	*op = (struct session_op){ .kind = OP_DELETE,
				   .path = v->request->path,
				   .version = v->request->version };
	return 1;
}

static size_t put_outcome(const struct leader_plan *p, const struct leader_view *v,
			  const struct rollout_decision *d, struct buf *text, struct session_op *op)
{
	const struct history_entry *entry = leader_entry(v, d->outcome_of);
	struct history_entry ended;

	if (!entry)
		return 0;
	ended = *entry;
	ended.outcome = d->outcome;
	ended.reason = d->next.failure.message;
	history_entry_print(&ended, text);
	*op = (struct session_op){
		.kind = OP_SET,
		.path = history_path(v->arena, p->c->settings->zookeeper.cluster, ended.seq),
		.data = text->data,
		.size = text->size,
		.version = -1,
	};
	return 1;
}

void leader_plan_begin(struct leader_plan *p, const struct leader_view *v,
		       const struct rollout_decision *d)
{
	const char *path =
		cluster_path(v->arena, p->c->settings->zookeeper.cluster, CLUSTER_PLAN, NULL);
	CLEANUP(buf_fini) struct buf plan = BUF_INIT;
	CLEANUP(buf_fini) struct buf outcome = BUF_INIT;
	struct session_op ops[OPS_MOST];
	size_t count;

	plan_print(&d->next, &plan);
	count = put_plan(path, v, &plan, &ops[0]);
	count += put_request(p, v, d->consumed, &ops[count]);
	count += put_outcome(p, v, d, &outcome, &ops[count]);
	log_plan(v->has_plan ? &v->plan : NULL, &d->next);
	writer_write(&p->c->writer, &p->writes, path, ops, count, on_plan, p);
}
