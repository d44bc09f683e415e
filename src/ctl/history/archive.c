/* Entries are read without their parts; the parts of one are fetched when its config is needed. */
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "core/data/layout.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/reader.h"
#include "zk/history_io.h"

#define ENTRIES_DEPTH 1
#define DIGITS_LEAST 6

int archive_read(struct archive *a, struct ctl *ctl, struct err *e)
{
	const char *cluster = ctl->settings.zookeeper.cluster;
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	struct mirror_root root = { .depth = ENTRIES_DEPTH };
	unsigned long last;

	*a = (struct archive){ .ctl = ctl, .arena = arena_new() };
	root.path = cluster_path(a->arena, cluster, CLUSTER_HISTORY, NULL);
	if (read_whole_tree(ctl, &root, &t, e) < 0)
		return -1;
	a->count = history_parse(a->arena, t, cluster, &a->entries, &last);
	return 0;
}

void archive_fini(struct archive *a)
{
	arena_free(a->arena);
	*a = (struct archive){ 0 };
}

/* --- one entry ------------------------------------------------------------------------------- */

bool revision_is_prefix(const char *rev)
{
	size_t size = strlen(rev);

	return size >= DIGITS_LEAST && size < DIGEST_HEX_SIZE &&
	       strspn(rev, "0123456789abcdef") == size;
}

/* The newest entry of a revision that begins so; *several: there is another such revision. */
static const struct history_entry *find_revision(const struct archive *a, const char *rev,
						 bool *several)
{
	const struct history_entry *found = NULL;

	for (size_t i = a->count; revision_is_prefix(rev) && i-- > 0;) {
		const struct history_entry *h = &a->entries[i];

		if (strncmp(h->revision, rev, strlen(rev)) != 0)
			continue;
		if (!found)
			found = h;
		else if (strcmp(found->revision, h->revision) != 0)
			*several = true;
	}
	return found;
}

static const struct history_entry *find_number(const struct archive *a, const char *rev)
{
	unsigned long seq = strtoul(rev, NULL, 10);

	if (!*rev || strspn(rev, "0123456789") != strlen(rev) || strlen(rev) > 18)
		return NULL;
	for (size_t i = 0; i < a->count; i++) {
		if (a->entries[i].seq == seq)
			return &a->entries[i];
	}
	return NULL;
}

int archive_find(const struct archive *a, const char *rev, const struct history_entry **out,
		 struct err *e)
{
	bool several = false;

	*out = find_revision(a, rev, &several);
	if (several)
		return err_set(e, ERR_INPUT,
			       "several revisions begin with \"%s\": give more digits", rev);
	if (!*out)
		*out = find_number(a, rev);
	if (*out)
		return 0;
	return err_set(e, ERR_INPUT,
		       "the history has no entry \"%s\": expected a revision (at least %d digits) "
		       "or a number of \"zknginxctl history\"",
		       rev, DIGITS_LEAST);
}

const struct history_entry *archive_before(const struct archive *a, const struct history_entry *h)
{
	return h > a->entries ? h - 1 : NULL;
}

/* --- its config ------------------------------------------------------------------------------ */

struct fetch {
	bool done;
	struct tree *tree;
	struct err *e;
};

static void on_fetched(void *ctx, const struct history_result *r)
{
	struct fetch *f = ctx;

	f->done = true;
	if (r->ok)
		f->tree = tree_ref(r->tree);
	else
		err_set(f->e, ERR_REFUSED, "%s", r->message);
}

static bool is_fetched(void *ctx)
{
	const struct fetch *f = ctx;

	return f->done;
}

int archive_config(const struct archive *a, const struct history_entry *h, struct tree **out,
		   struct err *e)
{
	const struct zookeeper_settings *z = &a->ctl->settings.zookeeper;
	CLEANUP(client_freep) struct client *c = NULL;
	struct fetch f = { .e = e };
	struct history_job *job;

	if (client_open(a->ctl, &c, e) < 0)
		return -1;
	job = history_fetch(client_session(c), z->cluster, z->config, h->seq, h->revision,
			    on_fetched, &f);
	if (!ctl_run_until(a->ctl, is_fetched, &f, a->ctl->timeout)) {
		history_job_free(job);
		return ctl_no_answer(a->ctl, z->hosts, e);
	}
	if (!f.tree)
		return err_wrap(e, "entry %lu of the history", h->seq);
	*out = f.tree;
	return 0;
}
