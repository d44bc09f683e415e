/* The permission: the plan, the stored config, and the history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/history.h>
#include <zknginx/log.h>

#include "core/data/layout.h"
#include "core/rollout/choice.h"
#include "core/text/utc.h"
#include "nginx/config_file.h"
#include "permission.h"
#include "sys/timing.h"
#include "zk/history_io.h"

#define RETRY (5 * USEC_PER_SEC)

struct permission {
	const struct settings *settings;
	const char *host;
	const struct permission_ops *ops;
	void *ctx;
	struct trust *trust;
	struct fleet *fleet; /* NULL: none */
	char *plan_path, *file;
	struct arena *arena; /* of the plan and the note */
	struct plan plan;
	struct config_note note; /* of the newest tree */
	struct permit permit;
	struct tree *newest;
	char newest_revision[DIGEST_HEX_SIZE];
	bool has_plan, logged, whole, wiped;
	struct tree *config; /* of the revision that nginx runs, as operators wrote it … */
	char stored[DIGEST_HEX_SIZE]; /* … which is this; "" = none is stored */
	struct tree *fetched; /* from the history, with a signature if one is asked for … */
	char fetched_revision[DIGEST_HEX_SIZE], fetching[DIGEST_HEX_SIZE];
	struct history_job *job;
	char *error;    /* of the last fetch; NULL: it was successful … */
	uint64_t retry; /* … and no other one before that time */
};

static const char *root_of(const struct permission *p)
{
	return p->settings->zookeeper.config;
}

/* --- what is stored for a restart ------------------------------------------------------------ */

static void save(const struct permission *p)
{
	struct err e;

	if (config_file_write(p->file, p->config, &e) < 0)
		log_warning("%s (after a restart the permitted config comes from the history)",
			    e.text);
}

/* Not on trial, nor on a trial that ended while nginx loaded it. The permit is that of now. */
static bool is_for_good(const struct permission *p, const char *revision)
{
	const struct permit *now = &p->permit;

	return !rollout_follows(&p->settings->rollout) || now->kind == PERMIT_NEWEST ||
	       (now->kind == PERMIT_NAMED && !now->attempt &&
		strcmp(now->revision.revision, revision) == 0);
}

/* The same config may have been signed again. */
static bool is_stored(const struct permission *p, const struct tree *tree, const char *revision)
{
	const struct znode *stored = p->config ? tree_find(p->config, root_of(p)) : NULL;
	const struct znode *root = tree_find(tree, root_of(p));

	return strcmp(p->stored, revision) == 0 && (!root || (stored && znode_same(stored, root)));
}

/* Where something was unreadable, or the last good form was used instead, the tree is not that of
 * the revision: only a config whose digest is the revision is stored. */
void permission_keep(struct permission *p, struct tree *tree, const char *revision)
{
	struct tree *config;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE];

	if (!tree || !config_has_objects(tree, root_of(p)))
		return;
	if (is_for_good(p, revision) && trust_applied(p->trust, tree, revision))
		permission_update(p);
	if (is_stored(p, tree, revision))
		return;
	config = history_extract(tree, root_of(p));
	digest = tree_revision(config, root_of(p));
	digest_hex(&digest, hex);
	if (strcmp(hex, revision) != 0) {
		tree_unref(config);
		return;
	}
	tree_unref(p->config);
	p->config = config;
	memcpy(p->stored, hex, sizeof(p->stored));
	save(p);
}

/* --- the plan -------------------------------------------------------------------------------- */

static enum member_part part_of(const struct rollout_settings *s)
{
	if (s->freeze)
		return MEMBER_FROZEN;
	return rollout_follows(s) ? MEMBER_JOINED : MEMBER_EXEMPT;
}

static void read_plan(struct permission *p, int64_t stale)
{
	const struct znode *z = tree_find(p->newest, p->plan_path);
	struct arena *arena = arena_new();
	const char *why = "";

	if (z && stale && z->mzxid == stale)
		z = NULL;
	arena_free(p->arena);
	p->arena = arena;
	p->has_plan = z && plan_parse(arena, z->data, z->size, &p->plan, &why);
	if (!p->has_plan)
		p->plan = (struct plan){ 0 }; /* its strings were in the arena */
	if (z && !p->has_plan && !p->logged)
		log_error("%s is not a plan: %s; this host keeps the revision that it runs",
			  p->plan_path, why);
	p->logged = z && !p->has_plan;
}

static void log_push(const struct permission *p, bool before)
{
	const struct config_push *push = &p->note.push;
	CLEANUP(buf_fini) struct buf time = BUF_INIT;

	if (p->note.unfinished == before)
		return;
	if (before) {
		log_notice("%s: the push is over; its config is complete", root_of(p));
		return;
	}
	utc_print(push->time, &time);
	log_notice("%s: a push by %s that began at %s is unfinished, %lu znode%s left: this host "
		   "keeps the revision that it runs",
		   root_of(p), *push->by ? push->by : "an unknown client", buf_str(&time),
		   push->left, push->left == 1 ? " is" : "s are");
}

static void read_note(struct permission *p)
{
	bool before = p->note.unfinished;

	config_note_of(p->arena, p->newest, root_of(p), &p->note);
	log_push(p, before);
}

/* Returns false if a path of the config is stored nowhere: then the newest revision is unknown. */
static bool fill_in_unreadable(struct permission *p, const struct problems *unreadable,
			       const struct running *running)
{
	CLEANUP(freep) const char **paths = NULL;
	struct tree *filled;
	bool whole = true;

	if (!unreadable->count)
		return true;
	paths = xcalloc(unreadable->count, sizeof(*paths));
	for (size_t i = 0; i < unreadable->count; i++)
		paths[i] = unreadable->items[i].znode;
	filled = tree_fill_in(p->newest, p->config ? p->config : running->accepted, paths,
			      unreadable->count);
	tree_unref(p->newest);
	p->newest = tree_fill_in(filled, running->accepted, paths, unreadable->count);
	tree_unref(filled);
	for (size_t i = 0; i < unreadable->count; i++)
		whole = whole && (!path_is_below(paths[i], root_of(p)) ||
				  tree_has_within(p->newest, paths[i]));
	return whole;
}

void permission_on_tree(struct permission *p, struct tree *newest,
			const struct problems *unreadable, const struct running *running,
			int64_t stale_plan)
{
	struct digest digest;

	tree_unref(p->newest);
	p->newest = tree_ref(newest);
	p->whole = fill_in_unreadable(p, unreadable, running);
	digest = tree_revision(p->newest, root_of(p));
	digest_hex(&digest, p->newest_revision);
	p->wiped = !config_has_objects(p->newest, root_of(p));
	trust_look(p->trust, p->newest, p->newest_revision);
	read_plan(p, stale_plan);
	read_note(p);
	permission_update(p);
}

void permission_update(struct permission *p)
{
	struct permit_host me = {
		.host = p->host,
		.follows = rollout_follows(&p->settings->rollout),
		.frozen = p->settings->rollout.freeze,
		.is_member = p->fleet && fleet_membership(p->fleet, NULL) == FLEET_MEMBER,
		.newest = p->newest_revision,
		.unfinished = p->note.unfinished,
		.untrusted = trust_refuses_newest(p->trust),
	};

	p->permit = rollout_permit(p->has_plan ? &p->plan : NULL, &me);
	p->ops->on_permit(p->ctx, &p->permit);
}

/* --- from the history ------------------------------------------------------------------------ */

/* An entry of the history is what its writer says: only its signature shows that it was a config.
 */
static void on_fetched(void *permission, const struct history_result *r)
{
	struct permission *p = permission;
	const char *why = r->message;

	p->job = NULL;
	free(TAKE(p->error));
	if (r->ok && trust_accepts(p->trust, r->tree, p->fetching, &why)) {
		tree_unref(p->fetched);
		p->fetched = tree_ref(r->tree);
		memcpy(p->fetched_revision, p->fetching, sizeof(p->fetching));
		log_info("revision %.12s was read from the history", p->fetching);
	} else {
		p->error = xstrdup(why);
		p->retry = timing_now() + RETRY;
	}
	p->ops->on_fetched(p->ctx);
}

static void fetch(struct permission *p, const struct plan_revision *wanted)
{
	if (p->job && strcmp(p->fetching, wanted->revision) == 0)
		return;
	history_job_free(TAKE(p->job));
	if (!p->fleet || !wanted->history || timing_now() < p->retry)
		return;
	snprintf(p->fetching, sizeof(p->fetching), "%s", wanted->revision);
	p->job = history_fetch(fleet_session(p->fleet), p->settings->zookeeper.cluster, root_of(p),
			       wanted->history, wanted->revision, on_fetched, p);
}

/* --- the tree -------------------------------------------------------------------------------- */

/* What choice_tree() asks for: is the config of this revision at hand? */
struct request_for {
	const struct permission *permission;
	struct plan_revision missing; /* revision NULL: nothing */
};

static struct tree *find_config(void *request, const struct plan_revision *wanted)
{
	struct request_for *q = request;
	const struct permission *p = q->permission;
	const char *unused;

	if (p->config && strcmp(p->stored, wanted->revision) == 0 &&
	    trust_accepts(p->trust, p->config, wanted->revision, &unused))
		return p->config;
	if (p->fetched && strcmp(p->fetched_revision, wanted->revision) == 0 &&
	    trust_accepts(p->trust, p->fetched, wanted->revision, &unused))
		return p->fetched;
	q->missing = *wanted;
	return NULL;
}

static void fetch_missing(struct permission *p, const struct plan_revision *missing,
			  struct problems *problems, struct choice_result *out)
{
	fetch(p, missing);
	if (!p->error)
		return;
	problems_add(problems, p->plan_path, PROBLEM_ACCESS, NULL,
		     "revision %.12s, which this host is to run, cannot be taken from the "
		     "history: %s",
		     missing->revision, p->error)
		->serving = SERVING_PREVIOUS;
	out->due = p->job ? NEVER : p->retry; /* a job ends with another run */
}

void permission_choose(struct permission *p, const struct running *running, const char *published,
		       struct problems *problems, struct choice_result *out)
{
	struct request_for q = { .permission = p };
	struct choice c = {
		.newest = p->newest,
		.newest_revision = p->newest_revision,
		.wiped = p->wiped,
		.unfinished = p->note.unfinished,
		.untrusted = trust_refuses_newest(p->trust),
		.replayed = trust_newest_is_replay(p->trust),
		.root = root_of(p),
		.permit = &p->permit,
		.accepted = running->accepted,
		.applied = running->applied,
		.published = published,
		.config = p->config,
		.stored = p->stored,
		.config_of = find_config,
		.ctx = &q,
	};

	out->due = NEVER;
	out->tree = choice_tree(&c, out->revision);
	if (q.missing.revision)
		fetch_missing(p, &q.missing, problems, out);
	if (c.untrusted && !c.unfinished && !p->wiped)
		trust_add_problem(p->trust, p->newest_revision, out->revision, problems);
	if (p->wiped && !p->note.unfinished && out->tree != p->newest)
		problems_add(
			problems, root_of(p), PROBLEM_GUARD, NULL,
			"the config root is missing or has no objects: this host runs revision "
			"%.12s instead",
			out->revision)
			->serving = SERVING_PREVIOUS;
}

void permission_facts(const struct permission *p, struct permission_facts *out)
{
	*out = (struct permission_facts){
		.newest = p->newest,
		.newest_revision = p->newest_revision,
		.whole = p->whole,
		.wiped = p->wiped,
		.untrusted = trust_refuses_newest(p->trust),
		.push = p->note.unfinished ? &p->note.push : NULL,
		.stored = p->config,
		.stored_revision = p->stored,
		.plan = p->has_plan ? &p->plan : NULL,
		.permit = &p->permit,
		.part = part_of(&p->settings->rollout),
	};
}

/* --- lifetime -------------------------------------------------------------------------------- */

struct permission *permission_new(const struct permission_spec *spec,
				  const struct permission_ops *ops, void *ctx)
{
	struct permission *p = xcalloc(1, sizeof(*p));
	const struct settings *s = spec->settings;

	*p = (struct permission){
		.settings = s,
		.host = spec->host,
		.ops = ops,
		.ctx = ctx,
		.trust = trust_new(s),
		.plan_path = cluster_path_new(s->zookeeper.cluster, CLUSTER_PLAN, NULL),
		.file = xasprintf("%s/config.tree", s->state.directory),
		.permit = { .kind = PERMIT_STAY, .why = "nothing was read yet" },
	};
	p->permit.revision.revision = p->permit.accepted.revision = "";
	p->config = config_file_read(p->file, root_of(p), p->stored);
	return p;
}

void permission_free(struct permission *p)
{
	if (!p)
		return;
	history_job_free(p->job);
	trust_free(p->trust);
	tree_unref(p->newest);
	tree_unref(p->config);
	tree_unref(p->fetched);
	arena_free(p->arena);
	free(p->error);
	free(p->plan_path);
	free(p->file);
	free(p);
}

void permission_use_settings(struct permission *p, const struct settings *settings)
{
	p->settings = settings;
	trust_use_settings(p->trust, settings);
}

const struct trust *permission_trust(const struct permission *p)
{
	return p->trust;
}

void permission_join(struct permission *p, struct fleet *fleet)
{
	if (!fleet)
		history_job_free(TAKE(p->job));
	p->fleet = fleet;
}
