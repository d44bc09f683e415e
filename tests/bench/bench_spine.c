/*
 * The processor time of one edit among N servers, by step, with no ZooKeeper and no nginx: what the
 * daemon does between the settled tree and the start of `nginx -t`, and what it does afterwards.
 * Medians of EDITS edits, each of another server. Usage: bench_spine [N …]
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
#include "core/data/layout.h"
#include "core/decode/decode_cache.h"
#include "core/render/rendered.h"
#include "nginx/stage.h"

#define EDITS 50
#define SERVERS_AN_UPSTREAM 50
#define ROOT "/nginx/config"

enum step { TREE, REVISION, EXPAND, COMPOSE, RENDER, STAGE, SYNC, SOURCES, RECORD, STEPS };

static const char *const names[STEPS] = { "tree",  "revision", "expand",  "compose", "render",
					  "stage", "sync",     "sources", "record" };

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

static struct tree *make_tree(int servers)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;
	char path[128], data[64];

	tree_builder_init(&b);
	tree_builder_reserve(&b, (size_t)servers + (size_t)servers / SERVERS_AN_UPSTREAM + 3);
	tree_builder_add(&b, &(struct znode){ .path = ROOT, .data = "" });
	tree_builder_add(&b, &(struct znode){ .path = ROOT "/upstreams", .data = "" });
	for (int i = 0; i < servers; i++) {
		if (i % SERVERS_AN_UPSTREAM == 0) {
			snprintf(path, sizeof(path), ROOT "/upstreams/u%06d",
				 i / SERVERS_AN_UPSTREAM);
			tree_builder_add(&b,
					 &(struct znode){ .path = path,
							  .data = "{\"balance\": \"least_conn\"}",
							  .size = 25,
							  .mzxid = 1,
							  .czxid = 1 });
		}
		snprintf(path, sizeof(path), ROOT "/upstreams/u%06d/10.%03d.%03d.%03d:8080",
			 i / SERVERS_AN_UPSTREAM, 100 + (i >> 14), 100 + ((i >> 7) & 127),
			 100 + (i & 127));
		snprintf(data, sizeof(data), "weight=5 max_fails=3 fail_timeout=15s");
		tree_builder_add(&b, &(struct znode){ .path = path,
						      .data = data,
						      .size = strlen(data),
						      .mzxid = 2,
						      .czxid = 2 });
	}
	return tree_builder_finish(&b);
}

/* As the mirror does it: what has not changed is shared. */
static struct tree *edited(const struct tree *t, size_t changed, int weight)
{
	CLEANUP(tree_builder_fini) struct tree_builder b;
	char data[64];

	snprintf(data, sizeof(data), "weight=%d max_fails=3 fail_timeout=15s", weight);
	tree_builder_init(&b);
	tree_builder_reserve(&b, tree_count(t));
	for (size_t i = 0; i < tree_count(t); i++) {
		struct znode z = *tree_at(t, i);

		if (i == changed) {
			z.data = data;
			z.size = strlen(data);
			z.mzxid = weight;
		}
		tree_builder_add(&b, i == changed ? &z : tree_at(t, i));
	}
	return tree_builder_finish(&b);
}

/* The n-th server. */
static size_t server_at(int n)
{
	return 3 + (size_t)n + (size_t)n / SERVERS_AN_UPSTREAM;
}

struct run {
	struct tree *tree; /* of the last edit */
	struct decode_cache *decoded;
	struct rendered *rendered;
	struct policy policy;
	struct guard *guard;
	struct guard_rules rules;
	struct model *good;
	struct tree *accepted;
	struct stage *stage;
};

static void accept(struct run *r, struct model *m, struct tree *sources)
{
	model_free(r->good);
	tree_unref(r->accepted);
	r->good = m;
	r->accepted = sources;
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
	tree = edited(r->tree, server_at(i * 7919 % servers), 1000 + i);
	tree_unref(r->tree);
	r->tree = tree;
	out[TREE] = took(&t);
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
					     .cache = r->decoded },
		    &problems, NULL);
	out[COMPOSE] = took(&t);
	b = render_cached(m, &options, r->rendered);
	out[RENDER] = took(&t);
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
	accept(r, m, sources);
	bundle_unref(b);
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
	double front = 0;

	printf("%7d |", servers);
	for (int s = 0; s < STEPS; s++) {
		qsort(spent[s], EDITS, sizeof(double), compare);
		printf(" %8.3f", spent[s][EDITS / 2]);
		if (s <= STAGE)
			front += spent[s][EDITS / 2];
	}
	getrusage(RUSAGE_SELF, &usage);
	printf(" | %8.3f | %6.1f\n", front, (double)usage.ru_maxrss / 1024.0);
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
	rendered_free(r.rendered);
	tree_unref(r.tree);
	accept(&r, NULL, NULL);
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
	printf(" | to test | RSS MB (ms of CPU)\n");
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			bench(atoi(argv[i]));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		bench(sizes[i]);
	return 0;
}
