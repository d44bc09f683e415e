/*
 * Groups of upstreams: a render with what was kept of the runs before gives what one with nothing
 * kept gives, whatever comes, goes, changes or moves to the other file; and what has not changed is
 * the same group.
 */
#include "core/decode/decode_cache.h"
#include "core/render/bundle_parts.h"
#include "core/render/rendered.h"
#include "dice.h"
#include "tree_fixture.h"

#include "core/compose/compose.h"

#define ROOT "/nginx/config"
#define UPSTREAMS 200
#define WORLDS 12
#define EDITS 60

/* --- worlds ----------------------------------------------------------------------------------- */

static const char *const texts[] = { "", "", "{\"balance\": \"least_conn\"}",
				     "{\"protocol\": \"stream\"}", "{\"zone\": \"off\"}" };

struct upstream_state {
	const char *text; /* NULL: it does not exist */
	unsigned weight;
	int64_t mzxid;
};

struct world {
	struct upstream_state upstreams[UPSTREAMS];
	const struct znode *kept[UPSTREAMS][2];
	struct decode_cache *decoded;
	struct rendered *rendered;
	struct guard *guard;
	struct model *good; /* as long as it lives, it keeps what was decoded */
	struct tree *accepted;
	struct render_options options;
	struct drain drain;
	uint64_t now; /* a deletion is believed after a while */
};

static void forget(struct world *w, size_t i)
{
	for (int j = 0; j < 2; j++) {
		znode_release(w->kept[i][j]);
		w->kept[i][j] = NULL;
	}
}

static void set(struct world *w, size_t i, const char *text, unsigned weight, int64_t zxid)
{
	forget(w, i);
	w->upstreams[i] = (struct upstream_state){ text, weight, zxid };
}

static void keep(struct world *w, size_t i)
{
	const struct upstream_state *u = &w->upstreams[i];
	char path[96], weight[32];

	if (w->kept[i][0])
		return;
	snprintf(path, sizeof(path), ROOT "/upstreams/n%03zu", i);
	w->kept[i][0] = znode_keep(&(struct znode){
		.path = path, .data = u->text, .size = strlen(u->text), .mzxid = u->mzxid });
	snprintf(path, sizeof(path), ROOT "/upstreams/n%03zu/10.0.0.1:80", i);
	snprintf(weight, sizeof(weight), "weight=%u", u->weight);
	w->kept[i][1] = znode_keep(&(struct znode){
		.path = path, .data = weight, .size = strlen(weight), .mzxid = u->mzxid });
}

static struct tree *tree_of(struct world *w)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	tree_builder_add(&b, &(struct znode){ .path = ROOT, .data = "" });
	tree_builder_add(&b, &(struct znode){ .path = ROOT "/upstreams", .data = "" });
	for (size_t i = 0; i < UPSTREAMS; i++) {
		if (!w->upstreams[i].text)
			continue;
		keep(w, i);
		tree_builder_add(&b, w->kept[i][0]);
		tree_builder_add(&b, w->kept[i][1]);
	}
	return tree_builder_finish(&b);
}

static void world_init(struct world *w)
{
	*w = (struct world){ .decoded = decode_cache_new(),
			     .rendered = rendered_new(),
			     .guard = guard_new(),
			     .good = model_new(),
			     .accepted = tree_empty(),
			     .options = { .log_directory = "/var/log/nginx",
					  .cache_directory = "/var/cache/zknginx" } };
}

static void world_fini(struct world *w)
{
	for (size_t i = 0; i < UPSTREAMS; i++)
		forget(w, i);
	decode_cache_free(w->decoded);
	rendered_free(w->rendered);
	guard_free(w->guard);
	model_free(w->good);
	tree_unref(w->accepted);
}

/* Composes what there is now, as the accepted model, and renders it. */
static struct bundle *run(struct world *w)
{
	const struct guard_rules rules = { .max_shrink = 100 };
	CLEANUP(tree_unrefp) struct tree *t = tree_of(w);
	struct policy policy = { .level = POLICY_SAFE };
	struct problems problems;
	struct model *m;

	w->now += 3600 * USEC_PER_SEC;
	problems_init(&problems);
	m = compose(&(struct compose_input){ .tree = t,
					     .accepted = w->accepted,
					     .good = w->good,
					     .root = ROOT,
					     .policy = &policy,
					     .guard = w->guard,
					     .rules = &rules,
					     .now = w->now,
					     .drains = { &w->drain, w->drain.server != NULL, 1 },
					     .cache = w->decoded },
		    &problems, NULL);
	problems_fini(&problems);
	model_free(w->good);
	tree_unref(w->accepted);
	w->good = m;
	w->accepted = model_sources(m);
	return render_cached(m, &w->options, w->rendered);
}

/* --- comparisons ------------------------------------------------------------------------------ */

static void compare(const struct bundle *x, const struct bundle *y)
{
	assert_true(digest_equal(bundle_digest(x), bundle_digest(y)));
	assert_true(digest_equal(&x->rest, &y->rest));
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		const struct bundle_text *a = bundle_text(x, (enum bundle_file)f);
		const struct bundle_text *b = bundle_text(y, (enum bundle_file)f);

		assert_string_equal(a->data, b->data);
		assert_int_equal(a->origin_count, b->origin_count);
		for (size_t i = 0; i < a->origin_count; i++) {
			assert_int_equal(a->origins[i].line, b->origins[i].line);
			assert_string_equal(a->origins[i].znode ?: "", b->origins[i].znode ?: "");
		}
	}
}

static bool has_group(const struct bundle *b, const struct bundle_group *g)
{
	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		for (size_t i = 0; i < b->parts[f].insert_count; i++) {
			if (b->parts[f].inserts[i].group == g)
				return true;
		}
	}
	return false;
}

/* How many groups of b the other bundle does not have. */
static size_t count_new(const struct bundle *b, const struct bundle *other)
{
	size_t count = 0;

	for (int f = 0; f < BUNDLE_FILE_N; f++) {
		for (size_t i = 0; i < b->parts[f].insert_count; i++)
			count += !has_group(other, b->parts[f].inserts[i].group);
	}
	return count;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void edit(struct world *w, int64_t zxid)
{
	size_t i = dice(UPSTREAMS);

	if (dice(4) == 0)
		set(w, i, NULL, 0, zxid);
	else
		set(w, i, texts[dice(ARRAY_SIZE(texts))], 1 + dice(9), zxid);
}

static void change_surroundings(struct world *w)
{
	static const char *const drained[] = { "n010", "n100", "n199" };

	if (dice(15) == 0)
		w->options.probe = dice(2) ? "127.0.0.1:9642" : NULL;
	if (dice(6) == 0)
		w->drain = (struct drain){ .upstream = drained[dice(3)],
					   .server = dice(2) ? "10.0.0.1:80" : NULL };
}

static void live(unsigned seed)
{
	struct world w;

	dice_state = seed * 7919 + 1;
	world_init(&w);
	for (int64_t i = 1; i <= UPSTREAMS; i++)
		edit(&w, i);
	for (int64_t i = 0; i < EDITS; i++) {
		CLEANUP(bundle_unrefp) struct bundle *warm = NULL;
		CLEANUP(bundle_unrefp) struct bundle *cold = NULL;

		for (unsigned n = dice(5) ? dice(3) : dice(60); n > 0; n--)
			edit(&w, 1000 + i);
		change_surroundings(&w);
		warm = run(&w);
		cold = render(w.good, &w.options);
		compare(warm, cold);
	}
	world_fini(&w);
}

static void random_edits_give_what_a_cold_render_gives(void **state UNUSED)
{
	for (unsigned seed = 1; seed <= WORLDS; seed++) {
		print_message("seed %u\n", seed);
		live(seed);
	}
}

/* All upstreams of http but the one that `without` names. */
static void fill(struct world *w, size_t without)
{
	for (size_t i = 0; i < UPSTREAMS; i++) {
		if (i != without)
			set(w, i, "", 5, 1);
	}
}

static void one_change_makes_one_group(void **state UNUSED)
{
	struct bundle *first, *same, *changed, *fewer, *more;
	struct world w;

	world_init(&w);
	fill(&w, UPSTREAMS);
	first = run(&w);
	assert_true(first->parts[BUNDLE_HTTP].insert_count > 2);
	same = run(&w);
	assert_int_equal(count_new(same, first), 0);
	set(&w, 100, "", 7, 2);
	changed = run(&w);
	assert_int_equal(count_new(changed, same), 1);
	assert_true(digest_equal(&changed->rest, &first->rest));
	set(&w, 50, NULL, 0, 3);
	bundle_unref(run(&w));
	fewer = run(&w);
	assert_true(count_new(fewer, changed) <= 1);
	assert_false(digest_equal(&fewer->rest, &first->rest));
	set(&w, 50, "", 5, 4);
	more = run(&w);
	assert_true(count_new(more, fewer) <= 2);
	assert_true(digest_equal(&more->rest, &first->rest));
	bundle_unref(first);
	bundle_unref(same);
	bundle_unref(changed);
	bundle_unref(fewer);
	bundle_unref(more);
	world_fini(&w);
}

/* The last group ends with the list: one that comes after it may belong to it. */
static void the_last_group_grows(void **state UNUSED)
{
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < UPSTREAMS; i++) {
		CLEANUP(bundle_unrefp) struct bundle *warm = NULL;
		CLEANUP(bundle_unrefp) struct bundle *cold = NULL;

		set(&w, i, "", 5, (int64_t)i + 1);
		warm = run(&w);
		cold = render(w.good, &w.options);
		compare(warm, cold);
	}
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_edits_give_what_a_cold_render_gives),
		cmocka_unit_test(one_change_makes_one_group),
		cmocka_unit_test(the_last_group_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
