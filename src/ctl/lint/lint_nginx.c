/* Grounds to test a config on, and nginx's words about znodes. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/deploy/blame.h"
#include "core/deploy/warnings.h"
#include "core/text/secret.h"
#include "lint_nginx.h"
#include "lint_small_config.h"
#include "nginx/sandbox.h"
#include "preview/preview.h"

#define ROUNDS_MAX 16 /* how many errors of nginx are found */

/* What a config is tested with. */
struct ground {
	struct ctl *ctl;
	const char *directory;    /* a temporary one, for the files under test; NULL: none yet */
	struct settings settings; /* of the host, or of the small nginx.conf */
	struct arena *arena;
	const char *live, *cache, *staged;
	bool is_host;
	struct sandbox *sandbox;
	/* the last test */
	bool done;
	struct sandbox_result result; /* only its flags */
	char *text;
	struct host_claims *host;
};

/* --- grounds --------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st UNUSED, int kind UNUSED,
			struct FTW *at UNUSED)
{
	return remove(path);
}

static void ground_fini(struct ground *g)
{
	sandbox_free(g->sandbox);
	host_claims_free(g->host);
	if (g->directory)
		nftw(g->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(g->text);
	arena_free(g->arena);
}

static const char *below(struct ground *g, const char *name)
{
	return arena_printf(g->arena, "%s/%s", g->directory, name);
}

static int use_small_config(struct ground *g, const struct model *m, struct err *e)
{
	const char *host_config = g->settings.nginx.config;
	struct settings *s = &g->settings;

	g->is_host = false;
	s->state.directory = g->directory;
	s->nginx.config = below(g, "nginx.conf");
	s->nginx.pid = below(g, "run/nginx.pid");
	s->nginx.log_directory = below(g, "log");
	g->live = below(g, "live");
	g->cache = below(g, "cache");
	if (mkdir(g->live, 0755) < 0 || mkdir(g->cache, 0755) < 0 ||
	    mkdir(s->nginx.log_directory, 0755) < 0 || mkdir(below(g, "run"), 0755) < 0)
		return err_sys(e, "%s", g->directory);
	return small_config_write(s, host_config, m, e);
}

/* Of the files that are tested: the directory exists once the daemon has run here. */
static bool is_host_of_fleet(const struct settings *s)
{
	CLEANUP(freep) char *live = xasprintf("%s/live/http.conf", s->state.directory);

	return access(live, R_OK) == 0 && access(s->nginx.config, R_OK) == 0;
}

static int ground_open(struct ground *g, struct err *e)
{
	const char *parent = getenv("TMPDIR");

	parent = parent && *parent ? parent : "/tmp";
	g->directory = mkdtemp(arena_printf(g->arena, "%s/zknginxctl-lint-XXXXXX", parent));
	if (!g->directory)
		return err_sys(e, "cannot create a directory in %s", parent);
	g->staged = below(g, "staged");
	if (mkdir(g->staged, 0755) < 0)
		return err_sys(e, "%s", g->staged);
	g->live = arena_printf(g->arena, "%s/live", g->settings.state.directory);
	g->cache = arena_printf(g->arena, "%s/cache", g->settings.state.directory);
	g->is_host = is_host_of_fleet(&g->settings);
	return 0;
}

static int open_sandbox(struct ground *g, struct err *e)
{
	sandbox_free(TAKE(g->sandbox));
	return sandbox_new(&g->settings.nginx, g->live, g->cache, &g->sandbox, e);
}

/* --- one test -------------------------------------------------------------------------------- */

static void on_tested(void *ctx, const struct sandbox_result *r)
{
	struct ground *g = ctx;

	free(g->text);
	g->text = r->failed || r->timed_out ? secret_mask_nginx(r->text) : xstrdup(r->text ?: "");
	g->result = *r;
	host_claims_free(TAKE(g->host));
	if (r->passed && g->is_host)
		g->host = host_claims_read(r->host, r->host_count);
	g->done = true;
}

static bool is_done(void *ctx)
{
	const struct ground *g = ctx;

	return g->done;
}

/* 0: nginx has answered. */
static int test(struct ground *g, const struct bundle *b, struct err *e)
{
	long master = g->is_host ? preview_master(&g->settings.nginx) : 0;

	g->done = false;
	if (preview_write(b, g->staged, e) < 0 ||
	    sandbox_test(g->sandbox, g->ctl->loop, g->staged, master, on_tested, g, e) < 0)
		return -1;
	ctl_run_until(g->ctl, is_done, g, NEVER); /* the sandbox has a limit of its own */
	if (g->result.failed || g->result.timed_out)
		return err_set(e, ERR_UNAVAILABLE, "%s", g->text);
	return 0;
}

/* --- what nginx says ------------------------------------------------------------------------- */

/* " in LIVE/http.conf:12" at `at`: the line of this znode's data that it means; 0: it means none.
 */
static unsigned line_at(const struct ground *g, const struct bundle *b, const char *at,
			const char *znode)
{
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++) {
		const char *mark =
			arena_printf(g->arena, " in %s/%s:", g->live, bundle_file_name(f));
		unsigned line;
		const char *origin;

		if (strncmp(at, mark, strlen(mark)) != 0)
			continue;
		line = (unsigned)strtoul(at + strlen(mark), NULL, 10);
		origin = bundle_origin(b, f, line);
		if (origin && strcmp(origin, znode) == 0)
			return bundle_data_line(b, f, line);
	}
	return 0;
}

/* nginx may write the same sentence about several places. */
static unsigned line_of(const struct ground *g, const struct bundle *b, const char *message,
			const char *znode)
{
	size_t size = strlen(message);
	unsigned line = 0;

	for (const char *at = g->text; size && !line && (at = strstr(at, message)); at++)
		line = line_at(g, b, at + size, znode);
	return line;
}

static void add_problems(struct ground *g, const struct bundle *b, const struct blame *found,
			 struct problems *problems)
{
	for (size_t i = 0; i < found->count; i++)
		problems_add(problems, found->znodes[i], PROBLEM_NGINX, NULL, "nginx -t: %s",
			     found->message)
			->line = line_of(g, b, found->raw, found->znodes[i]);
}

/* Warnings after which nginx serves something else than the config says are refusals. */
static struct blame blame_warnings(struct ground *g, const struct bundle *b)
{
	CLEANUP(buf_fini) struct buf harmful = BUF_INIT;
	const char *text;

	warnings_read(g->text, g->live, &harmful);
	if (!harmful.size)
		return (struct blame){ 0 };
	text = arena_printf(g->arena, "nginx: [emerg] %s", buf_str(&harmful));
	return blame_find(g->arena, b, g->live, text);
}

/* The tree without these znodes and what is below them. */
static struct tree *without(const struct tree *t, const struct blame *found)
{
	struct tree_builder builder;
	struct tree *out;

	tree_builder_init(&builder);
	for (size_t i = 0; i < tree_count(t); i++) {
		if (!path_is_within_any(tree_at(t, i)->path, found->znodes, found->count))
			tree_builder_add(&builder, tree_at(t, i));
	}
	out = tree_builder_finish(&builder);
	tree_builder_fini(&builder);
	return out;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* nginx need not reach a server to test: one address is as good as another. */
static struct name find_name(void *ctx UNUSED, const char *name UNUSED)
{
	static const char *const addresses[] = { "192.0.2.1" };

	return (struct name){ .state = NAME_FOUND, .addresses = addresses, .count = 1 };
}

static struct model *compose_with(struct ground *g, const struct lint_input *in,
				  const struct tree *tree, struct problems *problems)
{
	static const struct names names = { .find = find_name };
	struct lint_input with = *in;

	with.tree = tree;
	with.names = &names;
	with.host = g->host;
	return lint_compose(&g->ctl->settings, &with, problems);
}

/* What clashes with nginx.conf. */
static void add_clashes(struct ground *g, const struct lint_input *in, struct problems *problems)
{
	struct lint_input with = *in;

	if (!g->host)
		return;
	with.host = g->host;
	model_free(lint_compose(&g->ctl->settings, &with, problems));
}

/* 1: nginx accepts the tree; 0: *found names whom it refuses. */
static int test_tree(struct ground *g, const struct lint_input *in, const struct tree *tree,
		     struct problems *problems, struct blame *found, struct err *e)
{
	CLEANUP(problems_fini) struct problems ignored;
	CLEANUP(model_freep) struct model *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;

	problems_init(&ignored);
	m = compose_with(g, in, tree, &ignored);
	if (!g->sandbox &&
	    ((!g->is_host && use_small_config(g, m, e) < 0) || open_sandbox(g, e) < 0))
		return -1;
	b = preview_render(&g->settings, g->sandbox, m);
	if (test(g, b, e) < 0)
		return -1;
	if (g->result.passed && g->is_host && !g->result.http_included) {
		sandbox_free(TAKE(g->sandbox));
		if (use_small_config(g, m, e) < 0 || open_sandbox(g, e) < 0)
			return -1;
		return test_tree(g, in, tree, problems, found, e);
	}
	*found =
		g->result.passed ? blame_warnings(g, b) : blame_find(g->arena, b, g->live, g->text);
	add_problems(g, b, found, problems);
	for (size_t i = 0; i < found->count; i++) /* they belong to the bundle */
		found->znodes[i] = arena_strdup(g->arena, found->znodes[i]);
	return g->result.passed && !found->count;
}

/* nginx refuses the tree and names no znode of it: is it the tree, or nginx.conf by itself? */
static int blame_the_whole(struct ground *g, const struct lint_input *in, const char *message,
			   struct problems *problems, struct err *e)
{
	CLEANUP(freep) char *said = secret_mask_nginx(g->text);
	CLEANUP(tree_unrefp) struct tree *empty = tree_empty();
	struct blame found;

	if (test_tree(g, in, empty, problems, &found, e) <= 0)
		return err_set(e, ERR_REFUSED, "%s", said);
	problems_add(problems, g->ctl->settings.zookeeper.config, PROBLEM_NGINX, NULL,
		     "nginx -t refuses the config as a whole and names no znode: %s", message);
	return 1;
}

static int test_until_accepted(struct ground *g, const struct lint_input *in,
			       struct problems *problems, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *rest = without(in->tree, &(struct blame){ 0 });

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		struct blame found = { 0 };
		struct tree *less;
		int rc = test_tree(g, in, rest, problems, &found, e);

		if (rc != 0)
			return rc;
		if (!found.count)
			return blame_the_whole(g, in, found.message, problems, e);
		less = without(rest, &found);
		tree_unref(rest);
		rest = less;
	}
	return 1;
}

/* NULL: nginx can be run. */
static const char *reason_not_to(const struct ctl *ctl, struct arena *a)
{
	const char *binary = ctl->settings.nginx.binary;

	if (access(binary, X_OK) < 0)
		return arena_printf(a, "not tested with nginx -t: %s: %s", binary, strerror(errno));
	if (geteuid() != 0)
		return "not tested with nginx -t: only root can run it as the daemon does";
	return NULL;
}

bool lint_nginx_has_host(const struct ctl *ctl)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	return !reason_not_to(ctl, a) && is_host_of_fleet(&ctl->settings);
}

static char *describe(const struct ground *g)
{
	if (g->is_host)
		return NULL;
	return xasprintf("tested with nginx -t and a small nginx.conf: %s of this machine does not "
			 "include the files of a daemon",
			 g->ctl->settings.nginx.config);
}

int lint_nginx(struct ctl *ctl, const struct lint_input *in, struct problems *problems, char **note)
{
	CLEANUP(ground_fini)
	struct ground g = { .ctl = ctl, .settings = ctl->settings, .arena = arena_new() };
	const char *why = reason_not_to(ctl, g.arena);
	struct err e;

	*note = NULL;
	if (why) {
		*note = xstrdup(why);
		return 0;
	}
	progress_show("nginx -t …");
	if (ground_open(&g, &e) < 0 || test_until_accepted(&g, in, problems, &e) < 0) {
		progress_clear();
		*note = xasprintf("not tested with nginx -t: %s", e.text);
		return 0;
	}
	add_clashes(&g, in, problems);
	problems_sort(problems);
	progress_clear();
	*note = describe(&g);
	return 1;
}
