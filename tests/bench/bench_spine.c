/*
 * The processor time of one edit among N servers, by step, with no ZooKeeper and no nginx: what the
 * daemon does between ZooKeeper's answer and the operations for the workers ("to live"), or the
 * start of `nginx -t` ("to test"), and what it does afterwards. Medians of EDITS edits, each of
 * another server. Usage: bench_spine [N …]
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <zknginx/err.h>
#include <zknginx/history.h>
#include <zknginx/settings.h>

#include "core/compose/compose.h"
#include "core/compose/linked.h"
#include "core/data/layout.h"
#include "core/decode/decode_cache.h"
#include "core/deploy/apply.h"
#include "core/fleet/watermark.h"
#include "core/render/rendered.h"
#include "core/status/edit.h"
#include "nginx/stage.h"

#define EDITS 50
#define SERVERS_AN_UPSTREAM 50
#define ROOT "/nginx/config"

enum step {
	TREE,
	PAST,
	REVISION,
	EXPAND,
	COMPOSE,
	RENDER,
	DECIDE,
	TEXT,
	STAGE,
	SYNC,
	SOURCES,
	RECORD,
	STEPS
};

static const char *const names[STEPS] = { "tree",    "past",   "revision", "expand",
					  "compose", "render", "decide",   "text",
					  "stage",   "sync",   "sources",  "record" };

static double spent[STEPS][EDITS];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000.0 + (double)t.tv_nsec / 1e6;
}

static double took(double *since)
{
	double t = now(), ms = t - *since;

	*since = t;
	return ms;
}

/* --- trees ----------------------------------------------------------------------------------- */

/* The znode of an upstream and its servers. */
static struct tree_block *make_block(int upstream, int changed, int weight)
{
	const struct znode *list[SERVERS_AN_UPSTREAM + 1];
	struct tree_block *k;
	char path[128], data[64];

	snprintf(path, sizeof(path), ROOT "/upstreams/u%06d", upstream);
	list[0] = znode_keep(&(struct znode){ .path = path,
					      .data = "{\"balance\": \"least_conn\"}",
					      .size = 25,
					      .mzxid = 1,
					      .czxid = 1 });
	for (int j = 0; j < SERVERS_AN_UPSTREAM; j++) {
		int i = upstream * SERVERS_AN_UPSTREAM + j, own = i == changed ? weight : 5;

		snprintf(path, sizeof(path), ROOT "/upstreams/u%06d/10.%03d.%03d.%03d:8080",
			 upstream, 100 + (i >> 14), 100 + ((i >> 7) & 127), 100 + (i & 127));
		snprintf(data, sizeof(data), "weight=%d max_fails=3 fail_timeout=15s", own);
		list[j + 1] = znode_keep(&(struct znode){ .path = path,
							  .data = data,
							  .size = strlen(data),
							  .mzxid = own == 5 ? 2 : weight,
							  .czxid = 2 });
	}
	k = tree_block_new(list, SERVERS_AN_UPSTREAM + 1);
	for (int j = 0; j <= SERVERS_AN_UPSTREAM; j++)
		znode_release(list[j]);
	return k;
}

static struct tree_block **blocks;
static struct tree_page **pages; /* of them, each may be NULL */
#define PAGE 64
static int upstreams;

static struct tree *build(void)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;

	tree_builder_init(&b);
	b.trusted = true;
	tree_builder_add(&b, &(struct znode){ .path = ROOT, .data = "" });
	tree_builder_add(&b, &(struct znode){ .path = ROOT "/upstreams", .data = "" });
	for (int i = 0; i < upstreams; i += PAGE) {
		int left = upstreams - i;

		if (!pages[i / PAGE])
			pages[i / PAGE] =
				tree_page_new(&blocks[i], (size_t)(left < PAGE ? left : PAGE));
		tree_builder_add_page(&b, pages[i / PAGE]);
	}
	return tree_builder_finish(&b);
}

static struct tree *make_tree(int servers)
{
	upstreams = servers / SERVERS_AN_UPSTREAM;
	blocks = calloc((size_t)upstreams, sizeof(struct tree_block *));
	pages = calloc((size_t)upstreams / PAGE + 1, sizeof(struct tree_page *));
	for (int i = 0; i < upstreams; i++)
		blocks[i] = make_block(i, -1, 0);
	return build();
}

static void free_blocks(void)
{
	for (int i = 0; i < upstreams; i++)
		tree_block_unref(blocks[i]);
	for (int i = 0; i <= upstreams / PAGE; i++)
		tree_page_unref(pages[i]);
	free(pages);
	free(blocks);
}

/* As the mirror does it: what has not changed is shared. */
static struct tree *edited(const struct tree *last, int changed, int weight)
{
	struct tree_block **k = &blocks[changed / SERVERS_AN_UPSTREAM];
	struct tree *t;

	tree_page_unref(TAKE(pages[changed / SERVERS_AN_UPSTREAM / PAGE]));
	tree_block_unref(*k);
	*k = make_block(changed / SERVERS_AN_UPSTREAM, changed, weight);
	t = build();
	tree_follow(t, last);
	return t;
}

/* --- an edit --------------------------------------------------------------------------------- */

struct run {
	struct tree *tree; /* of the last edit */
	struct decode_cache *decoded;
	struct linked *linked;
	struct rendered *rendered;
	struct policy policy;
	struct guard *guard;
	struct guard_rules rules;
	struct model *good;
	struct bundle *bundle; /* of it */
	struct tree *accepted;
	struct watermark mark;
	struct stage *stage;
};

static void accept(struct run *r, struct model *m, struct bundle *b, struct tree *sources)
{
	bundle_unref(r->bundle);
	r->bundle = b;
	model_free(r->good);
	tree_unref(r->accepted);
	r->good = m;
	r->accepted = sources;
}

/* Does the tree continue what is known of ZooKeeper's history, and what in it is new? */
static void look_at_past(struct run *r)
{
	static const struct watermark_places places = { ROOT, "/nginx/cluster", "" };
	struct watermark now;
	struct watermark_finding finding;
	struct problems unreadable;
	int64_t before = r->mark.zxid;

	problems_init(&unreadable);
	watermark_of(r->tree, &places, &r->mark, &now);
	if (watermark_is_older(&r->mark, &now, &places, &unreadable, NULL, &finding))
		die("the tree is older than the one before");
	watermark_fini(&r->mark);
	r->mark = now;
	if (before && (edit_newest(r->tree) <= before || !edit_find(r->tree, before).znodes))
		die("the tree has nothing new");
}

static void decide(const struct run *r, const struct model *m, const struct bundle *b)
{
	const struct apply_side before = { r->good, r->bundle ? &r->bundle->rest : NULL, NULL };
	const struct apply_side after = { m, &b->rest, NULL };
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct apply apply;

	apply_decide(&before, &after, a, &apply);
	if (r->bundle && (apply.way != APPLY_SERVERS || apply.count > 2))
		die("the edit is no change of servers: %s", apply.why ?: "");
}

static void edit(struct run *r, int servers, int i, double out[STEPS])
{
	const struct render_options options = { .log_directory = "/var/log/nginx",
						.cache_directory = "/var/cache/zknginx",
						.probe = "127.0.0.1:9642" };
	struct problems problems;
	struct expansion *x;
	struct tree *tree, *sources;
	struct digest revision;
	struct bundle *b;
	struct model *m;
	char hex[DIGEST_HEX_SIZE];
	unsigned long n;
	double t;
	struct err e;

	problems_init(&problems);
	t = now();
	tree = edited(r->tree, i * 7919 % servers, 1000 + i);
	tree_unref(r->tree);
	r->tree = tree;
	out[TREE] = took(&t);
	look_at_past(r);
	out[PAST] = took(&t);
	revision = tree_revision(tree, ROOT);
	digest_hex(&revision, hex);
	out[REVISION] = took(&t);
	x = expansion_new(tree, ROOT, NULL);
	out[EXPAND] = took(&t);
	m = compose(&(struct compose_input){ .tree = tree,
					     .accepted = r->accepted,
					     .good = r->good,
					     .root = ROOT,
					     .policy = &r->policy,
					     .guard = r->guard,
					     .rules = &r->rules,
					     .now = 1000000000ULL + (uint64_t)i * 1000000,
					     .expansion = x,
					     .cache = r->decoded,
					     .linked = r->linked },
		    &problems, NULL);
	out[COMPOSE] = took(&t);
	b = render_cached(m, &options, r->rendered);
	out[RENDER] = took(&t);
	decide(r, m, b);
	out[DECIDE] = took(&t);
	bundle_text(b, BUNDLE_HTTP);
	out[TEXT] = took(&t);
	if (stage_write(r->stage, b, hex, &n, &e) < 0)
		die("%s", e.text);
	out[STAGE] = took(&t);
	if (stage_sync(r->stage, n, &e) < 0 || stage_switch(r->stage, n, &e) < 0)
		die("%s", e.text);
	out[SYNC] = took(&t);
	sources = model_sources(m);
	if (tree_same(sources, r->accepted))
		die("the edit changes nothing");
	out[SOURCES] = took(&t);
	if (stage_record(r->stage, n, sources, &e) < 0)
		die("%s", e.text);
	stage_prune(r->stage, n);
	out[RECORD] = took(&t);
	accept(r, m, b, sources);
	expansion_free(x);
	problems_fini(&problems);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(int servers)
{
	struct rusage usage;
	double live = 0, front = 0;

	printf("%7d |", servers);
	for (int s = 0; s < STEPS; s++) {
		qsort(spent[s], EDITS, sizeof(double), compare);
		printf(" %8.3f", spent[s][EDITS / 2]);
		if (s <= DECIDE)
			live += spent[s][EDITS / 2];
		if (s <= STAGE)
			front += spent[s][EDITS / 2];
	}
	getrusage(RUSAGE_SELF, &usage);
	printf(" | %8.3f | %8.3f | %6.1f\n", live, front, (double)usage.ru_maxrss / 1024.0);
	fflush(stdout);
}

static void bench(int servers)
{
	char directory[] = "/tmp/zknginx-spine-XXXXXX", command[128];
	struct state_settings state = { .directory = directory, .keep = 2 };
	struct run r = { .rules = { .max_shrink = 30, .window = 60000000, .readmit = 0 } };
	double ignored[STEPS];
	struct err e;

	if (!mkdtemp(directory) || chmod(directory, 0755) < 0 ||
	    stage_open(&state, &r.stage, &e) < 0)
		die("%s: %s", directory, e.text);
	r.guard = guard_new();
	r.decoded = decode_cache_new();
	r.linked = linked_new();
	r.rendered = rendered_new();
	r.tree = make_tree(servers);
	r.good = model_new();
	r.accepted = tree_empty();
	edit(&r, servers, 0, ignored);
	for (int i = 0; i < EDITS; i++) {
		double out[STEPS];

		edit(&r, servers, i + 1, out);
		for (int s = 0; s < STEPS; s++)
			spent[s][i] = out[s];
	}
	print(servers);
	stage_close(r.stage);
	guard_free(r.guard);
	decode_cache_free(r.decoded);
	linked_free(r.linked);
	rendered_free(r.rendered);
	tree_unref(r.tree);
	accept(&r, NULL, NULL, NULL);
	watermark_fini(&r.mark);
	free_blocks();
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		die("%s failed", command);
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 1000, 10000, 100000 };

	mallopt(M_MMAP_THRESHOLD, 32 << 20); /* as zknginxd does */
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	printf("      N |");
	for (int s = 0; s < STEPS; s++)
		printf(" %8s", names[s]);
	printf(" |  to live |  to test | RSS MB (ms of CPU)\n");
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			bench(atoi(argv[i]));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		bench(sizes[i]);
	return 0;
}
