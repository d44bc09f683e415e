/*
 * What the leader keeps: every revision before it is on its way, so that any host can have
 * it back, and what an operator asks to have back.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <zknginx/log.h>

#include "leader.h"

#define RETRY (5 * USEC_PER_SEC)
#define CHANGES_NAMED 50
#define PUBLISH_TRIES 5 /* servers that come and go may be in the way */
#define PUBLISH_PAUSE (300 * USEC_PER_MSEC)
#define SEEN_WITHIN (10 * USEC_PER_SEC) /* what was written is in the mirror by then */

static void failed(struct daemon *d, const char *what, const char *message)
{
	log_error("%s: %s", what, message);
	leader_later(d, timing_now() + RETRY);
}

/* --- storing --------------------------------------------------------------------------------- */

/* What a store is about, until ZooKeeper has said when the config was written. */
struct storing {
	struct daemon *d;
	struct arena *arena;
	struct history_entry entry;
	struct tree *config;
	int64_t mzxid;
};

static void storing_free(struct storing *s)
{
	tree_unref(s->config);
	arena_free(s->arena);
	free(s);
}

static void on_stored(void *daemon, const struct history_result *r)
{
	struct daemon *d = daemon;
	CLEANUP(arena_freep) struct arena *a = arena_new();

	d->leader.job = NULL;
	if (!r->ok) {
		failed(d, "the revision waits: the history does not take it", r->message);
		d->leader.pause = timing_now() + RETRY;
		return;
	}
	leader_await(d, history_path(a, d->settings->zookeeper.cluster, r->seq));
}

/* The newest of the config's znodes tells when the revision was written. */
static void on_written_when(void *storing, const struct session_reply *r)
{
	struct storing *s = storing;
	struct daemon *d = s->d;
	char changed[32] = "";

	d->leader.writing = false;
	if (r->rc == SESSION_OK && r->stat->mzxid == s->mzxid)
		status_time((uint64_t)r->stat->mtime * USEC_PER_MSEC, changed);
	s->entry.changed = changed;
	if (d->leader.mirror)
		d->leader.job = history_store(fleet_session(d->fleet), fleet_election(d->fleet),
					      d->settings->zookeeper.cluster, &s->entry, s->config,
					      on_stored, d);
	storing_free(s);
}

static const struct znode *newest_znode(const struct tree *config)
{
	const struct znode *newest = NULL;

	for (size_t i = 0; i < tree_count(config); i++) {
		const struct znode *z = tree_at(config, i);

		if (!newest || z->mzxid > newest->mzxid)
			newest = z;
	}
	return newest;
}

/* ZooKeeper does not say who wrote a znode. Who pushes can: in the data of the config's root, which
 * is no part of a revision. */
static void take_note(struct storing *s, const char *root)
{
	const struct znode *z = tree_find(s->config, root);
	json_auto_t *j = z && z->mzxid >= s->mzxid ? json_loadb(z->data, z->size, 0, NULL) : NULL;

	s->entry.by = arena_strdup(s->arena, json_string_value(json_object_get(j, "by")) ?: "");
	s->entry.note = arena_strdup(s->arena, json_string_value(json_object_get(j, "note")) ?: "");
}

/* The config of this revision: the newest one, or the one that runs here. */
static struct tree *config_of(const struct daemon *d, const char *revision)
{
	const struct permission *p = &d->permission;

	if (strcmp(revision, p->newest) == 0)
		return history_extract(d->tree, d->settings->zookeeper.config);
	if (p->config && strcmp(revision, p->held) == 0)
		return tree_ref(p->config);
	return NULL;
}

/* A rollback brings the root's data back with the rest: who it names wrote the old config, not this
 * one. */
static void take_request(struct storing *s, const struct leader_view *v, const char *revision)
{
	const char *unused_why, *found;

	if (!v->has_plan || strcmp(v->plan.request.action, "rollback") != 0 ||
	    !leader_find(v, revision, &found, &unused_why))
		return;
	s->entry.by = arena_strdup(s->arena, v->plan.request.by);
	s->entry.note = "rollback";
}

static void describe(struct storing *s, const struct leader_view *v, const char *revision)
{
	const struct daemon *d = s->d;
	const char *root = d->settings->zookeeper.config;
	const struct tree *before = d->permission.config;
	struct history_entry *h = &s->entry;

	*h = (struct history_entry){
		.seq = v->last_seq + 1,
		.revision = arena_strdup(s->arena, revision),
		.at = arena_strdup(s->arena, v->wall),
		.leader = arena_strdup(s->arena, d->host),
		.outcome = OUTCOME_PENDING,
		.reason = "",
	};
	take_note(s, root);
	take_request(s, v, revision);
	if (before && before != s->config)
		h->changes = history_changes(s->arena, before, s->config, root, CHANGES_NAMED,
					     &h->znodes);
	h->znode_count = h->changes < CHANGES_NAMED ? h->changes : CHANGES_NAMED;
}

void leader_store(struct daemon *d, const struct leader_view *v, const char *revision)
{
	struct tree *config = config_of(d, revision);
	const struct znode *newest = config ? newest_znode(config) : NULL;
	struct storing *s;

	if (!newest || timing_now() < d->leader.pause) {
		tree_unref(config);
		leader_later(d, newest ? d->leader.pause : timing_now() + RETRY);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->d = d;
	s->arena = arena_new();
	s->config = config;
	s->mzxid = newest->mzxid;
	describe(s, v, revision);
	d->leader.writing = true;
	session_exists(fleet_session(d->fleet), newest->path, false, on_written_when, s);
}

/* --- pruning --------------------------------------------------------------------------------- */

static void on_pruned(void *daemon, const struct history_result *r)
{
	struct daemon *d = daemon;
	struct leader *l = &d->leader;

	l->job = NULL;
	if (!r->ok)
		failed(d, "the history was not pruned", r->message);
	l->pause = r->ok ? 0 : timing_now() + RETRY;
	leader_await(d, l->written);
}

static bool is_needed(const struct leader_view *v, unsigned long seq)
{
	return v->has_plan && (seq == v->plan.accepted.history || seq == v->plan.target.history ||
			       seq == v->plan.publish.history);
}

void leader_prune(struct daemon *d, const struct leader_view *v)
{
	size_t keep = (size_t)d->settings->history.keep, count = 0;
	unsigned long *seqs;

	if (v->entry_count <= keep || timing_now() < d->leader.pause)
		return;
	seqs = arena_array(v->arena, unsigned long, v->entry_count);
	for (size_t i = 0; i < v->entry_count - keep; i++) {
		if (!is_needed(v, v->entries[i].seq))
			seqs[count++] = v->entries[i].seq;
	}
	if (!count)
		return;
	free(d->leader.written);
	d->leader.written =
		xstrdup(history_path(v->arena, d->settings->zookeeper.cluster, seqs[count - 1]));
	d->leader.job = history_prune(fleet_session(d->fleet), fleet_election(d->fleet),
				      d->settings->zookeeper.cluster, seqs, count, on_pruned, d);
}

/* The entry of this number, or else the newest of this revision. */
static const struct history_entry *entry_for(const struct leader_view *v,
					     const struct plan_revision *r)
{
	const struct history_entry *found = NULL;

	for (size_t i = 0; i < v->entry_count; i++) {
		const struct history_entry *h = &v->entries[i];

		if (strcmp(h->revision, r->revision) != 0)
			continue;
		found = h;
		if (h->seq == r->history)
			break;
	}
	return found;
}

/* Somebody deleted it; hosts that come with an empty disk need it. */
bool leader_mend_history(struct daemon *d, const struct leader_view *v)
{
	const struct plan_revision *accepted = &v->plan.accepted;
	const struct history_entry *h;
	struct rollout_decision again = { .changed = true };

	if (!v->has_plan || v->plan.phase != PLAN_IDLE || !*accepted->revision)
		return false;
	h = entry_for(v, accepted);
	if (h && h->seq == accepted->history)
		return false;
	if (!h) {
		if (strcmp(d->permission.held, accepted->revision) != 0)
			return false;
		leader_store(d, v, accepted->revision);
		return true;
	}
	again.next = v->plan;
	again.next.accepted.history = h->seq;
	again.outcome_of = h->seq;
	again.outcome = OUTCOME_ACCEPTED;
	leader_write_plan(d, v, &again);
	return true;
}

/* --- publishing an old revision -------------------------------------------------------------- */

static void end_publishing(struct daemon *d, const char *message)
{
	struct leader *l = &d->leader;

	log_error("history entry %lu was not published as the config: %s; every host goes on "
		  "serving what the plan permits it",
		  l->publishing, message);
	l->publish_failed = true;
	l->published = l->publishing = 0;
	free(l->publish_message);
	l->publish_message = xstrdup(message);
}

/* What was written stands; with the newest tree the rest is another attempt. */
static void on_published(void *daemon, const struct history_result *r)
{
	struct daemon *d = daemon;
	struct leader *l = &d->leader;

	l->job = NULL;
	if (r->ok) {
		l->published = timing_now();
	} else if (++l->publish_tries < PUBLISH_TRIES) {
		log_info("publishing again: %s", r->message);
		l->pause = timing_now() + PUBLISH_PAUSE;
		leader_later(d, l->pause);
		return;
	} else {
		end_publishing(d, r->message);
	}
	leader_step(d);
}

bool leader_publish_again(struct daemon *d, const struct leader_view *v)
{
	struct leader *l = &d->leader;
	unsigned long seq = l->publishing;

	if (!seq || l->published || l->publish_failed)
		return false;
	if (!v->has_plan || v->plan.phase != PLAN_PUBLISHING || v->plan.publish.history != seq) {
		l->publishing = 0;
		return false;
	}
	if (timing_now() < l->pause)
		leader_later(d, l->pause);
	else
		leader_publish(d, v, seq);
	return true;
}

static void on_old_config(void *daemon, const struct history_result *r)
{
	struct daemon *d = daemon;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *root = d->settings->zookeeper.config;
	struct history_op *ops;
	size_t count;

	d->leader.job = NULL;
	if (!r->ok) {
		end_publishing(d, r->message);
		leader_step(d);
		return;
	}
	count = history_restore(a, d->tree, r->tree, root, &ops);
	log_notice("publishing an old revision: %zu znode%s to write", count, PLURAL(count));
	d->leader.job = history_publish(fleet_session(d->fleet), fleet_election(d->fleet), ops,
					count, on_published, d);
}

void leader_check_published(struct daemon *d, const struct leader_view *v)
{
	struct leader *l = &d->leader;

	if (!v->has_plan || v->plan.phase != PLAN_PUBLISHING ||
	    strcmp(d->permission.newest, v->plan.publish.revision) == 0)
		l->published = l->publishing = 0;
	else if (l->published && timing_now() >= l->published + SEEN_WITHIN)
		end_publishing(d, "somebody has written another config over it");
	else if (l->published)
		leader_later(d, l->published + SEEN_WITHIN);
}

void leader_publish(struct daemon *d, const struct leader_view *v, unsigned long seq)
{
	const struct history_entry *h = NULL;

	if (d->leader.publishing != seq)
		d->leader.publish_tries = 0;
	d->leader.publishing = seq;
	for (size_t i = 0; i < v->entry_count; i++) {
		if (v->entries[i].seq == seq)
			h = &v->entries[i];
	}
	if (!h) {
		end_publishing(d, "the history has it no more");
		leader_later(d, timing_now());
		return;
	}
	d->leader.job =
		history_fetch(fleet_session(d->fleet), d->settings->zookeeper.cluster,
			      d->settings->zookeeper.config, seq, h->revision, on_old_config, d);
}
