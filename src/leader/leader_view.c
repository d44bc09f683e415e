/* What is in the fleet's znodes. It is read again at each step, and nothing of it is kept. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/status.h>

#include "core/data/layout.h"
#include "leader_view.h"

void leader_look(struct leader_view *v, struct arena *a, const struct tree *tree,
		 const char *cluster, uint64_t wall)
{
	const char *why = "";

	*v = (struct leader_view){ .arena = a };
	status_time(wall, v->wall);
	v->plan_znode = tree_find(tree, cluster_path(a, cluster, CLUSTER_PLAN, NULL));
	v->request = tree_find(tree, cluster_path(a, cluster, CLUSTER_REQUEST, NULL));
	v->live = tree_find(tree, cluster_path(a, cluster, CLUSTER_LIVE, NULL));
	if (v->plan_znode)
		v->has_plan =
			plan_parse(a, v->plan_znode->data, v->plan_znode->size, &v->plan, &why);
	v->plan_error = why;
	v->member_count = members_parse(a, tree, cluster, &v->members);
	v->entry_count = history_parse(a, tree, cluster, &v->entries, &v->last_seq);
}

void leader_ignore_plan(struct leader_view *v, int64_t zxid)
{
	v->plan_is_stale = zxid && v->plan_znode && v->plan_znode->mzxid == zxid;
	v->has_plan = v->has_plan && !v->plan_is_stale;
}

/*
 * Hosts in mode "all" ignore the plan. While any member still follows it, a leader left in mode
 * "all" by mistake behaves as in mode "canary".
 */
static enum rollout_mode mode_of(enum rollout_mode mode, const struct leader_view *v)
{
	if (mode != ROLLOUT_ALL)
		return mode;
	for (size_t i = 0; i < v->member_count; i++) {
		if (v->members[i].part == MEMBER_JOINED)
			return ROLLOUT_CANARY;
	}
	return ROLLOUT_ALL;
}

struct rollout_rules leader_rules(const struct settings *settings, const struct leader_view *v)
{
	const struct rollout_settings *s = &settings->rollout;

	return (struct rollout_rules){
		.mode = mode_of(s->mode, v),
		.canaries = s->canaries,
		.canary_hosts = s->canary_hosts[0] ? s->canary_hosts : NULL,
		.batch = atol(s->batch),
		.batch_is_percent = strchr(s->batch, '%'),
		.bake_time = s->bake_time,
		.batch_time = s->batch_time,
		.settle = s->settle,
		.apply_timeout = s->apply_timeout,
		.vanish_timeout = s->vanish_timeout,
		.max_failures = s->max_failures,
		.revert = s->on_failure == FAILURE_REVERT,
	};
}

const struct history_entry *leader_entry(const struct leader_view *v, unsigned long seq)
{
	for (size_t i = 0; i < v->entry_count; i++) {
		if (v->entries[i].seq == seq)
			return &v->entries[i];
	}
	return NULL;
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

bool leader_is_publishing(const struct leader_view *v)
{
	return v->has_plan && v->plan.phase == PLAN_PUBLISHING;
}
