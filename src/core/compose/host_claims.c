/*
 * `include` is followed as nginx does it, but only among the given files: a pattern is matched
 * against their names. A file that is not among them (it was too long, or it is one of zknginxd's
 * own) is skipped.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "claims_text.h"
#include "host_claims.h"

#define NESTING_MAX 16
#define READS_MAX 4096 /* of files, each as often as it is included */

struct host_claims {
	struct arena *arena;
	struct claims claims;
};

struct reading {
	struct arena *arena;
	const struct host_file *files;
	size_t count;
	const char *directory; /* of nginx.conf, with its slash */
	unsigned nesting, reads;
};

static void read_file(struct text_reader *r, const struct host_file *f)
{
	struct reading *all = r->ctx;
	const char *outer = r->file;

	all->reads++;
	r->file = arena_strdup(all->arena, f->path);
	text_reader_read(r, f->text, f->size);
	r->file = outer;
}

static void include(struct text_reader *r, const char *pattern)
{
	struct reading *all = r->ctx;
	char *full = xasprintf("%s%s", pattern[0] == '/' ? "" : all->directory, pattern);

	all->nesting++;
	for (size_t i = 1; i < all->count && all->nesting <= NESTING_MAX; i++) {
		if (all->reads >= READS_MAX)
			break;
		if (fnmatch(full, all->files[i].path, FNM_PATHNAME | FNM_PERIOD) == 0)
			read_file(r, &all->files[i]);
	}
	all->nesting--;
	free(full);
}

static const char *directory_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_copy(a, path, (size_t)(slash - path) + 1) : "";
}

struct host_claims *host_claims_read(const struct host_file *files, size_t count)
{
	struct host_claims *h = xcalloc(1, sizeof(*h));
	struct reading all = { .files = files, .count = count };
	struct text_reader r;

	h->arena = h->claims.arena = all.arena = arena_new();
	if (!count)
		return h;
	all.directory = directory_of(h->arena, files[0].path);
	text_reader_init(&r, &h->claims, BLOCK_MAIN);
	r.include = include;
	r.ctx = &all;
	read_file(&r, &files[0]);
	return h;
}

void host_claims_free(struct host_claims *h)
{
	if (!h)
		return;
	arena_free(h->arena);
	free(h);
}

const struct claims *host_claims_list(const struct host_claims *h)
{
	return &h->claims;
}
