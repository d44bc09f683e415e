/*
 * What becomes of a refusal.
 *
 * What nginx refuses is traced to a znode (blame), which goes into quarantine. Where nothing can be
 * blamed, the culprit among the changed znodes is searched by halves: half of them are held back,
 * and what passes goes live meanwhile. Where even that leads nowhere, the cause is not in
 * ZooKeeper, and the same bytes are not tried again before a pause, which doubles.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/blame.h>
#include <zknginx/log.h>

#include "daemon.h"

#define REFUSAL_PAUSE (5 * USEC_PER_SEC)
#define REFUSAL_PAUSE_MAX (5 * 60 * USEC_PER_SEC)

void refusal_whole(struct daemon *d, enum problem_kind kind, const char *message)
{
	struct refusal *r = &d->refusal;

	quarantine_acquit(d->quarantine);
	free(r->message);
	r->message = xstrdup(message);
	r->kind = kind;
	r->digest = d->attempt.bundle->digest;
	r->pause = r->pause ? 2 * r->pause : REFUSAL_PAUSE;
	if (r->pause > REFUSAL_PAUSE_MAX)
		r->pause = REFUSAL_PAUSE_MAX;
	r->due = now_monotonic() + r->pause;
	d->dirty = true; /* the next run finds the refusal, and reports it */
}

/* Which znodes of the attempt does nginx not run yet? Stops at `room`. */
static size_t changed_znodes(const struct tree *sources, const struct tree *accepted,
			     const struct znode **out, size_t room)
{
	size_t count = 0;

	for (size_t i = 0; i < tree_count(sources) && count < room; i++) {
		const struct znode *z = tree_at(sources, i);
		const struct znode *old = tree_find(accepted, z->path);

		if (!old || !znode_same(old, z))
			out[count++] = z;
	}
	return count;
}

#define SUSPECTS_MAX 1024 /* past this many changes at once a search by halves takes too long */

/* Hold back half of what changed, or, when only one did, put it into quarantine. */
static bool search_by_halves(struct daemon *d, const struct tree *sources, enum problem_kind kind,
			     const char *message)
{
	const struct znode *changed[SUSPECTS_MAX];
	size_t count = changed_znodes(sources, d->accepted, changed, SUSPECTS_MAX);

	if (count == 0 || count == SUSPECTS_MAX)
		return false;
	if (count == 1)
		quarantine_add(d->quarantine, changed[0], kind, message, now_monotonic());
	for (size_t i = (count + 1) / 2; i < count; i++)
		quarantine_suspect(d->quarantine, changed[i]);
	log_info("nginx did not say which znode it means; holding back %zu of %zu changed ones to "
		 "find it",
		 count - (count + 1) / 2 + (count == 1), count);
	return true;
}

static size_t quarantine_blamed(struct daemon *d, const struct tree *sources, const struct blame *b,
				enum problem_kind kind)
{
	size_t caught = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct znode *z = tree_find(sources, b->znodes[i]);

		if (!z)
			continue;
		quarantine_add(d->quarantine, z, kind, b->message, now_monotonic());
		log_warning("%s: nginx refuses it: %s", z->path, b->message);
		caught++;
	}
	return caught;
}

/* No znode is at fault: a setting of this host is. */
static void refuse_probe(struct daemon *d, enum problem_kind kind, const char *message)
{
	CLEANUP(freep)
	char *text = xasprintf("%s (this is about nginx.probe = \"%s\" of this host's settings)",
			       message, d->settings->nginx.probe ?: "");

	log_error("%s", text);
	refusal_whole(d, kind, text);
}

void refusal_trace(struct daemon *d, const struct outcome *o)
{
	enum problem_kind kind = o->result == DEPLOY_REFUSED ? PROBLEM_NGINX : PROBLEM_RELOAD;
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp) struct tree *sources = model_sources(d->attempt.model);
	struct blame b =
		blame_find(a, d->attempt.bundle, stage_live_directory(d->stage), o->message);
	const char *message = b.message && *b.message ? b.message : o->message;

	if (quarantine_blamed(d, sources, &b, kind) ||
	    (!b.probe && search_by_halves(d, sources, kind, message)))
		d->dirty = true;
	else if (b.probe)
		refuse_probe(d, kind, message);
	else
		refusal_whole(d, kind, message);
}
