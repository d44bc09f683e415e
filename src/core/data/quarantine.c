/*
 * Quarantine: refused bytes by znode path, with a pause that doubles at each
 * refusal until another try is due.
 *
 * An entry outlives its release for a while as the memory of how often its bytes
 * were refused, so that a znode which is refused again waits longer; other bytes
 * in the znode, or its deletion, end the entry.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>
#include <zknginx/quarantine.h>

#define FIRST_PAUSE (30 * USEC_PER_SEC)
#define LAST_PAUSE (15 * 60 * USEC_PER_SEC)

struct entry {
	char *path;
	struct digest digest;
	char *message;
	struct quarantined reason;
	bool active; /* false: let go for another try */
	uint64_t pause, due;
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

static struct entry *find(const struct quarantine *q, const char *path, const struct digest *digest)
{
	for (size_t i = 0; i < q->count; i++) {
		struct entry *e = &q->entries[i];

		if (digest_equal(&e->digest, digest) && strcmp(e->path, path) == 0)
			return e;
	}
	return NULL;
}

static struct entry *entry_for(struct quarantine *q, const struct znode *z)
{
	struct digest digest = znode_digest(z);
	struct entry *e = find(q, z->path, &digest);

	if (e)
		return e;
	if (q->count == q->room) {
		q->room = q->room ? 2 * q->room : 8;
		q->entries = xrealloc(q->entries, q->room * sizeof(*q->entries));
	}
	e = &q->entries[q->count++];
	*e = (struct entry){ .path = xstrdup(z->path), .digest = digest };
	return e;
}

void quarantine_add(struct quarantine *q, const struct znode *z, enum problem_kind kind,
		    const char *message, uint64_t now)
{
	struct entry *e = entry_for(q, z);
	char *copy = xstrdup(message);

	free(e->message);
	e->message = copy;
	e->reason = (struct quarantined){ .kind = kind, .message = copy };
	e->active = true;
	e->pause = e->pause ? 2 * e->pause : FIRST_PAUSE;
	if (e->pause > LAST_PAUSE)
		e->pause = LAST_PAUSE;
	e->due = now + e->pause;
}

void quarantine_suspect(struct quarantine *q, const struct znode *z)
{
	struct entry *e = entry_for(q, z);

	e->active = true;
	e->due = NEVER;
	e->reason = (struct quarantined){ .message = "", .suspect = true };
}

static void remove_at(struct quarantine *q, size_t i)
{
	entry_fini(&q->entries[i]);
	q->entries[i] = q->entries[--q->count];
}

static size_t suspects(const struct quarantine *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++)
		n += q->entries[i].reason.suspect;
	return n;
}

bool quarantine_release_half(struct quarantine *q)
{
	size_t release = (suspects(q) + 1) / 2;
	bool any = release > 0;

	for (size_t i = q->count; release && i-- > 0;) {
		if (!q->entries[i].reason.suspect)
			continue;
		remove_at(q, i);
		release--;
	}
	return any;
}

void quarantine_acquit(struct quarantine *q)
{
	while (quarantine_release_half(q))
		;
}

const struct quarantined *quarantine_find(const struct quarantine *q, const struct znode *z)
{
	const struct entry *e;
	struct digest digest;

	if (!q->count)
		return NULL;
	digest = znode_digest(z);
	e = find(q, z->path, &digest);
	return e && e->active ? &e->reason : NULL;
}

static bool holds(const struct tree *t, const struct entry *e)
{
	const struct znode *z = tree_find(t, e->path);
	struct digest digest;

	if (!z)
		return false;
	digest = znode_digest(z);
	return digest_equal(&digest, &e->digest);
}

void quarantine_expire(struct quarantine *q, const struct tree *tree, const struct tree *accepted,
		       uint64_t now)
{
	for (size_t i = q->count; i-- > 0;) {
		struct entry *e = &q->entries[i];

		if (!holds(tree, e) && !holds(accepted, e))
			remove_at(q, i);
		else if (e->active && now >= e->due)
			e->active = false;
	}
}

uint64_t quarantine_due(const struct quarantine *q)
{
	uint64_t due = NEVER;

	for (size_t i = 0; i < q->count; i++) {
		if (q->entries[i].active && q->entries[i].due < due)
			due = q->entries[i].due;
	}
	return due;
}

size_t quarantine_count(const struct quarantine *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->count; i++)
		n += q->entries[i].active;
	return n;
}
