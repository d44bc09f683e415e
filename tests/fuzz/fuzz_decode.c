/*
 * libFuzzer: the text of a tree → decode. For every model (with the servers that it discovers):
 * lists are sorted, the emitter accepts all texts, and the sources of the model decode again to the
 * same objects without a new problem.
 */
#include <string.h>

#include "core/decode/decode.h"
#include "core/text/emit.h"

static const char *const roots[] = { "/srv", NULL };
static const struct policy policy = { .level = POLICY_SAFE, .roots = roots };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool holds, const char *what)
{
	if (!holds)
		die("does not hold: %s", what);
}

static void check_text(const char *s)
{
	require(!s || emit_text_is_valid(s, TEXT_LINES, NULL), "the emitter takes the text");
}

static void check_headers(const struct header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		check_text(headers[i].name);
		check_text(headers[i].value);
	}
}

static void check_location(const struct location *l)
{
	const char *const texts[] = {
		l->path,          l->proxy,    l->timeouts.connect, l->timeouts.read,
		l->timeouts.send, l->retry_on, l->cache_zone,       l->cache_valid,
		l->root,          l->expires,  l->cache_control,    l->limit_rate,
		l->text,          l->to
	};

	require(l->path != NULL, "a location has a path");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check_text(texts[i]);
	check_headers(l->request_headers, l->request_header_count);
	check_headers(l->response_headers, l->response_header_count);
}

static void check_site(const struct site *s)
{
	require(s->listen_count > 0, "a site listens");
	for (size_t i = 0; i < s->listen_count; i++) {
		check_text(s->listens[i].address);
		check_text(s->listens[i].options);
	}
	for (size_t i = 0; i < s->server_name_count; i++)
		check_text(s->server_names[i]);
	for (size_t i = 0; i < s->location_count; i++)
		check_location(&s->locations[i]);
	require(!s->certificate == !s->key, "a certificate has a key");
	require(!s->certificate || (policy_allows_path(&policy, s->certificate) &&
				    policy_allows_path(&policy, s->key)),
		"files lie below the roots");
}

static void check_upstream(const struct upstream *u)
{
	require(upstream_name_is_valid(u->name), "an upstream has a name");
	check_text(u->balance);
	check_text(u->zone);
	for (size_t i = 0; i < u->server_count; i++) {
		check_text(u->servers[i].address);
		check_text(u->servers[i].params.fail_timeout);
		require(u->servers[i].params.weight >= 1, "a weight is 1 or more");
		require(!i || strcmp(u->servers[i - 1].address, u->servers[i].address) < 0,
			"servers are sorted");
	}
}

static void check_model(const struct model *m)
{
	for (size_t i = 0; i < m->upstream_count; i++) {
		check_upstream(m->upstreams[i]);
		require(!i || strcmp(m->upstreams[i - 1]->name, m->upstreams[i]->name) < 0,
			"upstreams are sorted");
	}
	for (size_t i = 0; i < m->site_count; i++) {
		check_site(&m->sites[i]);
		require(!i || strcmp(m->sites[i - 1].name, m->sites[i].name) < 0,
			"sites are sorted");
	}
}

/* A format that is recognised from all registrations may differ for the accepted ones. */
static bool is_sniffed(const struct upstream *u)
{
	for (size_t i = 0; i < u->discover_count; i++) {
		if (!u->discovers[i].format)
			return true;
	}
	return false;
}

static void check_again(const struct model *m, const char *root)
{
	CLEANUP(tree_unrefp) struct tree *sources = model_sources(m);
	const struct decode_input in = {
		.tree = sources, .accepted = sources, .policy = &policy, .root = root
	};
	struct problems problems;
	struct model *again;

	problems_init(&problems);
	again = decode(&in, &problems);
	require(again->upstream_count == m->upstream_count && again->site_count == m->site_count &&
			again->snippet_count == m->snippet_count,
		"the sources decode again");
	for (size_t i = 0; i < m->upstream_count; i++)
		require(is_sniffed(m->upstreams[i]) ||
				again->upstreams[i]->server_count == m->upstreams[i]->server_count,
			"the servers decode again");
	model_free(again);
	problems_fini(&problems);
}

/* The text before a line "#-" is the accepted tree, if it is a tree. */
static struct tree *accepted_of(const char **text, size_t *size)
{
	static const char line[] = "\n#-\n";
	const char *cut = memmem(*text, *size, line, sizeof(line) - 1);
	size_t before = cut ? (size_t)(cut - *text) : 0;
	struct tree *accepted;

	if (tree_parse(*text, before, "accepted", &accepted, NULL) < 0 &&
	    tree_parse("", 0, "nothing", &accepted, NULL) < 0)
		die("an empty text is a tree");
	*text += before;
	*size -= before;
	return accepted;
}

/* ZooKeeper has no path that ends in a slash or has an empty name in it. */
static bool can_be(const struct tree *t)
{
	for (size_t i = 0; i < tree_count(t); i++) {
		const char *path = tree_at(t, i)->path;

		if (strstr(path, "//") || (path[1] && path[strlen(path) - 1] == '/'))
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;
	CLEANUP(tree_unrefp) struct tree *accepted = accepted_of(&text, &size);
	CLEANUP(tree_unrefp) struct tree *tree = NULL;
	CLEANUP(model_freep) struct model *m = NULL;
	struct decode_input in = { .accepted = accepted, .policy = &policy, .root = "/c" };
	struct problems problems;

	if (tree_parse(text, size, "newest", &tree, NULL) < 0 || !can_be(tree) || !can_be(accepted))
		return 0;
	in.tree = tree;
	problems_init(&problems);
	m = decode(&in, &problems);
	check_model(m);
	check_again(m, in.root);
	problems_sort(&problems);
	problems_fini(&problems);
	return 0;
}
