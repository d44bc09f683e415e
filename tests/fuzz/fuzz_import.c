/*
 * Any text as an nginx.conf, which may include a second half: an import ends, with an error or with
 * objects that have no problem; and what stays can be imported.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/tree.h>

#include "core/compose/compose.h"
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

static const char *const roots[] = { "/srv", NULL };
static const struct policy policy = { .level = POLICY_SAFE, .roots = roots };

static int run(struct arena *a, struct halves *h, const char *text, size_t size,
	       struct import_output *out)
{
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
	struct err e;

	return import_run(a, &in, out, &e);
}

static void check_accepted(const struct tree *tree)
{
	CLEANUP(model_freep) struct model *good = model_new();
	CLEANUP(tree_unrefp) struct tree *empty = tree_empty();
	CLEANUP(problems_fini) struct problems problems;

	problems_init(&problems);
	model_free(compose(&(struct compose_input){ .tree = tree,
						    .accepted = empty,
						    .good = good,
						    .root = "/nginx/config",
						    .policy = &policy,
						    .sockets_are_free = true },
			   &problems, NULL));
	if (problems.count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *cut = size ? memchr(text, '\f', size) : NULL;
	struct halves h = { cut ? cut + 1 : "", cut ? size - (size_t)(cut + 1 - text) : 0 };
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct import_output first = { 0 }, second = { 0 };

	if (run(a, &h, text, cut ? (size_t)(cut - text) : size, &first) < 0)
		return 0;
	check_accepted(first.tree);
	tree_unref(first.tree);
	if (run(a, &h, first.main.text, first.main.size, &second) < 0)
		abort();
	tree_unref(second.tree);
	return 0;
}
