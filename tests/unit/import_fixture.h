/* Shared by the tests of import: a configuration in memory, and what became of it. */
#ifndef TESTS_UNIT_IMPORT_FIXTURE_H
#define TESTS_UNIT_IMPORT_FIXTURE_H
#include <fnmatch.h>
#include <stdio.h>

#include "core/compose/compose.h"
#include "core/import/import.h"
#include "core/policy/policy.h"
#include "tree_fixture.h"

#define ROOT "/nginx/config"
#define OURS "    # What zknginxd renders from ZooKeeper.\n    include /live/http.conf;\n"

struct text {
	const char *path; /* relative to the directory of FILE; NULL ends the list */
	const char *text;
};

struct world {
	struct arena *arena;
	struct policy policy;
	const struct text *included;
	struct import_output out;
	struct err err;
};

static const char *const roots[] = { "/srv", NULL };
static const char *const certificates[] = { "/etc/ssl", NULL };

static UNUSED int set_up(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->arena = arena_new();
	w->policy = (struct policy){ .level = POLICY_SAFE,
				     .roots = roots,
				     .certificates = certificates };
	*state = w;
	return 0;
}

static UNUSED int tear_down(void **state)
{
	struct world *w = *state;

	tree_unref(w->out.tree);
	arena_free(w->arena);
	test_free(w);
	return 0;
}

static UNUSED int open_include(void *ctx, const char *pattern, struct import_files *found,
			       struct err *e)
{
	const struct world *w = ctx;
	size_t before = found->count;

	for (const struct text *t = w->included; t && t->path; t++) {
		char path[128];

		snprintf(path, sizeof(path), "/etc/nginx/%s", t->path);
		if (fnmatch(pattern, t->path, FNM_PATHNAME) == 0)
			import_files_add(found,
					 &(struct import_file){ path, path + strlen("/etc/nginx/"),
								t->text, strlen(t->text) });
	}
	if (found->count == before && !strpbrk(pattern, "*?["))
		return err_set(e, ERR_INPUT, "%s: No such file or directory", pattern);
	return 0;
}

static UNUSED bool is_ours(void *ctx UNUSED, const char *pattern)
{
	return strncmp(pattern, "/live/", 6) == 0;
}

static UNUSED int import_bytes(struct world *w, const char *text, size_t size)
{
	struct import_file file = { "/etc/nginx/nginx.conf", NULL, text, size };
	struct import_input in = {
		.file = &file,
		.open = open_include,
		.is_ours = is_ours,
		.ctx = w,
		.policy = &w->policy,
		.root = ROOT,
		.log_directory = "/var/log/nginx",
		.http_include = "/live/http.conf",
		.stream_include = "/live/stream.conf",
	};

	tree_unref(w->out.tree);
	w->out = (struct import_output){ 0 };
	return import_run(w->arena, &in, &w->out, &w->err);
}

/* What is written has no problem in the eyes of a daemon. */
static UNUSED void assert_accepted(const struct world *w)
{
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(tree_unrefp) struct tree *empty = tree_empty();
	CLEANUP(problems_fini) struct problems problems;
	struct host_file stays = { w->out.main.path, w->out.main.text, w->out.main.size };
	CLEANUP(host_claims_freep) struct host_claims *host = host_claims_read(&stays, 1);

	problems_init(&problems);
	m = compose(&(struct compose_input){ .tree = w->out.tree,
					     .accepted = empty,
					     .host = host,
					     .good = good,
					     .root = ROOT,
					     .policy = &w->policy,
					     .sockets_are_free = true },
		    &problems, NULL);
	for (size_t i = 0; i < problems.count; i++)
		print_error("%s: %s\n", problems.items[i].znode, problems.items[i].message);
	assert_int_equal(problems.count, 0);
}

static UNUSED void import(struct world *w, const char *text)
{
	if (import_bytes(w, text, strlen(text)) < 0)
		fail_msg("%s", w->err.text);
	assert_accepted(w);
}

/* The statements are those of http{}. */
static UNUSED void import_http(struct world *w, const char *text)
{
	import(w, arena_printf(w->arena, "http {\n%s\n}\n", text));
}

static UNUSED void assert_refused(struct world *w, const char *text, const char *error)
{
	assert_int_equal(import_bytes(w, text, strlen(text)), -1);
	assert_string_equal(w->err.text, error);
}

static UNUSED const char *file(const struct world *w, const char *path)
{
	for (size_t i = 0; i < w->out.files.count; i++) {
		if (strcmp(w->out.files.items[i].path, path) == 0)
			return w->out.files.items[i].text;
	}
	fail_msg("%s was not written", path);
	return "";
}

static UNUSED void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static UNUSED void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

/* "typed", "snippet" or "stays" for each block, then its reason. */
static UNUSED void assert_fates(const struct world *w, const char *expected)
{
	static const char *const names[] = { "typed", "snippet", "stays" };
	char text[512] = "";

	for (size_t i = 0; i < w->out.note_count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
			 names[w->out.notes[i].fate]);
	}
	assert_string_equal(text, expected);
}

static UNUSED void assert_untyped(struct world *w, const char *text, const char *why)
{
	const struct import_note *n;

	import_http(w, text);
	n = &w->out.notes[w->out.note_count - 1];
	assert_int_not_equal(n->fate, IMPORT_TYPED);
	assert_non_null(n->why_untyped);
	assert_has(n->why_untyped, why);
}

static UNUSED void assert_stays(struct world *w, const char *text, const char *why)
{
	const struct import_note *n;

	import_http(w, text);
	n = &w->out.notes[w->out.note_count - 1];
	assert_int_equal(n->fate, IMPORT_STAYS);
	assert_has(n->why_stays, why);
	assert_has(w->out.main.text, text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
