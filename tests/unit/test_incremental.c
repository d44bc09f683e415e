/*
 * Compose and render with what was kept of the run before, against the same with nothing kept. Two
 * hosts see the same random edits; one has caches and shares znodes between its trees, the other
 * has neither. They have to agree in every byte, origin and problem. A failure names its seed:
 * INCREMENTAL_SEED=n runs that world alone.
 */
#include "core/decode/decode_cache.h"
#include "core/render/rendered.h"
#include "dice.h"
#include "tree_fixture.h"

#include "core/compose/compose.h"
#include "core/compose/linked.h"
#include "core/compose/zones.h"
#include "core/data/layout.h"
#include "core/data/tree_parts.h"
#include "core/fleet/watermark.h"
#include "core/status/edit.h"

#define ROOT "/nginx/config"
#define SEC USEC_PER_SEC
#define WORLDS 60
#define EDITS 120

/* --- what may be written ---------------------------------------------------------------------- */

struct place {
	const char *path;
	const char *const *data; /* NULL-terminated */
};

#define DATA(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define SERVERS                                                                                    \
	DATA("", "", "", "weight=5", "weight=7 max_fails=0", "backup", "down", "weight=no",        \
	     "{\"weight\": 3}", "{\"weight\": 3, \"fail_timeout\": \"9s\"}")
#define UPSTREAMS                                                                                  \
	DATA("", "{}", "{\"balance\": \"least_conn\"}", "{\"balance\": \"ip_hash\"}", "{",         \
	     "{\"zone\": \"64k\", \"keepalive\": 8}", "{\"server\": {\"weight\": 4}}",             \
	     "{\"min_servers\": 2}", "{\"directives\": [\"ntlm;\"]}",                              \
	     "{\"protocol\": \"stream\"}", "{\"on_empty\": \"unavailable\"}",                      \
	     "{\"keepalive\": null}", "{\"check\": {}}", "{\"zone\": \"off\"}",                    \
	     "{\"check\": {\"type\": \"tcp\", \"panic\": 100}, \"slow_start\": \"30s\"}",          \
	     "{\"check\": {\"panic\": 99}, \"zone\": \"off\"}",                                    \
	     "{\"sticky\": {\"cookie\": \"r\"}}",                                                  \
	     "{\"discover\": {\"path\": \"/svc/a\", \"format\": \"json\"}}",                       \
	     "{\"discover\": {\"path\": \"/svc/a\"}}",                                             \
	     "{\"discover\": [{\"path\": \"/svc/a\"}, {\"path\": \"/svc/b\"}]}")
#define REGISTRATIONS                                                                              \
	DATA("{\"host\": \"10.1.0.1\", \"port\": 80}", "{\"host\": \"10.1.0.2\", \"port\": 80}",   \
	     "{\"host\": \"10.1.0.3\", \"port\": 81, \"weight\": 20}", "10.1.0.4:80", "broken",    \
	     "{\"host\": \"app-1\", \"port\": 80}",                                                \
	     "{\"serviceEndpoint\": {\"host\": \"10.1.0.5\","                                      \
	     " \"port\": 80}, \"status\": \"ALIVE\"}",                                             \
	     "")
#define SITES                                                                                      \
	DATA("{\"listen\": [\"80\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"a\"}]}",       \
	     "{\"listen\": [\"81\"], \"locations\": [{\"path\": \"/\", \"proxy\": \"b\"}]}",       \
	     "{\"listen\": [\"80\"], \"server_names\": [\"x.example.com\"], \"locations\": "       \
	     "[{\"path\": \"/\", \"return\": 404}]}",                                              \
	     "{\"template\": \"t\", \"with\": {\"up\": \"a\"}}",                                   \
	     "{\"protocol\": \"stream\", \"listen\": [\"5432\"], \"proxy\": \"c\"}", "{")

static const struct place places[] = {
	{ ROOT, DATA("") },
	{ ROOT "/defaults", DATA("") },
	{ ROOT "/defaults/location", DATA("{\"timeouts\": {\"read\": \"9s\"}}", "{") },
	{ ROOT "/defaults/upstream",
	  DATA("{\"keepalive\": 32}", "{\"server\": {\"max_fails\": 9}}", "{", "{\"no\": 1}") },
	{ ROOT "/sites", DATA("") },
	{ ROOT "/sites/one", SITES },
	{ ROOT "/sites/two", SITES },
	{ ROOT "/templates", DATA("") },
	{ ROOT "/templates/t",
	  DATA("{\"listen\": [\"82\"], \"locations\": [{\"path\": \"/\", "
	       "\"proxy\": \"$(up)\"}]}",
	       "{\"listen\": [\"83\"], \"redirect\": \"https://$(up)\"}", "{") },
	{ ROOT "/upstreams", DATA("") },
	{ ROOT "/upstreams/a", UPSTREAMS },
	{ ROOT "/upstreams/a/10.0.0.1:80", SERVERS },
	{ ROOT "/upstreams/a/10.0.0.2:80", SERVERS },
	{ ROOT "/upstreams/a/10.0.0.3:80", SERVERS },
	{ ROOT "/upstreams/a/app-1:80", SERVERS },
	{ ROOT "/upstreams/a-b", UPSTREAMS },
	{ ROOT "/upstreams/a-b/10.0.0.1:80", SERVERS },
	{ ROOT "/upstreams/b", UPSTREAMS },
	{ ROOT "/upstreams/b/10.0.0.1:80", SERVERS },
	{ ROOT "/upstreams/b/10.0.0.2:80", SERVERS },
	{ ROOT "/upstreams/b/10.0.0.2:80/stray", DATA("") },
	{ ROOT "/upstreams/b/[2001:DB8::1]:80", SERVERS },
	{ ROOT "/upstreams/b/[2001:db8::1]:80", SERVERS },
	{ ROOT "/upstreams/c", UPSTREAMS },
	{ ROOT "/upstreams/c/10.0.0.9:80", SERVERS },
	{ ROOT "/upstreams/c/nonsense", SERVERS },
	{ ROOT "/upstreams/d/10.0.0.1:80/stray", DATA("") },
	{ ROOT "/upstreams/e", UPSTREAMS },
	{ ROOT "/upstreams/e/10.0.0.1:80", DATA("", "weight=5", "weight=no") },
	{ ROOT "/upstreams/f", UPSTREAMS },
	{ ROOT "/upstreams/f/10.0.0.1:80", DATA("", "weight=6") },
	{ ROOT "/upstreams/f/10.0.0.1:80/stray", DATA("") },
	{ ROOT "/upstreams/g", DATA("", "{}") },
	{ ROOT "/upstreams/g/10.0.0.1:80", DATA("", "weight=6") },
	{ "/svc/a", DATA("") },
	{ "/svc/a/1", REGISTRATIONS },
	{ "/svc/a/2", REGISTRATIONS },
	{ "/svc/a/3", REGISTRATIONS },
	{ "/svc/b", DATA("") },
	{ "/svc/b/1", REGISTRATIONS },
};

#define PLACES ARRAY_SIZE(places)

struct state {
	const char *data[PLACES]; /* NULL: there is no such znode */
	int64_t mzxid[PLACES], czxid[PLACES];
};

static void edit(struct state *s, int64_t zxid)
{
	size_t i = dice(PLACES), count = 0;

	while (places[i].data[count])
		count++;
	if (s->data[i] && dice(3) == 0) {
		s->data[i] = NULL;
		return;
	}
	if (!s->data[i])
		s->czxid[i] = zxid;
	s->data[i] = places[i].data[dice((unsigned)count)];
	s->mzxid[i] = zxid;
}

static bool is_parent(const char *path)
{
	return strncmp(path, ROOT "/upstreams/", strlen(ROOT "/upstreams/")) == 0 ||
	       strncmp(path, "/svc/", 5) == 0;
}

/* A znode below a server that is not in the block of its upstream, and ends that. */
static bool is_outside(const struct znode *z)
{
	return z->mzxid % 2 && strcmp(path_name(z->path), "stray") == 0;
}

/* The block that the last tree has of the same znodes (a reference), or NULL. */
static struct tree_block *block_of(const struct tree *last, const struct znode *const *list,
				   size_t count)
{
	struct tree_walk w = tree_walk_from(last, tree_lower_bound(last, list[0]->path));
	struct tree_block *k = tree_walk_block(&w);

	if (!k || tree_block_count(k) != count)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (tree_at(last, w.at + i) != list[i])
			return NULL;
	}
	return tree_block_ref(k);
}

/* What is added to a tree. Blocks that follow each other go in pages of three. */
struct adding {
	struct tree_builder b;
	const struct tree *last;
	struct tree_block *blocks[PLACES]; /* that are to come */
	size_t count;
};

/* The page that the last tree has of the same blocks (a reference), or NULL. */
static struct tree_page *page_of(const struct tree *last, struct tree_block *const *blocks,
				 size_t count)
{
	for (size_t i = 0; i < last->list.part_count; i++) {
		struct tree_page *p = last->list.parts[i].page;
		size_t same = 0;

		while (p && p->part_count == count && same < count &&
		       p->parts[same].block == blocks[same])
			same++;
		if (same == count)
			return tree_page_ref(p);
	}
	return NULL;
}

static void add_pages(struct adding *a)
{
	for (size_t i = 0; i < a->count; i += 3) {
		size_t count = a->count - i < 3 ? a->count - i : 3;
		struct tree_page *p = page_of(a->last, &a->blocks[i], count)
					      ?: tree_page_new(&a->blocks[i], count);

		tree_builder_add_page(&a->b, p);
		tree_page_unref(p);
	}
	for (size_t i = 0; i < a->count; i++)
		tree_block_unref(a->blocks[i]);
	a->count = 0;
}

static void add_loose(struct adding *a, const struct znode *z)
{
	add_pages(a);
	tree_builder_add(&a->b, z);
}

static void add_block(struct adding *a, const struct znode *const *list, size_t count)
{
	if (count)
		a->blocks[a->count++] =
			block_of(a->last, list, count) ?: tree_block_new(list, count);
}

static struct znode znode_of(const struct state *s, size_t i)
{
	return (struct znode){ .path = places[i].path,
			       .data = s->data[i],
			       .size = strlen(s->data[i]),
			       .mzxid = s->mzxid[i],
			       .czxid = s->czxid[i],
			       .owner = strncmp(places[i].path, "/svc/", 5) == 0 };
}

/* As the mirror does it: what `last` has as well is shared, and so are the blocks of those that
 * have not changed, a parent with its children, and the pages of blocks. */
static struct tree *tree_that_follows(const struct state *s, const struct tree *last)
{
	struct adding a = { .last = last };
	const struct znode *kept[PLACES];
	size_t first = 0, count = 0;
	struct tree *t;

	tree_builder_init(&a.b);
	for (size_t i = 0; i < PLACES; i++) {
		struct znode z;
		const struct znode *old;

		if (!s->data[i])
			continue;
		z = znode_of(s, i);
		old = tree_find(last, z.path);
		kept[count] = znode_keep(old && znode_equal(old, &z) ? old : &z);
		if (count > first &&
		    (!path_is_below(z.path, kept[first]->path) || is_outside(&z))) {
			add_block(&a, kept + first, count - first);
			first = count;
		}
		count++;
		if (!is_parent(z.path) || is_outside(&z)) {
			add_loose(&a, kept[first]);
			first = count;
		}
	}
	add_block(&a, kept + first, count - first);
	add_pages(&a);
	t = tree_builder_finish(&a.b);
	tree_builder_fini(&a.b);
	tree_follow(t, last);
	for (size_t i = 0; i < count; i++)
		znode_release(kept[i]);
	return t;
}

static struct tree *tree_of(const struct state *s)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	for (size_t i = 0; i < PLACES; i++) {
		struct znode z;

		if (!s->data[i])
			continue;
		z = znode_of(s, i);
		tree_builder_add(&b, &z);
	}
	return tree_builder_finish(&b);
}

/* --- two hosts -------------------------------------------------------------------------------- */

/* What both have. */
struct surroundings {
	uint64_t now, confirmed;
	unsigned addresses; /* of app-1 */
	struct policy policy;
	struct render_options options;
	struct drain drain;
	bool has_drain;
	struct check_failure failing[4]; /* sorted */
	size_t failing_count;
	const char *live; /* the text of a live file, that the model of it adopts; NULL: none */
};

struct host {
	struct decode_cache *decoded;
	struct linked *linked;
	struct rendered *rendered;
	struct guard *guard;
	struct tree *tree, *accepted;
	struct model *good, *next;
	struct bundle *bundle;
	struct problems problems;
	uint64_t due;
};

static struct name find_name(void *ctx, const char *name UNUSED)
{
	static const char *const addresses[] = { "10.7.0.1", "10.7.0.2", "10.7.0.3" };
	const struct surroundings *s = ctx;

	return (struct name){ .state = s->addresses ? NAME_FOUND : NAME_PENDING,
			      .addresses = addresses,
			      .count = s->addresses };
}

static uint64_t on_confirmed(void *ctx, const char *upstream UNUSED)
{
	return ((struct surroundings *)ctx)->confirmed;
}

static void host_init(struct host *h, bool keeps)
{
	*h = (struct host){ .guard = guard_new(),
			    .tree = tree_empty(),
			    .accepted = tree_empty(),
			    .good = model_new() };
	problems_init(&h->problems);
	if (!keeps)
		return;
	h->decoded = decode_cache_new();
	h->linked = linked_new();
	h->rendered = rendered_new();
}

static void host_fini(struct host *h)
{
	decode_cache_free(h->decoded);
	linked_free(h->linked);
	rendered_free(h->rendered);
	guard_free(h->guard);
	tree_unref(h->tree);
	tree_unref(h->accepted);
	model_free(h->good);
	model_free(h->next);
	bundle_unref(h->bundle);
	problems_fini(&h->problems);
}

static void run(struct host *h, const struct state *state, struct surroundings *s)
{
	const struct guard_rules rules = { .max_shrink = 50, .window = 10 * SEC, .hold = 30 * SEC };
	const struct names names = { .find = find_name, .ctx = s };
	struct tree *tree = h->decoded ? tree_that_follows(state, h->tree) : tree_of(state);

	tree_unref(h->tree);
	h->tree = tree;
	model_free(h->next);
	problems_fini(&h->problems);
	problems_init(&h->problems);
	if (s->live) {
		zones_adopt(h->good, s->live, strlen(s->live));
		failures_adopt(h->good, s->live, strlen(s->live));
	}
	h->next = compose(&(struct compose_input){ .tree = tree,
						   .accepted = h->accepted,
						   .good = h->good,
						   .root = ROOT,
						   .policy = &s->policy,
						   .names = &names,
						   .guard = h->guard,
						   .rules = &rules,
						   .now = s->now,
						   .confirmed = on_confirmed,
						   .ctx = s,
						   .drains = { &s->drain, s->has_drain, 1 },
						   .failures = { s->failing, s->failing_count },
						   .cache = h->decoded,
						   .linked = h->linked },
			  &h->problems, &h->due);
	bundle_unref(h->bundle);
	h->bundle = render_cached(h->next, &s->options, h->rendered);
}

static void accept(struct host *h)
{
	tree_unref(h->accepted);
	h->accepted = model_sources(h->next);
	model_free(h->good);
	h->good = TAKE(h->next);
}

/* --- do they agree? --------------------------------------------------------------------------- */

static void compare_origins(const struct bundle_text *x, const struct bundle_text *y)
{
	assert_int_equal(x->origin_count, y->origin_count);
	for (size_t i = 0; i < x->origin_count; i++) {
		assert_int_equal(x->origins[i].line, y->origins[i].line);
		assert_int_equal(x->origins[i].data, y->origins[i].data);
		assert_string_equal(x->origins[i].znode ?: "", y->origins[i].znode ?: "");
	}
}

static void compare_problems(const struct problems *x, const struct problems *y)
{
	for (size_t i = 0; i < x->count && i < y->count; i++) {
		assert_string_equal(x->items[i].znode, y->items[i].znode);
		assert_string_equal(x->items[i].message, y->items[i].message);
		assert_int_equal(problem_compare(&x->items[i], &y->items[i]), 0);
		assert_int_equal(x->items[i].line, y->items[i].line);
		assert_int_equal(x->items[i].serving, y->items[i].serving);
	}
	assert_int_equal(x->count, y->count);
}

/* What is found out about a tree block by block. mark: of the tree before x, then of x. */
static void compare_trees(struct tree *x, struct tree *y, int64_t zxid, struct watermark *mark)
{
	const struct watermark_places at = { ROOT, "/nginx/cluster", "" };
	CLEANUP(watermark_fini) struct watermark a = { 0 };
	CLEANUP(watermark_fini) struct watermark b = { 0 };
	struct edit one = edit_find(x, zxid), other = edit_find(y, zxid);

	assert_true(tree_same(x, y));
	assert_int_equal(edit_newest(x), edit_newest(y));
	assert_int_equal(one.first, other.first);
	assert_int_equal(one.newest, other.newest);
	assert_int_equal(one.znodes, other.znodes);
	assert_string_equal(one.znode ?: "", other.znode ?: "");
	watermark_of(x, &at, mark, &a);
	watermark_of(y, &at, NULL, &b);
	assert_string_equal(a.revision, b.revision);
	assert_int_equal(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		assert_string_equal(a.znodes[i].path, b.znodes[i].path);
		assert_int_equal(a.znodes[i].below, b.znodes[i].below);
	}
	watermark_fini(mark);
	*mark = a;
	a = (struct watermark){ 0 };
}

static void compare(const struct host *x, const struct host *y)
{
	CLEANUP(tree_unrefp) struct tree *a = model_sources(x->next), *b = model_sources(y->next);

	compare_problems(&x->problems, &y->problems);
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		assert_string_equal(bundle_text(x->bundle, (enum bundle_file)f)->data,
				    bundle_text(y->bundle, (enum bundle_file)f)->data);
		compare_origins(bundle_text(x->bundle, (enum bundle_file)f),
				bundle_text(y->bundle, (enum bundle_file)f));
	}
	assert_true(digest_equal(bundle_digest(x->bundle), bundle_digest(y->bundle)));
	assert_true(digest_equal(&x->bundle->rest, &y->bundle->rest));
	assert_true(x->due == y->due);
	assert_true(tree_same(a, b));
	assert_int_equal(x->next->pending, y->next->pending);
}

/* --- worlds ----------------------------------------------------------------------------------- */

static void change_checks(struct surroundings *s)
{
	static const struct check_failure all[] = { { "a", "10.0.0.1:80" },
						    { "a", "10.0.0.3:80" },
						    { "a", "10.7.0.1:80" },
						    { "b", "10.0.0.2:80" } };

	s->failing_count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (dice(2))
			s->failing[s->failing_count++] = all[i];
	}
}

/* As after a start: the servers that nginx has `down`, and the sizes of zones. */
static void change_live(struct surroundings *s)
{
	static const char *const texts[] = {
		NULL,
		NULL,
		"upstream a {\n    zone upstream/a 128k;\n    server 10.0.0.1:80 down;\n}\n",
		"upstream a {\n    zone upstream/a 256k;\n    server 10.0.0.2:80 weight=7 "
		"down;\n}\n"
		"upstream b {\n    zone upstream/b 512k;\n    server 10.0.0.1:80 down;\n}\n",
		"upstream b {\n    zone upstream/b 64k;\n}\nupstream c {\n    zone upstream/c "
		"1m;\n}\n",
	};

	s->live = texts[dice(ARRAY_SIZE(texts))];
}

static void change_surroundings(struct surroundings *s)
{
	static const char *const directories[] = { "/var/log/nginx", "/srv/log" };
	static const char *const drained[] = { "10.0.0.1:80", "10.0.0.3:80", "app-1:80" };
	static const char *const upstreams[] = { "a", "b" };

	s->now += dice(3) ? dice(2) * SEC : 12 * SEC;
	if (dice(20) == 0)
		s->confirmed = s->now;
	if (dice(6) == 0)
		s->addresses = dice(4);
	if (dice(12) == 0)
		s->options.log_directory = directories[dice(2)];
	if (dice(12) == 0)
		s->options.probe = dice(2) ? "127.0.0.1:9642" : NULL;
	if (dice(15) == 0)
		s->policy.network_count =
			dice(2) && !network_parse("10.1.0.0/31", &s->policy.networks[0]);
	if (dice(8) == 0)
		s->drain = (struct drain){ .upstream = upstreams[dice(2)],
					   .server = drained[dice(3)] };
	s->has_drain = s->drain.server && (dice(4) != 0);
	if (dice(5) == 0)
		change_checks(s);
	if (dice(5) == 0)
		change_live(s);
}

static void live(unsigned seed)
{
	CLEANUP(watermark_fini) struct watermark mark = { 0 };
	struct surroundings s = { .now = 1000 * SEC,
				  .policy = { .level = POLICY_SAFE },
				  .options = { .log_directory = "/var/log/nginx",
					       .cache_directory = "/var/cache/zknginx" } };
	struct state state = { 0 };
	struct host keeping, cold;

	dice_state = seed * 7919 + 1;
	host_init(&keeping, true);
	host_init(&cold, false);
	for (int64_t i = 1; i <= 40; i++)
		edit(&state, i);
	for (int64_t i = 0; i < EDITS; i++) {
		for (unsigned n = dice(3); n > 0; n--)
			edit(&state, 100 + i);
		change_surroundings(&s);
		run(&keeping, &state, &s);
		run(&cold, &state, &s);
		compare(&keeping, &cold);
		compare_trees(keeping.tree, cold.tree, 100 + i - dice(4), &mark);
		if (dice(3)) {
			accept(&keeping);
			accept(&cold);
		}
	}
	host_fini(&keeping);
	host_fini(&cold);
}

static void random_edits_give_what_a_cold_run_gives(void **state UNUSED)
{
	const char *one = getenv("INCREMENTAL_SEED");

	for (unsigned seed = 1; !one && seed <= WORLDS; seed++) {
		print_message("seed %u\n", seed);
		live(seed);
	}
	if (one)
		live((unsigned)atoi(one));
}

/* The lists that the caches compare with are in tree order. */
static void what_has_not_changed_is_not_decoded_again(void **state UNUSED)
{
	struct surroundings s = { .now = 1000 * SEC, .policy = { .level = POLICY_SAFE } };
	struct state znodes = { 0 };
	struct host h;
	const struct decoded *a, *c;
	size_t at;

	host_init(&h, true);
	for (at = 0; at < PLACES; at++) {
		if (strstr(places[at].path, "/upstreams"))
			znodes.data[at] = "";
		if (strstr(places[at].path, "nonsense") || strstr(places[at].path, "app-1") ||
		    strstr(places[at].path, "stray") || strstr(places[at].path, "DB8"))
			znodes.data[at] = NULL;
	}
	run(&h, &znodes, &s);
	assert_int_equal(h.next->upstream_count, 7);
	a = h.next->upstreams[0]->decoded;
	c = h.next->upstreams[3]->decoded;
	accept(&h);
	for (at = 0; strcmp(places[at].path, ROOT "/upstreams/c/10.0.0.9:80") != 0; at++)
		continue;
	znodes.data[at] = "weight=5";
	run(&h, &znodes, &s);
	assert_ptr_equal(h.next->upstreams[0]->decoded, a);
	assert_ptr_not_equal(h.next->upstreams[3]->decoded, c);
	host_fini(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_edits_give_what_a_cold_run_gives),
		cmocka_unit_test(what_has_not_changed_is_not_decoded_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
