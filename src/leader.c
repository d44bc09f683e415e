/*
 * The leader's work, from the election to the resignation.
 *
 * While it leads, a daemon mirrors the fleet's znodes (a third session, on one host of the
 * fleet alone), and takes one step whenever something has changed or is due: what is to be
 * done is core/rollout's to say, done here is one thing at a time, each as a fenced
 * transaction. After every write it waits until the mirror has seen it: so every decision
 * is made of one settled snapshot that holds all that this leader wrote, and nothing has to
 * be remembered beside it. Whoever is elected next begins from the same znodes.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "leader.h"

#define RETRY USEC_PER_SEC

/* --- what was written has to be seen --------------------------------------------------------- */

static void on_written_state(void *daemon, const struct session_reply *r)
{
	struct daemon *d = daemon;
	struct leader *l = &d->leader;

	l->await.asked = false;
	if (!l->await.path)
		return;
	if (r->rc == SESSION_OK || r->rc == SESSION_NO_NODE) {
		l->await.known = true;
		l->await.mzxid = r->rc == SESSION_OK ? r->stat->mzxid : 0;
		leader_step(d);
	} else {
		leader_later(d, now_monotonic() + RETRY);
	}
}

static void ask_what_stands(struct daemon *d)
{
	struct leader *l = &d->leader;

	if (l->await.asked)
		return;
	l->await.asked = true;
	session_exists(fleet_session(d->fleet), l->await.path, false, on_written_state, d);
}

void leader_await(struct daemon *d, const char *path)
{
	struct leader *l = &d->leader;

	free(l->await.path);
	l->await.path = xstrdup(path);
	l->await.known = false;
	ask_what_stands(d);
}

/* Has the mirror seen what was written last? Where it has seen something else since, ask again. */
static bool has_caught_up(struct daemon *d)
{
	struct leader *l = &d->leader;
	const struct znode *z;

	if (!l->await.path)
		return true;
	z = tree_find(l->tree, l->await.path);
	if (l->await.known &&
	    (z ? l->await.mzxid && z->mzxid >= l->await.mzxid : !l->await.mzxid)) {
		free(TAKE(l->await.path));
		return true;
	}
	ask_what_stands(d);
	return false;
}

/* --- one step -------------------------------------------------------------------------------- */

static unsigned long find_stored(void *view, const char *revision)
{
	const struct leader_view *v = view;
	const struct history_entry *last = v->entry_count ? &v->entries[v->entry_count - 1] : NULL;

	/* a leader that died between the history and the plan has left it there */
	return last && strcmp(last->revision, revision) == 0 &&
			       strcmp(last->outcome, "pending") == 0
		       ? last->seq
		       : 0;
}

unsigned long leader_find(const struct leader_view *v, const char *prefix, const char **revision,
			  const char **why)
{
	const struct history_entry *found = NULL;

	for (size_t i = 0; i < v->entry_count; i++) {
		const struct history_entry *h = &v->entries[i];

		if (strncmp(h->revision, prefix, strlen(prefix)) != 0)
			continue;
		if (found && strcmp(found->revision, h->revision) != 0) {
			*why = "several revisions of the history begin like this";
			return 0;
		}
		found = h;
	}
	*why = "the history has no such revision";
	*revision = found ? found->revision : "";
	return found ? found->seq : 0;
}

static unsigned long find_prefix(void *view, const char *prefix, const char **revision,
				 const char **why)
{
	return leader_find(view, prefix, revision, why);
}

static void read_request(const struct leader_view *v, struct request *request,
			 struct rollout_input *in)
{
	const char *why;

	if (!v->request || v->request->czxid == v->answered)
		return;
	if (request_parse(v->arena, v->request->data, v->request->size, request, &why))
		in->request = request;
	else
		in->request_fault = why;
}

/* What its own nginx runs, where the content is at hand to go into the history, and the history has
 * not recorded it as something that was only tried. */
static const char *running(const struct daemon *d, const struct leader_view *v)
{
	const char *revision, *why;

	if (strcmp(d->permission.held, d->applied) != 0 ||
	    (*d->applied && leader_find(v, d->applied, &revision, &why)))
		return "";
	return d->applied;
}

static struct plan_revision recorded(const struct leader_view *v)
{
	for (size_t i = v->entry_count; i > 0; i--) {
		const struct history_entry *h = &v->entries[i - 1];

		if (strcmp(h->outcome, "accepted") == 0)
			return (struct plan_revision){ h->revision, h->seq };
	}
	return (struct plan_revision){ .revision = "" };
}

static bool is_run_by_a_member(const struct leader_view *v, const char *revision)
{
	for (size_t i = 0; i < v->member_count; i++) {
		if (strcmp(v->members[i].revision, revision) == 0)
			return true;
	}
	return false;
}

/* "": not known, or it does not count yet. In mode "all" no host asks the plan, and a revision is
 * accepted at once; but not before a host runs it. */
static const char *newest(const struct daemon *d, const struct leader_view *v,
			  enum rollout_mode mode)
{
	const struct permission *p = &d->permission;

	if (p->wiped || !p->whole ||
	    (mode == ROLLOUT_ALL && !is_run_by_a_member(v, p->newest)))
		return "";
	return p->newest;
}

static void decide(struct daemon *d, struct leader_view *v, struct rollout_decision *out)
{
	struct leader *l = &d->leader;
	struct rollout_rules rules = leader_rules(d->settings, v);
	struct request request;
	struct rollout_input in = {
		.rules = &rules,
		.plan = v->has_plan ? &v->plan : NULL,
		.members = v->members,
		.member_count = v->member_count,
		.newest = newest(d, v, rules.mode),
		.recorded = recorded(v),
		.running = running(d, v),
		.stored = find_stored,
		.find = find_prefix,
		.ctx = v,
		.now = now_monotonic(),
		.wall = v->wall,
		.leader = d->host,
		.publish_failed = l->publish_failed,
		.publish_message = l->publish_message,
	};

	read_request(v, &request, &in);
	rollout_next(l->rollout, v->arena, &in, out);
}

static void act(struct daemon *d, const struct leader_view *v, const struct rollout_decision *out)
{
	leader_later(d, out->due);
	if (out->rollback) /* asked for once */
		leader_publish(d, v, out->rollback);
	else if (leader_write_live(d, v))
		return;
	else if (out->store)
		leader_store(d, v, out->store);
	else if (out->changed)
		leader_write_plan(d, v, out);
	else if (!leader_mend_history(d, v))
		leader_prune(d, v);
}

void leader_step(struct daemon *d)
{
	struct leader *l = &d->leader;
	CLEANUP(arena_freep) struct arena *a = NULL;
	struct rollout_decision out = { .due = NEVER };
	struct leader_view v;

	l->step_at = NEVER; /* each step says anew when the next one is due */
	if (!l->mirror || !l->tree || !d->tree || l->writing || l->job ||
	    !election_leads(fleet_election(d->fleet)) || !has_caught_up(d))
		return;
	a = arena_new();
	leader_look(d, a, &v);
	leader_watch(d, &v);
	if (now_monotonic() < l->plan_writes.due) {
		leader_later(d, l->plan_writes.due);
		return;
	}
	if (v.plan_znode && !v.has_plan)
		return; /* what it says is not known: nothing is built on it, nor written over it */
	leader_check_published(d, &v);
	if (leader_publish_again(d, &v))
		return;
	decide(d, &v, &out);
	act(d, &v, &out);
}

/* --- when ------------------------------------------------------------------------------------ */

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	leader_step(userdata);
	return 0;
}

void leader_later(struct daemon *d, uint64_t when)
{
	struct leader *l = &d->leader;
	uint64_t limit = now_monotonic() + LEADER_PATROL;

	if (when > limit)
		when = limit;
	if (when >= l->step_at)
		return;
	l->step_at = when;
	timing_at(l->timer, when);
}

static void on_tree(void *daemon, struct tree *tree)
{
	struct daemon *d = daemon;

	tree_unref(d->leader.tree);
	d->leader.tree = tree_ref(tree);
	leader_step(d);
}

static void on_mirror_state(void *daemon UNUSED)
{
}

/* --- elected, resigned ----------------------------------------------------------------------- */

static void elected(struct daemon *d)
{
	static const struct mirror_ops ops = { on_tree, on_mirror_state };
	struct leader *l = &d->leader;
	const char *cluster = d->settings->zookeeper.cluster;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct mirror_root roots[] = {
		{ arena_printf(a, "%s/history", cluster), 1 },
		{ arena_printf(a, "%s/live", cluster), 0 },
		{ arena_printf(a, "%s/members", cluster), 1 },
		{ arena_printf(a, "%s/plan", cluster), 0 },
		{ arena_printf(a, "%s/request", cluster), 0 },
	};
	struct err e;

	if (mirror_new(d->loop, "fleet", &d->settings->zookeeper, roots, ARRAY_SIZE(roots), &ops, d,
		       &l->mirror, &e) < 0) {
		log_error("the fleet cannot be watched: %s", e.text);
		return;
	}
	l->rollout = rollout_new();
	leader_tell(d, "elected");
}

static void resigned(struct daemon *d)
{
	leader_drop(d);
	leader_tell(d, "resigned");
}

void leader_drop(struct daemon *d)
{
	struct leader *l = &d->leader;

	history_job_free(TAKE(l->job));
	mirror_free(TAKE(l->mirror));
	tree_unref(TAKE(l->tree));
	if (l->rollout)
		rollout_free(TAKE(l->rollout));
	free(TAKE(l->await.path));
	free(TAKE(l->publish_message));
	free(TAKE(l->live));
	free(TAKE(l->plan_writes.fault));
	free(TAKE(l->live_writes.fault));
	l->plan_writes = l->live_writes = (struct leader_writes){ 0 };
	l->request = l->undeletable = l->answered = 0;
	l->publish_failed = false;
	l->published = 0;
	leader_unwatch(d);
	timing_at(l->timer, NEVER);
}

bool leader_leave(struct daemon *d)
{
	if (!d->leader.mirror || !d->settings->cluster.on_resigned[0])
		return false;
	d->leader.leaving = true;
	resigned(d);
	return true;
}

void leader_update(struct daemon *d)
{
	bool holds = d->fleet && election_holds(fleet_election(d->fleet));

	if (d->leader.leaving)
		return;
	if (holds && !d->leader.mirror)
		elected(d);
	else if (!holds && d->leader.mirror)
		resigned(d);
	leader_step(d);
}

void leader_init(struct daemon *d)
{
	d->leader.timer = timing_new(d->loop, on_timer, d);
	d->leader.step_at = NEVER;
	d->leader.hooks = hooks_new(d->loop);
}

void leader_fini(struct daemon *d)
{
	if (!d->leader.timer)
		return;
	leader_drop(d);
	hooks_free(TAKE(d->leader.hooks));
	free(TAKE(d->leader.written));
	free(TAKE(d->leader.live));
	d->leader.timer = sd_event_source_unref(d->leader.timer);
}
