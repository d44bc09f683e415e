/*
 * Which config this host may run, and the tree that follows from it (zknginx/choice.h).
 *
 * The plan is in the newest tree like everything else, so what it says and the config it
 * says it of are of one instant. The config of a permitted revision that is not the newest comes
 * from memory, from disk (STATE/config.tree) or from the history.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/history.h>
#include <zknginx/log.h>

#include "core/data/layout.h"
#include "core/rollout/choice.h"
#include "daemon.h"
#include "nginx/config_file.h"

#define RETRY (5 * USEC_PER_SEC)

static const char *root_of(const struct daemon *d)
{
	return d->settings->zookeeper.config;
}

/* --- what is at hand across restarts --------------------------------------------------------- */

static void hold(struct permission *p, struct tree *config, const char *revision)
{
	tree_unref(p->config);
	p->config = config;
	snprintf(p->held, sizeof(p->held), "%s", revision);
}

static void save(const struct permission *p)
{
	struct err e;

	if (config_file_write(p->file, p->config, &e) < 0)
		log_warning("%s (after a restart the permitted config comes from the history)",
			    e.text);
}

/* Where something was unreadable, or the last good form stood in for it, the tree is not that of
 * the revision: then there is nothing to hold that another host could use. */
void permission_keep(struct daemon *d)
{
	struct permission *p = &d->permission;
	struct tree *config;
	struct digest revision;
	char hex[DIGEST_HEX_SIZE];

	if (!d->attempt.tree || strcmp(p->held, d->attempt.revision) == 0 ||
	    !config_has_objects(d->attempt.tree, root_of(d)))
		return;
	config = history_extract(d->attempt.tree, root_of(d));
	revision = tree_revision(config, root_of(d));
	digest_hex(&revision, hex);
	if (strcmp(hex, d->attempt.revision) != 0) {
		tree_unref(config);
		return;
	}
	hold(p, config, hex);
	save(p);
}

/* --- the plan -------------------------------------------------------------------------------- */

enum member_part permission_part(const struct daemon *d)
{
	if (d->settings->rollout.freeze)
		return MEMBER_FROZEN;
	return rollout_follows(&d->settings->rollout) ? MEMBER_JOINED : MEMBER_EXEMPT;
}

static void read_plan(struct daemon *d)
{
	struct permission *p = &d->permission;
	const struct znode *z = d->tree ? tree_find(d->tree, p->plan_path) : NULL;
	struct arena *arena = arena_new();
	const char *why = "";

	arena_free(p->arena);
	p->arena = arena;
	p->has_plan = z && plan_parse(arena, z->data, z->size, &p->plan, &why);
	if (!p->has_plan)
		p->plan = (struct plan){ 0 }; /* nothing of the one before is left to look at */
	if (z && !p->has_plan && !p->complained)
		log_error("%s is no plan: %s; this host stays on what it runs", p->plan_path, why);
	p->complained = z && !p->has_plan;
}

/*
 * What may not be read (any more) is what it was when it last could be: as operators wrote it where
 * that is at hand, else as nginx runs it. So every host names the same revision, whether it was
 * started before or after. Returns false when something is nowhere at hand: the revision is not
 * known then.
 */
static bool fill_in_unreadable(struct daemon *d)
{
	const struct permission *p = &d->permission;
	CLEANUP(freep) const char **paths = NULL;
	struct problems unreadable;
	struct tree *filled;
	bool whole = true;

	problems_init(&unreadable);
	mirror_problems(d->mirror, &unreadable);
	if (!unreadable.count) {
		problems_fini(&unreadable);
		return true;
	}
	paths = xcalloc(unreadable.count + 1, sizeof(*paths));
	for (size_t i = 0; i < unreadable.count; i++)
		paths[i] = unreadable.items[i].znode;
	filled =
		tree_fill_in(d->tree, p->config ? p->config : d->accepted, paths, unreadable.count);
	tree_unref(d->tree);
	d->tree = tree_fill_in(filled, d->accepted, paths, unreadable.count);
	tree_unref(filled);
	for (size_t i = 0; i < unreadable.count; i++)
		whole = whole && (!path_is_below(paths[i], root_of(d)) ||
				  tree_has_within(d->tree, paths[i]));
	problems_fini(&unreadable);
	return whole;
}

void permission_on_tree(struct daemon *d)
{
	struct permission *p = &d->permission;
	struct digest newest;

	p->whole = fill_in_unreadable(d);
	newest = tree_revision(d->tree, root_of(d));
	digest_hex(&newest, p->newest);
	p->wiped = !config_has_objects(d->tree, root_of(d));
	read_plan(d);
	permission_update(d);
}

void permission_update(struct daemon *d)
{
	struct permission *p = &d->permission;
	struct permit_host me = {
		.host = d->host,
		.follows = rollout_follows(&d->settings->rollout),
		.frozen = d->settings->rollout.freeze,
		.is_member = d->fleet && fleet_membership(d->fleet, NULL) == FLEET_MEMBER,
		.newest = p->newest,
	};

	p->permit = rollout_permit(p->has_plan ? &p->plan : NULL, &me);
	judge_permit(d);
}

/* --- from the history ------------------------------------------------------------------------ */

static void on_fetched(void *daemon, const struct history_result *r)
{
	struct daemon *d = daemon;
	struct permission *p = &d->permission;

	p->job = NULL;
	free(TAKE(p->trouble));
	if (r->ok) {
		tree_unref(p->fetched);
		p->fetched = tree_ref(r->tree);
		memcpy(p->fetched_revision, p->fetching, sizeof(p->fetching));
		log_info("revision %.12s was read from the history", p->fetching);
	} else {
		p->trouble = xstrdup(r->message);
		p->retry = timing_now() + RETRY;
	}
	converge(d);
}

static void fetch(struct daemon *d, const struct plan_revision *wanted)
{
	struct permission *p = &d->permission;

	if (p->job && strcmp(p->fetching, wanted->revision) == 0)
		return;
	history_job_free(TAKE(p->job));
	if (!d->fleet || !wanted->history || timing_now() < p->retry)
		return;
	snprintf(p->fetching, sizeof(p->fetching), "%s", wanted->revision);
	p->job = history_fetch(fleet_session(d->fleet), d->settings->zookeeper.cluster, root_of(d),
			       wanted->history, wanted->revision, on_fetched, d);
}

static void report_trouble(struct daemon *d, const struct plan_revision *wanted)
{
	struct permission *p = &d->permission;

	if (!p->trouble)
		return;
	problems_add(&d->problems, p->plan_path, PROBLEM_ACCESS, NULL,
		     "revision %.12s, which this host is permitted, cannot be had from the "
		     "history: %s",
		     wanted->revision, p->trouble)
		->serving = SERVING_PREVIOUS;
	converge_at(d, p->retry);
}

/* --- the tree -------------------------------------------------------------------------------- */

static struct tree *config_of(void *daemon, const struct plan_revision *wanted)
{
	struct daemon *d = daemon;
	struct permission *p = &d->permission;

	if (p->config && strcmp(p->held, wanted->revision) == 0)
		return p->config;
	if (p->fetched && strcmp(p->fetched_revision, wanted->revision) == 0)
		return p->fetched;
	fetch(d, wanted);
	report_trouble(d, wanted);
	return NULL;
}

struct tree *permission_tree(struct daemon *d, struct tree *live, char revision[DIGEST_HEX_SIZE])
{
	struct permission *p = &d->permission;
	struct choice c = {
		.live = live,
		.newest = p->newest,
		.wiped = p->wiped,
		.root = root_of(d),
		.permit = &p->permit,
		.accepted = d->accepted,
		.applied = d->applied,
		.config = p->config,
		.held = p->held,
		.config_of = config_of,
		.ctx = d,
	};
	struct tree *tree = choice_tree(&c, revision);

	if (p->wiped && tree != live)
		problems_add(&d->problems, root_of(d), PROBLEM_GUARD, NULL,
			     "the configuration is gone from ZooKeeper: revision %.12s of the "
			     "history is served",
			     revision)
			->serving = SERVING_PREVIOUS;
	return tree;
}

/* --- life ------------------------------------------------------------------------------------ */

void permission_init(struct daemon *d)
{
	struct permission *p = &d->permission;

	p->plan_path = cluster_path_new(d->settings->zookeeper.cluster, CLUSTER_PLAN, NULL);
	p->file = xasprintf("%s/config.tree", d->settings->state.directory);
	p->permit = (struct permit){ .kind = PERMIT_STAY, .why = "nothing was read yet" };
	p->config = config_file_read(p->file, root_of(d), p->held);
}

void permission_fini(struct daemon *d)
{
	struct permission *p = &d->permission;

	history_job_free(TAKE(p->job));
	tree_unref(p->config);
	tree_unref(p->fetched);
	arena_free(p->arena);
	free(p->trouble);
	free(p->plan_path);
	free(p->file);
}
