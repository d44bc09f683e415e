/* The view and the facts, as core/rollout reads them. */
#include <string.h>

#include "core/data/layout.h"
#include "core/fleet/signature.h"
#include "leader_decide.h"

/* A leader that ended between the history and the plan has left it there. */
static unsigned long find_stored(void *view, const char *revision)
{
	const struct leader_view *v = view;
	const struct history_entry *last = v->entry_count ? &v->entries[v->entry_count - 1] : NULL;

	return last && strcmp(last->revision, revision) == 0 && last->outcome == OUTCOME_PENDING
		       ? last->seq
		       : 0;
}

static unsigned long find_prefix(void *view, const char *prefix, const char **revision,
				 const char **why)
{
	return leader_find(view, prefix, revision, why);
}

/* Hosts with trust.require would refuse a rollback without a signature of now, after it has
 * replaced the config. NULL: there is nothing to say against it. */
static const char *refuse_unsigned(const struct leader_context *c, const struct leader_view *v,
				   const struct request *r)
{
	const struct trust_settings *t = &c->settings->trust;
	const struct signature_scope scope = { t->fleet, c->settings->zookeeper.config };
	struct signing_keys keys = signing_keys_parse(v->arena, t->keys);
	const char *revision, *unused;
	struct signature_verdict verdict;
	struct config_note note;

	if (r->action != REQUEST_ROLLBACK || t->require == TRUST_OFF ||
	    !leader_find(v, r->revision, &revision, &unused))
		return NULL;
	config_note_parse(v->arena, r->root, strlen(r->root), &note);
	verdict = signature_check(&(struct signature_question){
		.keys = &keys, .scope = &scope, .note = &note, .revision = revision });
	if (verdict.result == SIGNATURE_GOOD)
		return NULL;
	return arena_printf(
		v->arena,
		"trust.require is \"%s\", and the rollback is not signed as the hosts ask "
		"for: %s; \"zknginxctl rollback --sign KEY\" signs it",
		trust_mode_name(t->require), signature_explain(v->arena, &verdict));
}

static void read_request(const struct leader_context *c, const struct leader_view *v,
			 const struct znode *z, struct request *request, struct rollout_input *in)
{
	const char *why = NULL;

	if (!z)
		return;
	if (request_parse(v->arena, z->data, z->size, request, &why))
		why = refuse_unsigned(c, v, request);
	if (!why)
		in->request = request;
	else
		in->request_error = why;
}

/* What this host's nginx runs, where its content is at hand to go into the history, and the history
 * has not recorded it as something that was only tried. */
static const char *running(const struct leader_facts *f, const struct leader_view *v)
{
	const char *revision, *why;

	if (strcmp(f->stored_revision, f->applied) != 0 ||
	    (*f->applied && leader_find(v, f->applied, &revision, &why)))
		return "";
	return f->applied;
}

static struct plan_revision recorded(const struct leader_view *v)
{
	for (size_t i = v->entry_count; i > 0; i--) {
		const struct history_entry *h = &v->entries[i - 1];

		if (h->outcome == OUTCOME_ACCEPTED)
			return (struct plan_revision){ h->revision, h->seq };
	}
	return (struct plan_revision){ .revision = "" };
}

/*
 * After history went back, the records are older than what the fleet runs. The plan that was
 * followed before goes on, so that no host goes back because a copy was restored; what ZooKeeper
 * has now is rolled out from there. "running" is stored in the history, where that has lost it.
 */
static void keep_lost(const struct leader_facts *f, struct leader_view *v, struct plan *lost,
		      struct rollout_input *in)
{
	const char *revision, *why;
	bool is_stored, at_hand = strcmp(f->stored_revision, f->accepted) == 0;

	if (!plan_parse(v->arena, f->plan, strlen(f->plan), lost, &why))
		*lost = (struct plan){ .accepted.revision = f->accepted };
	is_stored = *f->accepted && leader_find(v, f->accepted, &revision, &why);
	in->running = !is_stored && at_hand ? f->accepted : "";
	in->lost = lost;
}

/* Hosts that have seen more than this one ignored the plan when an older history was confirmed. The
 * same plan, written after the confirmation, is followed. */
static bool is_before_confirmation(const struct leader_context *c, const struct leader_view *v)
{
	const char *path =
		cluster_path(v->arena, c->settings->zookeeper.cluster, CLUSTER_CONFIRMED, NULL);
	const struct znode *z = tree_find(c->facts.tree, path);

	return v->has_plan && z && z->mzxid > v->plan_znode->mzxid;
}

static bool is_run_by_a_member(const struct leader_view *v, const char *revision)
{
	for (size_t i = 0; i < v->member_count; i++) {
		if (strcmp(v->members[i].revision, revision) == 0)
			return true;
	}
	return false;
}

/* "": unknown, or not to be accepted yet. In mode "all" no host follows the plan, and the newest
 * revision is accepted as soon as one host runs it. What is being published is only to be seen. */
static const char *newest(const struct leader_facts *f, const struct leader_view *v,
			  enum rollout_mode mode)
{
	bool waits_for_member = mode == ROLLOUT_ALL && !leader_is_publishing(v);

	if (!f->known || (waits_for_member && !is_run_by_a_member(v, f->newest)))
		return "";
	return f->newest;
}

void leader_decide(const struct leader_context *c, struct leader_view *v,
		   const struct leader_question *q, struct rollout_decision *out)
{
	const struct leader_facts *f = &c->facts;
	struct rollout_rules rules = leader_rules(c->settings, v);
	struct request request;
	struct plan lost;
	struct rollout_input in = {
		.rules = &rules,
		.plan = v->has_plan ? &v->plan : NULL,
		.members = v->members,
		.member_count = v->member_count,
		.newest = newest(f, v, rules.mode),
		.recorded = recorded(v),
		.running = running(f, v),
		.stored = find_stored,
		.find = find_prefix,
		.ctx = v,
		.now = q->now,
		.wall = v->wall,
		.leader = c->host,
		.publish_error = q->publish_error,
	};

	if (v->plan_is_stale)
		keep_lost(f, v, &lost, &in);
	read_request(c, v, q->request, &request, &in);
	rollout_next(q->rollout, v->arena, &in, out);
	if (!out->store && !out->changed && is_before_confirmation(c, v)) {
		out->changed = true;
		out->next = v->plan;
		out->due = NEVER;
	}
}
