/*
 * libFuzzer: the text of a tree → compose → render, with defaults, templates, parameters and
 * definitions: nothing that decode accepts is refused by the emitter, what is rendered are whole
 * tokens, and the sources of the model expand to themselves.
 */
#include <string.h>

#include <zknginx/err.h>

#include "core/compose/compose.h"
#include "core/render/render.h"
#include "core/text/lexer.h"

#define ROOT "/nginx/config"

static const char *const roots[] = { "/srv", NULL };
static const struct policy policy = { .level = POLICY_SAFE, .roots = roots };
static const struct render_options options = { "/l", "/c" };
static const struct host_var vars[] = { { "ip", "10.0.0.5" },
					{ "text", "a $b;{\"" },
					{ NULL, NULL } };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds, const char *what)
{
	if (!holds)
		die("does not hold: %s", what);
}

static void check_tokens(const struct bundle_text *file)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, file->data, file->size);
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		require(t.kind != TOKEN_ERROR, "nginx can read the file");
	lexer_fini(&l);
}

static void check_sources(const struct model *m)
{
	CLEANUP(tree_unrefp) struct tree *sources = model_sources(m);
	CLEANUP(expansion_freep) struct expansion *x = expansion_new(sources, ROOT, vars);

	require(tree_same(expansion_tree(x), sources), "what is expanded stays as it is");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	CLEANUP(tree_unrefp) struct tree *tree = NULL, *nothing = tree_empty();
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	struct problems problems;
	struct err e;

	if (tree_parse((const char *)bytes, size, "input", &tree, &e) < 0)
		return 0;
	problems_init(&problems);
	m = compose(&(struct compose_input){ .tree = tree,
					     .accepted = nothing,
					     .good = good,
					     .policy = &policy,
					     .root = ROOT,
					     .vars = vars },
		    &problems, NULL);
	b = render(m, &options);
	check_tokens(bundle_text(b, BUNDLE_HTTP));
	check_sources(m);
	problems_fini(&problems);
	return 0;
}
