/*
 * libFuzzer: registrations → decode → render → the tokens of nginx. Whatever a registration
 * contains, the tokens are those of an upstream with some servers: one block, with statements that
 * begin with "server", and only parameters after an address.
 */
#include <string.h>

#include "core/compose/compose.h"
#include "core/render/render.h"
#include "core/text/emit.h"
#include "core/text/lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const formats[] = { "auto", "curator",     "nerve", "serverset", "address",
				       "data", "registrator", "dubbo", "solr",      "json" };

static void require(bool holds, const char *what)
{
	if (!holds)
		die("does not hold: %s", what);
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool is_parameter(const char *s)
{
	return begins(s, "weight=") || begins(s, "max_fails=") || begins(s, "fail_timeout=") ||
	       begins(s, "max_conns=") || strcmp(s, "backup") == 0 || strcmp(s, "down") == 0;
}

/* Within "upstream u { … }": any number of `server ADDRESS PARAMETERS;`. */
static void check_word(unsigned position, const char *s)
{
	if (position == 0)
		require(strcmp(s, "server") == 0, "a statement is a server");
	else if (position > 1)
		require(is_parameter(s), "after an address are parameters");
	else
		require(emit_text_is_valid(s, TEXT_PLAIN, NULL), "an address is a plain text");
}

static void check_tokens(const struct bundle_text *t)
{
	unsigned depth = 0, position = 0, blocks = 0;
	struct token token;
	struct lexer l;

	lexer_init(&l, t->data, t->size);
	while ((token = lexer_next(&l)).kind != TOKEN_END) {
		require(token.kind != TOKEN_ERROR, "nginx reads it");
		if (token.kind == TOKEN_OPEN) {
			require(++depth == 1 && ++blocks == 1, "there is one block");
			position = 0;
		} else if (token.kind == TOKEN_CLOSE) {
			require(depth-- == 1, "the block is closed once");
		} else if (token.kind == TOKEN_WORD) {
			if (depth)
				check_word(position, token.word);
			position++;
		} else {
			position = 0;
		}
	}
	require(depth == 0 && blocks == 1, "the block is whole");
	lexer_fini(&l);
}

static void add(struct tree_builder *b, const char *path, const void *data, size_t size)
{
	struct znode z = { .path = path, .data = data, .size = size, .owner = 1 };

	tree_builder_add(b, &z);
}

/* NAME 0 DATA 0 NAME 0 DATA …: children of /s, or (names with a slash) deeper znodes. */
static void add_registrations(struct arena *a, struct tree_builder *b, const char *s, size_t size)
{
	while (size) {
		size_t name = strnlen(s, size), data;

		if (name == size)
			return;
		data = strnlen(s + name + 1, size - name - 1);
		add(b, arena_printf(a, "/s/%s", s), s + name + 1, data);
		name += 1 + data;
		name += name < size;
		s += name;
		size -= name;
	}
}

static struct tree *tree_of(struct arena *a, const char *bytes, size_t size)
{
	const char *policy =
		arena_printf(a,
			     "{\"discover\":{\"path\":\"/"
			     "s\",\"format\":\"%s\",\"tls\":\"prefer\",\"down\":\"down\"}}",
			     formats[(unsigned char)bytes[0] % ARRAY_SIZE(formats)]);
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	add(&b, "/c/upstreams/u", policy, strlen(policy));
	add_registrations(a, &b, arena_copy(a, bytes + 1, size - 1), size - 1);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct policy policy = { .level = POLICY_OFF };
	static const struct render_options options = { "/l", "/c" };
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp) struct tree *tree = NULL;
	CLEANUP(model_freep) struct model *good = model_new();
	CLEANUP(model_freep) struct model *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	struct compose_input in = { .good = good, .policy = &policy, .root = "/c" };
	struct problems problems;

	if (size < 2)
		return 0;
	tree = tree_of(a, (const char *)bytes, size);
	in.tree = in.accepted = tree;
	problems_init(&problems);
	m = compose(&in, &problems, NULL);
	b = render(m, &options);
	check_tokens(bundle_text(b, BUNDLE_HTTP));
	problems_fini(&problems);
	return 0;
}
