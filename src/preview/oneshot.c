/*
 * Looking without touching: --dry-run shows what a deployment would change on this
 * host and whether nginx would take it, --render runs the pure path on a file.
 *
 * Neither takes the state directory's lock, so both work beside a running daemon,
 * and neither leaves anything behind but what it was asked to write.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "core/compose/compose.h"
#include "core/render/render.h"
#include "daemon.h"
#include "nginx/master.h"
#include "nginx/sandbox.h"
#include "preview.h"

#define PATIENCE (30 * USEC_PER_SEC)

/* --- files ---------------------------------------------------------------------------------- */

static int read_file(const char *path, struct buf *out, struct err *e)
{
	char chunk[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "%s", path);
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(out, chunk, (size_t)got);
	if (got < 0)
		err_sys(e, "%s", path);
	close(fd);
	return got < 0 ? -1 : 0;
}

static int write_bundle(const struct bundle *b, const char *directory, struct err *e)
{
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, bundle_file_name(f));
		FILE *out = fopen(path, "we");
		bool ok;

		if (!out)
			return err_sys(e, "%s", path);
		ok = fwrite(b->files[f].data, 1, b->files[f].size, out) == b->files[f].size;
		if (fclose(out) != 0 || !ok)
			return err_sys(e, "%s", path);
	}
	return 0;
}

static void print_problems(const struct problems *ps)
{
	for (size_t i = 0; i < ps->count; i++) {
		const struct problem *p = &ps->items[i];
		char line[32] = "";

		if (p->line)
			snprintf(line, sizeof(line), "line %u: ", p->line);
		log_warning("%s: %s: %s%s%s%s (serving: %s)", p->znode, problem_kind_name(p->kind),
			    line, p->field, *p->field ? ": " : "", p->message,
			    serving_name(p->serving));
	}
}

/* --- --render ------------------------------------------------------------------------------- */

static struct tree *empty_tree(void)
{
	struct tree_builder b;
	struct tree *t;

	tree_builder_init(&b);
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	return t;
}

static struct model *compose_tree(const struct settings *s, const struct tree *tree,
				  const struct tree *accepted, const struct model *good,
				  struct problems *problems)
{
	struct policy policy = policy_from_settings(s);
	struct compose_input in = {
		.tree = tree,
		.accepted = accepted,
		.good = good,
		.root = s->zookeeper.config,
		.policy = &policy,
		.now = timing_now(),
	};

	return compose(&in, problems, NULL);
}

/* sandbox: tells what the nginx of this host is like; NULL: not known. */
static struct bundle *render_model(const struct settings *s, const struct sandbox *sandbox,
				   const struct model *m)
{
	CLEANUP(freep) char *cache = xasprintf("%s/cache", s->state.directory);
	struct render_options options = {
		.log_directory = s->nginx.log_directory,
		.cache_directory = cache,
		.probe = s->nginx.probe,
	};

	if (sandbox && options.probe && *options.probe)
		sandbox_render_options(sandbox, &options);
	return render(m, &options);
}

static int render_text(const struct settings *s, const struct buf *text, const char *name,
		       const char *directory, struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *tree = NULL;
	CLEANUP(tree_unrefp) struct tree *nothing = empty_tree();
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	struct problems problems;

	if (tree_parse(buf_str(text), text->size, name, &tree, e) < 0)
		return -1;
	problems_init(&problems);
	m = compose_tree(s, tree, nothing, good, &problems);
	b = render_model(s, NULL, m);
	print_problems(&problems);
	problems_fini(&problems);
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "%s", directory);
	return write_bundle(b, directory, e);
}

int oneshot_render(const struct settings *settings, const char *tree_file, const char *directory)
{
	struct buf text = BUF_INIT;
	struct err e;
	int rc = read_file(tree_file, &text, &e);

	if (rc == 0)
		rc = render_text(settings, &text, tree_file, directory, &e);
	if (rc < 0)
		log_error("%s", e.text);
	buf_fini(&text);
	return rc < 0 ? 1 : 0;
}

/* --- --dry-run ------------------------------------------------------------------------------ */

struct dry_run {
	const struct settings *settings;
	sd_event *loop;
	struct mirror *mirror;
	struct discovery discovery;
	struct sandbox *sandbox;
	struct tree *newest, *accepted;
	struct preview *preview;
	struct host_config host_config;
	char directory[64]; /* where the candidate is written */
	char *live;
	int exit_code;
};

/* diff(1) does what it does best; -N, because there may be no live file yet. */
static void show_diff(const struct dry_run *d, enum bundle_file f)
{
	extern char **environ;
	CLEANUP(freep) char *old = xasprintf("%s/%s", d->live, bundle_file_name(f));
	CLEANUP(freep) char *new = xasprintf("%s/%s", d->directory, bundle_file_name(f));
	char *argv[] = { "diff", "-u", "-N", "--label", old, "--label", new, old, new, NULL };
	pid_t pid;
	int status;

	fflush(stdout);
	if (posix_spawnp(&pid, "diff", NULL, NULL, argv, environ) != 0) {
		log_error("diff cannot be run; the candidate differs or not, nobody can say");
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static void on_tested(void *ctx, const struct sandbox_result *r)
{
	struct dry_run *d = ctx;

	if (r->passed && r->http_included)
		log_info("nginx -t takes it");
	else if (r->passed)
		log_warning("nginx -t takes it, but nginx.conf does not include %s/http.conf",
			    d->live);
	else
		log_error("nginx -t refuses it: %s", r->timed_out ? "no answer in time" : r->text);
	d->exit_code = r->passed ? 0 : 1;
	sd_event_exit(d->loop, 0);
}

static int test(struct dry_run *d, struct err *e)
{
	struct master master;
	long pid = 0;

	if (master_find(d->settings->nginx.pid, d->settings->nginx.binary, &master, NULL) == 0) {
		pid = master.pid;
		master_fini(&master);
	}
	return sandbox_test(d->sandbox, d->loop, d->directory, pid, on_tested, d, e);
}

/* What is wrong with the overrides of the newest tree is told beside what is wrong with the model.
 */
static void check_overrides(const struct dry_run *d, const struct model *m, struct problems *ps)
{
	CLEANUP(overrides_freep) struct overrides *o = overrides_new();
	const struct zookeeper_settings *z = &d->settings->zookeeper;

	overrides_read(o, d->newest, z->cluster, timing_now(), timing_wall());
	overrides_problems(o, d->newest, z->config, m, ps);
	problems_sort(ps);
}

static int show(struct dry_run *d, struct tree *tree, struct err *e)
{
	CLEANUP(model_freep) struct model *good = NULL, *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	struct policy policy = policy_from_settings(d->settings);
	struct problems problems;
	bool follows;

	good = compose_accepted(d->accepted, d->settings->zookeeper.config, &policy, NULL);
	host_config_init(&d->host_config, d->live, good);
	problems_init(&problems);
	mirror_problems(d->mirror, &problems);
	m = compose_tree(d->settings, tree, d->accepted, good, &problems);
	follows = discovery_follow(&d->discovery, m, d->mirror);
	check_overrides(d, m, &problems);
	if (!follows)
		print_problems(&problems);
	problems_fini(&problems);
	if (follows)
		return 0; /* with the tree that has these paths too */
	b = render_model(d->settings, d->sandbox, m);
	if (write_bundle(b, d->directory, e) < 0)
		return -1;
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++)
		show_diff(d, f);
	return test(d, e);
}

static void show_permitted(void *ctx)
{
	struct dry_run *d = ctx;
	CLEANUP(tree_unrefp) struct tree *tree = preview_tree(d->preview, d->newest);
	struct err e;

	if (!tree || show(d, tree, &e) == 0)
		return;
	log_error("%s", e.text);
	sd_event_exit(d->loop, 0);
}

static void on_tree(void *ctx, struct tree *tree)
{
	struct dry_run *d = ctx;

	tree_unref(d->newest);
	d->newest = tree_ref(tree);
	show_permitted(d);
}

static int on_timeout(sd_event_source *s UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct dry_run *d = userdata;

	log_error("no answer from ZooKeeper at %s", d->settings->zookeeper.hosts);
	return sd_event_exit(d->loop, 0);
}

static void on_mirror_state(void *ctx UNUSED)
{
}

static int dry_run(struct dry_run *d, struct err *e)
{
	static const struct mirror_ops ops = { on_tree, on_mirror_state };
	const struct settings *s = d->settings;
	CLEANUP(freep) char *cache = xasprintf("%s/cache", s->state.directory);
	CLEANUP(model_freep) struct model *nothing = model_new();
	CLEANUP(freep) struct mirror_root *roots = NULL;
	size_t root_count;

	d->live = xasprintf("%s/live", s->state.directory);
	strcpy(d->directory, "/tmp/zknginx-dry-run-XXXXXX");
	if (!mkdtemp(d->directory))
		return err_sys(e, "%s", d->directory);
	discovery_init(&d->discovery, &s->zookeeper);
	roots = discovery_roots(&d->discovery, nothing, &root_count);
	if (stage_peek_tree(s->state.directory, &d->accepted, e) < 0)
		return -1;
	d->preview = preview_new(d->loop, s, d->accepted, show_permitted, d);
	if (sandbox_new(&s->nginx, d->live, cache, &d->sandbox, e) < 0 ||
	    mirror_new(d->loop, "mirror", &s->zookeeper, roots, root_count, &ops, d, &d->mirror,
		       e) < 0)
		return -1;
	if (sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, PATIENCE, 0, on_timeout, d) <
	    0)
		die("sd-event: no timer");
	sd_event_loop(d->loop);
	return 0;
}

static void dry_run_fini(struct dry_run *d)
{
	sandbox_free(d->sandbox);
	mirror_free(d->mirror);
	preview_free(d->preview);
	tree_unref(d->newest);
	tree_unref(d->accepted);
	discovery_fini(&d->discovery);
	for (enum bundle_file f = 0; d->directory[0] && f < BUNDLE_FILE_N; f++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", d->directory, bundle_file_name(f));

		unlink(path);
	}
	if (d->directory[0])
		rmdir(d->directory);
	free(d->live);
	sd_event_unref(d->loop);
}

int oneshot_dry_run(const char *settings_path, bool missing_ok)
{
	CLEANUP(settings_freep) struct settings_file *file = NULL;
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct dry_run d = { .exit_code = 1 };
	struct err e;

	if (settings_load(settings_path, missing_ok, &file, &errors) < 0) {
		settings_errors_log(&errors, "");
		return 2;
	}
	d.settings = settings_get(file);
	if (sd_event_default(&d.loop) < 0)
		die("sd-event: no loop");
	if (dry_run(&d, &e) < 0)
		log_error("%s", e.text);
	dry_run_fini(&d);
	return d.exit_code;
}
