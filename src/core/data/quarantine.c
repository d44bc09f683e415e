/*
 * Quarantine: refused changes by path and digest. Another try is due after a pause, which each
 * refusal doubles.
 *
 * A released entry is kept while the tree has the same bytes, so that a change that is refused
 * again waits longer.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "quarantine.h"
#include "stand_in.h"

#define FIRST_PAUSE (30 * USEC_PER_SEC)
#define LAST_PAUSE (15 * 60 * USEC_PER_SEC)

static const struct digest NO_DIGEST = { .bytes = { 0 } }; /* of a deletion */

enum state {
	IN_FORCE, /* the change is taken back */
	RELEASED, /* to be tried again */
	LOST,     /* of an accepted form: nginx could not load it again */
};

struct entry {
	char *path;
	bool deletion; /* the refused change is the deletion of the znode */
	struct digest digest;
	char *message;
	enum problem_kind kind;
	enum state state;
	bool excused; /* released because of a change elsewhere: the next refusal does not double
			 the pause */
	uint64_t pause, due; /* LOST: left out from then on */
};

struct quarantine {
	struct entry *entries;
	size_t count, room;
};

struct quarantine *quarantine_new(void)
{
	return xcalloc(1, sizeof(struct quarantine));
}

static void entry_fini(struct entry *e)
{
	free(e->path);
	free(e->message);
}

void quarantine_clear(struct quarantine *q)
{
	for (size_t i = 0; i < q->count; i++)
		entry_fini(&q->entries[i]);
	q->count = 0;
}

void quarantine_free(struct quarantine *q)
{
	if (!q)
		return;
	quarantine_clear(q);
	free(q->entries);
	free(q);
}

/* --- entries --------------------------------------------------------------------------------- */

static struct entry *find(const struct quarantine *q, const char *path, const struct znode *to)
{
	struct digest digest;

	if (!q->count)
		return NULL;
	digest = to ? znode_digest(to) : NO_DIGEST;
	for (size_t i = 0; i < q->count; i++) {
		struct entry *e = &q->entries[i];

		if (e->deletion == !to && digest_equal(&e->digest, &digest) &&
		    strcmp(e->path, path) == 0)
			return e;
	}
	return NULL;
}

static struct entry *entry_for(struct quarantine *q, const char *path, const struct znode *to)
{
	struct entry *e = find(q, path, to);

	if (e)
		return e;
	if (q->count == q->room) {
		q->room = q->room ? 2 * q->room : 8;
		q->entries = xrealloc(q->entries, q->room * sizeof(*q->entries));
	}
	e = &q->entries[q->count++];
	*e = (struct entry){
		.path = xstrdup(path),
		.deletion = !to,
		.digest = to ? znode_digest(to) : NO_DIGEST,
		.state = RELEASED,
	};
	return e;
}

static void set_message(struct entry *e, const char *message)
{
	char *copy = xstrdup(message);

	free(e->message);
	e->message = copy;
}

void quarantine_add(struct quarantine *q, const char *path, const struct znode *to,
		    enum problem_kind kind, const char *message, uint64_t now)
{
	struct entry *e = entry_for(q, path, to);

	set_message(e, message);
	e->kind = kind;
	e->state = IN_FORCE;
	if (!e->excused || !e->pause)
		e->pause = e->pause ? 2 * e->pause : FIRST_PAUSE;
	if (e->pause > LAST_PAUSE)
		e->pause = LAST_PAUSE;
	e->excused = false;
	e->due = now + e->pause;
}

void quarantine_keep(struct quarantine *q, const char *path, const struct znode *to, uint64_t now)
{
	struct entry *e = find(q, path, to);

	if (!e)
		return;
	e->state = IN_FORCE;
	e->excused = false;
	e->due = now + e->pause;
}

void quarantine_lose(struct quarantine *q, const struct znode *z, const char *message, uint64_t due)
{
	struct entry *e = entry_for(q, z->path, z);

	set_message(e, message);
	e->kind = PROBLEM_NGINX;
	if (e->state != LOST)
		e->due = due;
	e->state = LOST;
}

static void remove_at(struct quarantine *q, size_t i)
{
	entry_fini(&q->entries[i]);
	q->entries[i] = q->entries[--q->count];
}

bool quarantine_knows(const struct quarantine *q, const char *path, const struct znode *to)
{
	const struct entry *e = find(q, path, to);

	return e && e->state != LOST;
}

/* --- trees and problems -------------------------------------------------------------- */

/* Has the tree what was refused? */
static bool holds(const struct tree *t, const struct entry *e)
{
	const struct znode *z = tree_find(t, e->path);
	struct digest digest;

	if (!z || e->deletion)
		return !z && e->deletion;
	digest = znode_digest(z);
	return digest_equal(&digest, &e->digest);
}

bool quarantine_find_again(struct quarantine *q, const struct tree *accepted)
{
	bool any = false;

	for (size_t i = q->count; i-- > 0;) {
		if (q->entries[i].state != LOST || !holds(accepted, &q->entries[i]))
			continue;
		remove_at(q, i);
		any = true;
	}
	return any;
}

static void report(const struct entry *e, bool served, struct problems *problems)
{
	struct problem *p = problems_add(problems, e->path, e->kind, NULL, "%s%s",
					 e->deletion ? "the znode was deleted, but nginx refuses "
						       "the configuration without it: "
						     : "",
					 e->message);

	p->serving = served ? SERVING_PREVIOUS : SERVING_ABSENT;
}

static size_t collect(const struct quarantine *q, const struct tree *tree,
		      const struct tree *accepted, struct problems *problems, struct stand_in *out)
{
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++) {
		const struct entry *e = &q->entries[i];
		const struct znode *good = tree_find(accepted, e->path);

		if (e->state == LOST && (holds(accepted, e) || holds(tree, e)))
			report(e, holds(accepted, e), problems);
		if (e->state == LOST || !holds(tree, e) || holds(accepted, e))
			continue;
		report(e, good, problems);
		if (e->state == RELEASED)
			continue; /* it is tried, and stays a problem until nginx accepts it */
		out[n++] = (struct stand_in){ e->path, good };
	}
	return n;
}

struct tree *quarantine_apply(const struct quarantine *q, struct tree *tree,
			      const struct tree *accepted, struct problems *problems)
{
	CLEANUP(freep) struct stand_in *list = NULL;
	size_t count;

	if (!q->count)
		return tree_ref(tree);
	list = xcalloc(q->count, sizeof(*list));
	count = collect(q, tree, accepted, problems, list);
	return count ? stand_in(tree, accepted, list, count) : tree_ref(tree);
}

struct tree *quarantine_leave_out(const struct quarantine *q, const struct tree *sources,
				  uint64_t now)
{
	CLEANUP(freep) struct stand_in *list = xcalloc(q->count + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++) {
		const struct entry *e = &q->entries[i];

		if (e->state == LOST && now >= e->due && holds(sources, e))
			list[n++] = (struct stand_in){ .path = e->path };
	}
	if (!n)
		return NULL;
	return stand_in(sources, sources, list, n);
}

/* The tree has other bytes now, or nginx runs the change. */
static bool is_over(const struct entry *e, const struct tree *tree, const struct tree *accepted)
{
	if (e->state == LOST)
		return !holds(accepted, e) && !holds(tree, e);
	return !holds(tree, e) || holds(accepted, e);
}

/* The znode was left out: from now on this is an ordinary refused change. */
static void begin_refusal(struct entry *e, uint64_t now)
{
	e->state = IN_FORCE;
	e->pause = FIRST_PAUSE;
	e->due = now + e->pause;
}

/* --- time ------------------------------------------------------------------------------------ */

void quarantine_expire(struct quarantine *q, const struct tree *tree, const struct tree *accepted,
		       uint64_t now)
{
	for (size_t i = q->count; i-- > 0;) {
		struct entry *e = &q->entries[i];

		if (is_over(e, tree, accepted))
			remove_at(q, i);
		else if (e->state == LOST && !holds(accepted, e))
			begin_refusal(e, now);
		else if (e->state == IN_FORCE && now >= e->due)
			e->state = RELEASED;
	}
}

bool quarantine_accept(struct quarantine *q, const struct tree *accepted, struct problems *problems)
{
	bool any = false;

	for (size_t i = q->count; i-- > 0;) {
		const struct entry *e = &q->entries[i];

		if (e->state != RELEASED || !holds(accepted, e))
			continue;
		problems_drop(problems, e->path, e->kind);
		remove_at(q, i);
		any = true;
	}
	return any;
}

uint64_t quarantine_due(const struct quarantine *q)
{
	uint64_t due = NEVER;

	for (size_t i = 0; i < q->count; i++) {
		if (q->entries[i].state == IN_FORCE && q->entries[i].due < due)
			due = q->entries[i].due;
	}
	return due;
}

uint64_t quarantine_next_loss(const struct quarantine *q, uint64_t now)
{
	uint64_t due = NEVER;

	for (size_t i = 0; i < q->count; i++) {
		const struct entry *e = &q->entries[i];

		if (e->state == LOST && e->due > now && e->due < due)
			due = e->due;
	}
	return due;
}

void quarantine_release(struct quarantine *q, bool reloads)
{
	for (size_t i = 0; i < q->count; i++) {
		struct entry *e = &q->entries[i];

		if (e->state != IN_FORCE || (e->kind == PROBLEM_RELOAD && !reloads))
			continue;
		e->state = RELEASED;
		e->excused = true;
	}
}

bool quarantine_is_empty(const struct quarantine *q)
{
	return !q->count;
}

size_t quarantine_count(const struct quarantine *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++)
		n += q->entries[i].state == IN_FORCE;
	return n;
}

void quarantine_each_message(const struct quarantine *q,
			     void (*visit)(void *ctx, const char *message), void *ctx)
{
	for (size_t i = 0; i < q->count; i++) {
		if (q->entries[i].state != RELEASED)
			visit(ctx, q->entries[i].message);
	}
}
