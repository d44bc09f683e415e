/*
 * Storing takes two steps: ZooKeeper is asked when the newest of the config's znodes was written,
 * then the entry and its parts are written. A leader that is gone in between leaves an entry that
 * is not complete, which the next leader takes over.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/status.h>

#include "core/fleet/config_note.h"
#include "leader_archive.h"

#define RETRY (5 * USEC_PER_SEC)
#define CHANGES_NAMED 50

/* What is being stored. */
struct storing {
	struct arena *arena;
	struct history_entry entry;
	struct tree *config;
	int64_t mzxid; /* of the newest of its znodes */
};

static void end_storing(struct leader_archive *h)
{
	struct storing *s = TAKE(h->storing);

	if (!s)
		return;
	tree_unref(s->config);
	arena_free(s->arena);
	free(s);
}

void leader_archive_init(struct leader_archive *h, struct leader_context *c)
{
	*h = (struct leader_archive){ .c = c };
}

void leader_archive_clear(struct leader_archive *h)
{
	end_storing(h);
	tree_unref(TAKE(h->last));
	free(TAKE(h->pruned));
	h->pause = 0;
}

static const char *cluster_of(const struct leader_archive *h)
{
	return h->c->settings->zookeeper.cluster;
}

static void pause_after(struct leader_archive *h, const char *what, const char *message)
{
	log_error("%s: %s", what, message);
	h->pause = timing_now() + RETRY;
}

/* --- storing --------------------------------------------------------------------------------- */

static void on_stored(void *archive, const struct history_result *r)
{
	struct leader_archive *h = archive;
	CLEANUP(arena_freep) struct arena *a = arena_new();

	writer_end_job(&h->c->writer);
	if (r->ok && h->storing) {
		tree_unref(h->last);
		h->last = tree_ref(h->storing->config);
	}
	end_storing(h);
	if (r->ok) {
		writer_await(&h->c->writer, history_path(a, cluster_of(h), r->seq));
		return;
	}
	pause_after(h, "the newest revision cannot be stored in the history and is not rolled out",
		    r->message);
	h->c->on_change(h->c->ctx);
}

static void on_newest_time(void *archive, const struct session_reply *r)
{
	struct leader_archive *h = archive;
	struct storing *s = h->storing;
	char changed[32] = "";

	if (r->rc == SESSION_OK && r->stat->mzxid == s->mzxid)
		status_time((uint64_t)r->stat->mtime * USEC_PER_MSEC, changed);
	s->entry.changed = arena_strdup(s->arena, changed);
	writer_run(&h->c->writer,
		   history_store(fleet_session(h->c->fleet), fleet_election(h->c->fleet),
				 cluster_of(h), &s->entry, s->config, on_stored, h));
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

/* ZooKeeper does not record who wrote a znode. A client that pushes a config can say so in the data
 * of the config root, which is no part of a revision. */
static void take_note(struct storing *s, const char *root)
{
	const struct znode *z = tree_find(s->config, root);
	struct config_note note = config_note_empty();

	if (z)
		config_note_parse(s->arena, z->data, z->size, &note);
	s->entry.serial = note.serial;
	if (!z || z->mzxid < s->mzxid)
		return;
	s->entry.by = note.by;
	s->entry.note = note.note;
}

/* After a rollback the root's data is of the old config as well: it names who wrote that one. */
static void take_request(struct storing *s, const struct leader_view *v, const char *revision)
{
	const char *unused_why, *found;

	if (!v->has_plan || strcmp(v->plan.request.action, "rollback") != 0 ||
	    !leader_find(v, revision, &found, &unused_why))
		return;
	s->entry.by = arena_strdup(s->arena, v->plan.request.by);
	s->entry.note = "rollback";
}

/* What the revision replaces; NULL: unknown, or nothing. In mode "all" this host may run the new
 * revision before it is stored: then it replaces what was stored before it. */
static const struct tree *config_before(const struct leader_archive *h, const char *revision)
{
	const struct leader_facts *f = &h->c->facts;

	return strcmp(f->stored_revision, revision) != 0 ? f->stored : h->last;
}

static void describe(const struct leader_archive *h, struct storing *s, const struct leader_view *v,
		     const char *revision)
{
	const char *root = h->c->settings->zookeeper.config;
	const struct tree *before = config_before(h, revision);
	struct history_entry *e = &s->entry;

	*e = (struct history_entry){
		.seq = v->last_seq + 1,
		.revision = arena_strdup(s->arena, revision),
		.at = arena_strdup(s->arena, v->wall),
		.by = "",
		.note = "",
		.leader = arena_strdup(s->arena, h->c->host),
		.outcome = OUTCOME_PENDING,
		.reason = "",
	};
	take_note(s, root);
	take_request(s, v, revision);
	/* What is there first was created; what came before a lost entry is unknown. */
	if (before || !v->last_seq)
		e->changes = history_changes(s->arena, before, s->config, root, CHANGES_NAMED,
					     &e->znodes);
	e->znode_count = e->changes < CHANGES_NAMED ? e->changes : CHANGES_NAMED;
}

/* Of an unfinished push nothing is stored: what is written so far is nobody's config. */
static bool is_newest(const struct leader_facts *f, const char *revision)
{
	return f->tree && !f->unfinished && strcmp(revision, f->newest) == 0;
}

/* The config of this revision (one reference): the newest one, or the one that is stored here. */
static struct tree *config_of(const struct leader_context *c, const char *revision)
{
	const struct leader_facts *f = &c->facts;

	if (is_newest(f, revision))
		return history_extract(f->tree, c->settings->zookeeper.config);
	if (f->stored && strcmp(revision, f->stored_revision) == 0)
		return tree_ref(f->stored);
	return NULL;
}

static bool is_at_hand(const struct leader_facts *f, const char *revision)
{
	return is_newest(f, revision) || (f->stored && strcmp(revision, f->stored_revision) == 0);
}

uint64_t leader_store_due(const struct leader_archive *h, const char *revision, uint64_t now)
{
	if (!revision || !*revision || !is_at_hand(&h->c->facts, revision))
		return NEVER; /* other facts make another decision */
	return h->pause > now ? h->pause : now;
}

void leader_store_begin(struct leader_archive *h, const struct leader_view *v, const char *revision)
{
	struct tree *config = config_of(h->c, revision);
	const struct znode *newest = newest_znode(config);
	struct storing *s;

	if (!newest) {
		tree_unref(config);
		pause_after(h, "the newest revision is not stored in the history",
			    "its config has no znode");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->arena = arena_new();
	s->config = config;
	s->mzxid = newest->mzxid;
	describe(h, s, v, revision);
	h->storing = s;
	writer_read(&h->c->writer, newest->path, on_newest_time, h);
}

/* --- the accepted revision ------------------------------------------------------------------- */

/* Of the entries of the accepted revision: the one that was signed last, of these the one that the
 * plan names, or else the newest; NULL: none. */
static const struct history_entry *accepted_entry(const struct leader_view *v)
{
	const struct plan_revision *r = &v->plan.accepted;
	const struct history_entry *found = NULL;

	for (size_t i = 0; i < v->entry_count; i++) {
		const struct history_entry *h = &v->entries[i];

		if (strcmp(h->revision, r->revision) != 0 || (found && h->serial < found->serial))
			continue;
		if (!found || h->serial > found->serial || found->seq != r->history)
			found = h;
	}
	return found;
}

static bool is_at_rest(const struct leader_view *v)
{
	return v->has_plan && v->plan.phase == PLAN_IDLE && *v->plan.accepted.revision;
}

/* The serial of the config in ZooKeeper, if it is the accepted one and may be rolled out; else 0.
 */
static unsigned long serial_of_newest(const struct leader_archive *h, const struct leader_view *v)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct leader_facts *f = &h->c->facts;
	struct config_note note;

	if (h->c->settings->trust.require == TRUST_OFF || !f->known ||
	    strcmp(f->newest, v->plan.accepted.revision) != 0)
		return 0;
	config_note_of(a, f->tree, h->c->settings->zookeeper.config, &note);
	return *note.signature ? note.serial : 0;
}

const char *leader_accepted_lost(const struct leader_archive *h, const struct leader_view *v)
{
	const struct history_entry *entry = is_at_rest(v) ? accepted_entry(v) : NULL;

	if (!is_at_rest(v) || (entry && entry->serial >= serial_of_newest(h, v)))
		return "";
	return v->plan.accepted.revision;
}

bool leader_accepted_moved(const struct leader_view *v, struct rollout_decision *plan)
{
	const struct history_entry *entry = is_at_rest(v) ? accepted_entry(v) : NULL;

	if (!entry || (entry->seq == v->plan.accepted.history && entry->outcome != OUTCOME_PENDING))
		return false;
	*plan = (struct rollout_decision){ .changed = true,
					   .next = v->plan,
					   .outcome_of = entry->seq,
					   .outcome = OUTCOME_ACCEPTED };
	plan->next.accepted.history = entry->seq;
	return true;
}

/* --- pruning --------------------------------------------------------------------------------- */

static void on_pruned(void *archive, const struct history_result *r)
{
	struct leader_archive *h = archive;

	writer_end_job(&h->c->writer);
	h->pause = 0;
	if (!r->ok)
		pause_after(h, "old entries of the history cannot be deleted", r->message);
	writer_await(&h->c->writer, h->pruned);
}

static bool is_needed(const struct leader_view *v, unsigned long seq)
{
	return v->has_plan && (seq == v->plan.accepted.history || seq == v->plan.target.history ||
			       seq == v->plan.publish.history);
}

/* The entries to delete, in the arena; returns how many. */
static size_t superfluous(const struct leader_archive *h, const struct leader_view *v,
			  unsigned long **seqs)
{
	size_t keep = (size_t)h->c->settings->history.keep, count = 0;

	if (v->entry_count <= keep)
		return 0;
	*seqs = arena_array(v->arena, unsigned long, v->entry_count);
	for (size_t i = 0; i < v->entry_count - keep; i++) {
		if (!is_needed(v, v->entries[i].seq))
			(*seqs)[count++] = v->entries[i].seq;
	}
	return count;
}

uint64_t leader_prune_due(const struct leader_archive *h, const struct leader_view *v, uint64_t now)
{
	unsigned long *seqs;

	if (!superfluous(h, v, &seqs))
		return NEVER;
	return h->pause > now ? h->pause : now;
}

void leader_prune_begin(struct leader_archive *h, const struct leader_view *v)
{
	unsigned long *seqs = NULL;
	size_t count = superfluous(h, v, &seqs);

	if (!count)
		return;
	free(h->pruned);
	h->pruned = xstrdup(history_path(v->arena, cluster_of(h), seqs[count - 1]));
	writer_run(&h->c->writer,
		   history_prune(fleet_session(h->c->fleet), fleet_election(h->c->fleet),
				 cluster_of(h), seqs, count, on_pruned, h));
}
