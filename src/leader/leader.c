/*
 * The leader's work, from the election to the resignation.
 *
 * While it leads, a daemon mirrors the fleet's znodes (a third session, on one host of the fleet
 * alone), and takes a turn whenever something has changed or is due. What is to be done is decided
 * by core/rollout; it is done here in steps, one at a time, each a fenced transaction or a series
 * of them. After every write the leader waits until its mirror has seen it: so every decision is
 * made of one settled snapshot that contains all that this leader wrote, and nothing has to be
 * remembered beside it. The next leader begins from the same znodes.
 */
#include <stdlib.h>

#include "leader_archive.h"
#include "leader_decide.h"
#include "leader_live.h"
#include "leader_plan.h"
#include "leader_publish.h"
#include "leader_watch.h"
#include "zk/mirror.h"

#define RETRY USEC_PER_SEC

struct leader {
	struct leader_context c;
	struct leader_ops ops;
	void *ctx;
	struct mirror *mirror; /* of the fleet's znodes; NULL: this host does not lead */
	struct tree *tree;
	struct rollout *rollout;
	struct leader_commands commands;
	struct leader_watch watch;
	struct leader_plan plan;
	struct leader_live live;
	struct leader_archive archive;
	struct leader_publish publish;
	sd_event_source *timer; /* the next turn … */
	uint64_t turn_at;       /* … at the latest; NEVER = it is off */
};

/* What one turn has found, and decided on. */
struct turn {
	struct leader *l;
	struct leader_view v;
	struct rollout_decision d;
	struct rollout_decision moved; /* the plan, with the place of the accepted revision */
	uint64_t now;
};

/* --- the steps ------------------------------------------------------------------------------- */

static uint64_t publish_due(const struct turn *t)
{
	return leader_publish_due(&t->l->publish, t->d.rollback, t->now);
}

static void publish_begin(struct turn *t)
{
	leader_publish_begin(&t->l->publish, &t->v, t->d.rollback);
}

static uint64_t live_due(const struct turn *t)
{
	return leader_live_due(&t->l->live, &t->v, t->now);
}

static void live_begin(struct turn *t)
{
	leader_live_begin(&t->l->live, &t->v);
}

static uint64_t store_due(const struct turn *t)
{
	return leader_store_due(&t->l->archive, t->d.store, t->now);
}

static void store_begin(struct turn *t)
{
	leader_store_begin(&t->l->archive, &t->v, t->d.store);
}

static uint64_t plan_due(const struct turn *t)
{
	return leader_plan_due(&t->l->plan, &t->d, t->now);
}

static void plan_begin(struct turn *t)
{
	leader_plan_begin(&t->l->plan, &t->v, &t->d);
}

/* The rest has time until the plan has nothing more to say. */
static bool is_quiet(const struct turn *t)
{
	return !t->d.store && !t->d.changed && !t->d.rollback;
}

static uint64_t restore_due(const struct turn *t)
{
	return is_quiet(t) ? leader_store_due(&t->l->archive,
					      leader_accepted_lost(&t->l->archive, &t->v), t->now)
			   : NEVER;
}

static void restore_begin(struct turn *t)
{
	leader_store_begin(&t->l->archive, &t->v, leader_accepted_lost(&t->l->archive, &t->v));
}

static uint64_t moved_due(const struct turn *t)
{
	return is_quiet(t) ? leader_plan_due(&t->l->plan, &t->moved, t->now) : NEVER;
}

static void moved_begin(struct turn *t)
{
	leader_plan_begin(&t->l->plan, &t->v, &t->moved);
}

static uint64_t prune_due(const struct turn *t)
{
	return is_quiet(t) ? leader_prune_due(&t->l->archive, &t->v, t->now) : NEVER;
}

static void prune_begin(struct turn *t)
{
	leader_prune_begin(&t->l->archive, &t->v);
}

/*
 * due() says when there is something to begin, and changes nothing: now or earlier = at once,
 * NEVER = there is nothing. begin() begins one write, read or job with the writer, which is not
 * free again before the mirror has seen what was written. Of the steps that are due, a turn begins
 * the first.
 */
static const struct step {
	const char *name;
	uint64_t (*due)(const struct turn *t);
	void (*begin)(struct turn *t);
} steps[] = {
	{ "publish an old revision", publish_due, publish_begin },
	{ "write the live list", live_due, live_begin },
	{ "store a revision", store_due, store_begin },
	{ "write the plan", plan_due, plan_begin },
	{ "store the accepted revision again", restore_due, restore_begin },
	{ "name the entry of the accepted revision", moved_due, moved_begin },
	{ "prune the history", prune_due, prune_begin },
};

static void turn_later(struct leader *l, uint64_t when)
{
	uint64_t limit = timing_now() + LEADER_PATROL;

	if (when > limit)
		when = limit;
	if (when >= l->turn_at)
		return;
	l->turn_at = when;
	timing_at(l->timer, when);
}

static void begin_first_due(struct turn *t)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		uint64_t due = steps[i].due(t);

		if (due > t->now) {
			turn_later(t->l, due);
			continue;
		}
		log_debug("leader: %s", steps[i].name);
		steps[i].begin(t);
		if (writer_is_free(&t->l->c.writer))
			turn_later(t->l, t->now + RETRY); /* there was nothing to write */
		return;
	}
}

/* --- one turn -------------------------------------------------------------------------------- */

static bool may_act(const struct leader *l)
{
	return l->mirror && l->tree && leader_context_is_current(&l->c, l->tree) &&
	       election_leads(fleet_election(l->c.fleet));
}

static void look(struct turn *t, struct arena *a)
{
	struct leader *l = t->l;

	leader_look(&t->v, a, l->tree, l->c.settings->zookeeper.cluster, timing_wall());
	leader_ignore_plan(&t->v, l->c.facts.stale_plan);
	leader_watch_look(&l->watch, &t->v,
			  &(struct leader_limits){ .plan_error = l->plan.writes.error,
						   .live_error = l->live.writes.error,
						   .mirror = l->mirror });
	l->ops.on_change(l->ctx);
}

static void take_turn(struct leader *l)
{
	CLEANUP(arena_freep) struct arena *a = NULL;
	struct turn t = { .l = l, .now = timing_now() };

	l->turn_at = NEVER; /* each turn says again when the next one is due */
	if (!may_act(l))
		return;
	writer_look(&l->c.writer, l->tree);
	turn_later(l, writer_due(&l->c.writer));
	if (!writer_is_free(&l->c.writer))
		return;
	a = arena_new();
	look(&t, a);
	leader_live_take(&l->live, &t.v);
	if (t.now < l->plan.writes.due) {
		turn_later(l, l->plan.writes.due);
		return;
	}
	if (t.v.plan_znode && !t.v.has_plan && !t.v.plan_is_stale)
		return; /* an invalid plan is neither acted on nor overwritten */
	leader_publish_look(&l->publish, &t.v, t.now);
	leader_decide(&l->c, &t.v,
		      &(struct leader_question){ .rollout = l->rollout,
						 .request = leader_plan_request(&l->plan, &t.v),
						 .publish_error = leader_publish_error(&l->publish),
						 .now = t.now },
		      &t.d);
	leader_accepted_moved(&t.v, &t.moved);
	turn_later(l, t.d.due);
	begin_first_due(&t);
}

static void on_change(void *leader)
{
	take_turn(leader);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *leader)
{
	take_turn(leader);
	return 0;
}

static void on_tree(void *leader, struct tree *tree)
{
	struct leader *l = leader;

	tree_unref(l->tree);
	l->tree = tree_ref(tree);
	take_turn(l);
}

static void on_mirror_state(void *leader UNUSED)
{
}

/* --- elected, resigned ----------------------------------------------------------------------- */

static int open_mirror(struct leader *l, struct err *e)
{
	static const struct mirror_ops ops = { on_tree, on_mirror_state };
	const struct zookeeper_settings *s = &l->c.settings->zookeeper;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct mirror_root roots[] = {
		{ cluster_path(a, s->cluster, CLUSTER_HISTORY, NULL), 1 },
		{ cluster_path(a, s->cluster, CLUSTER_LIVE, NULL), 0 },
		{ cluster_path(a, s->cluster, CLUSTER_MEMBERS, NULL), 1 },
		{ cluster_path(a, s->cluster, CLUSTER_PLAN, NULL), 0 },
		{ cluster_path(a, s->cluster, CLUSTER_REQUEST, NULL), 0 },
	};

	return mirror_new(l->c.loop, "leader", s, roots, ARRAY_SIZE(roots), &ops, l, &l->mirror, e);
}

static void elected(struct leader *l)
{
	struct err e;

	if (open_mirror(l, &e) < 0) {
		log_error("this host is the leader but cannot read %s: %s; every host keeps the "
			  "revision that it runs",
			  l->c.settings->zookeeper.cluster, e.text);
		return;
	}
	l->rollout = rollout_new();
	leader_commands_run(&l->commands, LEADER_ELECTED, "");
}

/* Frees what belongs to one term of office. */
static void end_term(struct leader *l)
{
	writer_stop(&l->c.writer);
	mirror_free(TAKE(l->mirror));
	tree_unref(TAKE(l->tree));
	rollout_free(TAKE(l->rollout));
	leader_plan_clear(&l->plan);
	leader_live_clear(&l->live);
	leader_archive_clear(&l->archive);
	leader_publish_clear(&l->publish);
	leader_watch_clear(&l->watch);
	l->turn_at = NEVER;
	timing_at(l->timer, NEVER);
}

static void resigned(struct leader *l)
{
	end_term(l);
	leader_commands_run(&l->commands, LEADER_RESIGNED, "");
	l->ops.on_change(l->ctx);
}

bool leader_leave(struct leader *l)
{
	if (!l->mirror || !l->c.settings->cluster.on_resigned[0])
		return false;
	l->commands.leaving = true;
	resigned(l);
	return true;
}

/* --- what others tell it --------------------------------------------------------------------- */

void leader_update(struct leader *l, const struct leader_facts *facts)
{
	bool holds = election_holds(fleet_election(l->c.fleet));

	if (l->commands.leaving)
		return;
	leader_context_take(&l->c, facts);
	if (holds && !l->mirror)
		elected(l);
	else if (!holds && l->mirror)
		resigned(l);
	take_turn(l);
}

void leader_use_settings(struct leader *l, const struct settings *settings)
{
	l->c.settings = settings;
	if (l->mirror)
		mirror_audit(l->mirror);
}

bool leader_is_active(const struct leader *l)
{
	return l->mirror;
}

const struct conditions *leader_conditions(const struct leader *l)
{
	return &l->watch.conditions;
}

const struct leader_numbers *leader_numbers(const struct leader *l)
{
	return &l->watch.numbers;
}

unsigned long leader_requests(const struct leader *l)
{
	return l->mirror ? session_requests(mirror_session(l->mirror)) : 0;
}

/* --- life ------------------------------------------------------------------------------------ */

struct leader *leader_new(const struct leader_spec *spec, const struct leader_ops *ops, void *ctx)
{
	static const struct leader_facts none = {
		.newest = "", .stored_revision = "", .applied = "", .accepted = "", .plan = ""
	};
	struct leader *l = xcalloc(1, sizeof(*l));

	*l = (struct leader){ .ops = *ops, .ctx = ctx, .turn_at = NEVER };
	l->c = (struct leader_context){ .loop = spec->loop,
					.settings = spec->settings,
					.host = xstrdup(spec->host),
					.fleet = spec->fleet,
					.on_change = on_change,
					.ctx = l };
	leader_context_take(&l->c, &none);
	writer_init(&l->c.writer, spec->fleet, on_change, l);
	leader_commands_init(&l->commands, &l->c);
	leader_watch_init(&l->watch, &l->c);
	leader_plan_init(&l->plan, &l->c);
	leader_live_init(&l->live, &l->c, &l->commands);
	leader_archive_init(&l->archive, &l->c);
	leader_publish_init(&l->publish, &l->c);
	l->timer = timing_new(spec->loop, on_timer, l);
	return l;
}

void leader_free(struct leader *l)
{
	if (!l)
		return;
	end_term(l);
	leader_commands_fini(&l->commands);
	leader_context_fini(&l->c);
	sd_event_source_disable_unref(l->timer);
	free(l);
}
