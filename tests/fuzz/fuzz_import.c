/*
 * Any text as an nginx.conf, which may include itself and a second half: an import ends, with an
 * error or with objects that have no problem; and what stays has nothing more to move.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/tree.h>

#include "core/import/import.h"
#include "core/policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct halves {
	const char *second;
	size_t size;
};

/* "x" and "y" are files, "*" is both of them. */
static int open_include(void *ctx, const char *pattern, struct import_files *found, struct err *e)
{
	const struct halves *h = ctx;
	static const char *const paths[] = { "/x", "/y" };

	if (*pattern != 'x' && *pattern != 'y' && *pattern != '*')
		return err_set(e, ERR_INPUT, "no such file");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		if (*pattern == '*' || *pattern == paths[i][1])
			import_files_add(found, &(struct import_file){ paths[i], paths[i] + 1,
								       h->second, h->size });
	}
	return 0;
}

static bool is_ours(void *ctx, const char *pattern)
{
	(void)ctx;
	return strncmp(pattern, "/live/", 6) == 0;
}

static size_t run(struct arena *a, struct halves *h, const char *text, size_t size,
		  struct import_output *out)
{
	static const char *const roots[] = { "/srv", NULL };
	struct policy policy = { .level = POLICY_SAFE, .roots = roots };
	struct import_file file = { "/nginx.conf", NULL, text, size };
	struct import_input in = { .file = &file,
				   .open = open_include,
				   .is_ours = is_ours,
				   .ctx = h,
				   .policy = &policy,
				   .root = "/nginx/config",
				   .log_directory = "/var/log/nginx",
				   .http_include = "/live/http.conf",
				   .stream_include = "/live/stream.conf" };
	size_t moved = 0;
	struct err e;

	if (import_run(a, &in, out, &e) < 0)
		return 0;
	tree_unref(out->tree);
	for (size_t i = 0; i < out->note_count; i++)
		moved += out->notes[i].fate != IMPORT_STAYS;
	return moved;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *cut = size ? memchr(text, '\f', size) : NULL;
	struct halves h = { cut ? cut + 1 : "", cut ? size - (size_t)(cut + 1 - text) : 0 };
	struct arena *a = arena_new();
	struct import_output first = { 0 }, second = { 0 };

	if (run(a, &h, text, cut ? (size_t)(cut - text) : size, &first) &&
	    run(a, &h, first.main.text, first.main.size, &second))
		abort();
	arena_free(a);
	return 0;
}
