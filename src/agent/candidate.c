/* The candidate of a run: which tree, which model, which files. */
#include <string.h>

#include "candidate.h"
#include "core/compose/compose.h"
#include "core/render/render.h"
#include "nginx/nginx_trusted_ca.h"
#include "sys/timing.h"

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What this host may run of the newest tree; returns when to choose again. What could not be read
 * is filled in there. */
static uint64_t choose_tree(struct agent *a)
{
	size_t first = a->problems.count;
	struct choice_result choice;
	struct permission_facts facts;

	permission_facts(a->permission, &facts);
	mirror_problems(a->mirror, &a->problems);
	for (size_t i = first; i < a->problems.count; i++) {
		struct problem *p = &a->problems.items[i];

		if (tree_has_within(facts.newest, p->znode))
			p->serving = SERVING_PREVIOUS;
	}
	permission_choose(a->permission, &a->running, stage_live_revision(a->stage), &a->problems,
			  &choice);
	a->attempt.tree = choice.tree;
	a->attempt.newest = tree_ref(facts.newest);
	memcpy(a->attempt.revision, choice.revision, sizeof(choice.revision));
	return choice.due;
}

struct tree *candidate_newest(const struct agent *a)
{
	struct permission_facts facts;

	permission_facts(a->permission, &facts);
	return facts.newest;
}

/* Before the model is made, because the guards and the drains are part of it; returns when to read
 * them again. */
static uint64_t read_overrides(struct agent *a)
{
	return overrides_read(a->overrides, candidate_newest(a), a->settings->zookeeper.cluster,
			      timing_now(), timing_wall());
}

/* The newest tree may have upstreams that this host may not run yet, so its overrides are compared
 * with both. */
static void add_override_problems(struct agent *a)
{
	overrides_problems(a->overrides, candidate_newest(a), a->settings->zookeeper.config,
			   a->attempt.model, &a->problems);
	problems_sort(&a->problems);
}

static uint64_t confirmed_at(void *agent, const char *upstream)
{
	const struct agent *a = agent;

	return overrides_confirmed(a->overrides, upstream);
}

static struct model *compose_tree(struct agent *a, const struct tree *tree, uint64_t *due)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct compose_input in = {
		.tree = tree,
		.accepted = a->running.accepted,
		.good = a->running.good,
		.live = live_model(a->live),
		.root = a->settings->zookeeper.config,
		.policy = &a->policy,
		.names = last_names_view(a->last_names),
		.guard = a->guard,
		.rules = &a->guard_rules,
		.now = timing_now(),
		.confirmed = confirmed_at,
		.ctx = a,
		.drains = overrides_drains(a->overrides),
		.failures = checker_failures(a->checker, arena),
		.host = host_config_claims(&a->host_config, a->deploy),
		.sockets_are_free = host_config_sockets_are_free(a->deploy),
		.vars = a->settings->vars,
		.expansion = a->attempt.expansion,
		.cache = a->decoded,
		.linked = a->linked,
	};

	in.host_may_define = !in.host;
	return compose(&in, &a->problems, due);
}

struct model *candidate_compose_sources(void *agent, const struct tree *sources)
{
	struct agent *a = agent;
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct compose_input in = {
		.tree = sources,
		.accepted = sources,
		.good = a->running.good,
		.root = a->settings->zookeeper.config,
		.policy = &a->policy,
		.names = last_names_view(a->last_names),
		.drains = overrides_drains(a->overrides),
		.failures = checker_failures(a->checker, arena),
		.host = host_config_claims(&a->host_config, a->deploy),
		.sockets_are_free = host_config_sockets_are_free(a->deploy),
	};
	struct problems ignored;
	struct model *m;

	in.host_may_define = !in.host;
	problems_init(&ignored);
	m = compose(&in, &ignored, NULL);
	problems_fini(&ignored);
	return m;
}

struct bundle *candidate_render(void *agent, const struct model *m)
{
	struct agent *a = agent;
	struct render_options options = {
		.log_directory = a->settings->nginx.log_directory,
		.cache_directory = stage_cache_directory(a->stage),
		.trusted_ca = nginx_trusted_ca(&a->settings->nginx),
	};

	deploy_render_options(a->deploy, &options);
	return render_cached(m, &options, a->rendered);
}

static void want_names(struct agent *a, const struct model *m)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct name_list list = { .arena = arena };

	for (size_t i = 0; i < m->name_count; i++)
		name_list_add(&list, m->names[i]);
	refusal_want_names(a->refusal, &list);
	name_list_sort(&list);
	names_cache_want(a->names, list.items, list.count);
}

static void leave_out_lost(struct agent *a)
{
	struct model *rest = refusal_leave_out_lost(a->refusal);

	if (!rest)
		return;
	model_free(a->attempt.model);
	a->attempt.model = rest;
	a->attempt.leaves_out = true;
}

bool candidate_make(struct agent *a, uint64_t *due)
{
	CLEANUP(tree_unrefp) struct tree *tree = NULL;
	uint64_t guards_due = NEVER;

	*due = choose_tree(a);
	*due = earlier(*due, read_overrides(a));
	a->attempt.expansion =
		expansion_new(a->attempt.tree, a->settings->zookeeper.config, a->settings->vars);
	tree = refusal_filter(a->refusal, &a->problems);
	a->attempt.model = compose_tree(a, tree, &guards_due);
	add_override_problems(a);
	if (roots_follow(&a->roots, a->attempt.model, a->mirror)) {
		attempt_end(&a->attempt);
		return false;
	}
	*due = earlier(*due, guards_due);
	want_names(a, a->attempt.model);
	leave_out_lost(a);
	return true;
}
