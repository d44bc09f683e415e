/* A tree checked offline: compose, render, diff, nginx -t. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "core/check/failures.h"
#include "core/compose/compose.h"
#include "core/compose/zones.h"
#include "core/render/render.h"
#include "core/text/secret.h"
#include "nginx/host_files.h"
#include "nginx/master.h"
#include "nginx/nginx_text.h"
#include "nginx/nginx_trusted_ca.h"
#include "nginx/sandbox.h"
#include "preview.h"
#include "sys/disk.h"
#include "sys/timing.h"

void preview_log_problems(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		problem_print(p, &text);
		log_warning("%s: %s: %s (serving: %s)", p->znode, problem_kind_name(p->kind),
			    buf_str(&text), serving_name(p->serving));
	}
}

struct model *preview_compose_input(const struct settings *s, struct compose_input in,
				    struct problems *problems)
{
	struct policy policy = policy_from_settings(s);

	in.root = s->zookeeper.config;
	in.policy = &policy;
	in.vars = s->vars;
	in.now = timing_now();
	return compose(&in, problems, NULL);
}

struct host_claims *preview_host_claims(const struct settings *s)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *live = arena_printf(a, "%s/live", s->state.directory);
	struct host_file *files;
	size_t count;

	return host_files_read(a, s->nginx.config, live, &files, &count)
		       ? host_claims_read(files, count)
		       : NULL;
}

static char *cache_directory(const struct settings *s)
{
	return xasprintf("%s/cache", s->state.directory);
}

struct bundle *preview_render(const struct settings *s, const struct sandbox *sandbox,
			      const struct model *m)
{
	CLEANUP(freep) char *cache = cache_directory(s);
	struct render_options options = {
		.log_directory = s->nginx.log_directory,
		.cache_directory = cache,
		.trusted_ca = nginx_trusted_ca(&s->nginx),
		.probe = s->nginx.probe,
	};

	if (sandbox)
		sandbox_render_options(sandbox, &options);
	return render(m, &options);
}

int preview_write(const struct bundle *b, const char *directory, struct err *e)
{
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", directory, bundle_file_name(f));

		if (disk_replace_path(path, 0640, bundle_text(b, (enum bundle_file)f)->data,
				      bundle_text(b, (enum bundle_file)f)->size, DISK_VOLATILE,
				      e) < 0)
			return -1;
	}
	return 0;
}

/* --- a file --------------------------------------------------------------------------------- */

static int render_tree(const struct settings *s, const struct tree *tree, const char *directory,
		       struct err *e)
{
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();
	CLEANUP(model_freep) struct model *good = model_new(), *m = NULL;
	CLEANUP(bundle_unrefp) struct bundle *b = NULL;
	struct problems problems;
	int count;

	problems_init(&problems);
	m = preview_compose_input(
		s, (struct compose_input){ .tree = tree, .accepted = nothing, .good = good },
		&problems);
	b = preview_render(s, NULL, m);
	preview_log_problems(&problems);
	count = (int)problems.count;
	problems_fini(&problems);
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "%s", directory);
	return preview_write(b, directory, e) < 0 ? -1 : count;
}

int preview_render_file(const struct settings *settings, const char *tree_file,
			const char *directory, struct err *e)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	CLEANUP(tree_unrefp) struct tree *tree = NULL;

	if (disk_read_any(tree_file, SIZE_MAX, &text, e) < 0 ||
	    tree_parse(buf_str(&text), text.size, tree_file, &tree, e) < 0)
		return -1;
	return render_tree(settings, tree, directory, e);
}

/* --- a candidate of this host --------------------------------------------------------------- */

struct preview {
	const struct settings *settings;
	const struct tree *accepted;
	struct model *good; /* what nginx runs */
	struct sandbox *sandbox;
	struct drains drains;
	char *live;
	char directory[64]; /* of the candidate's files; "" = not made yet */
	void (*on_done)(void *ctx, bool passed);
	void *ctx;
};

/* Which servers are the default ones, and the sizes of zones, are known from the live files only.
 */
static void adopt_live(struct preview *p)
{
	for (enum bundle_file i = 0; i < BUNDLE_FILE_N; i++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", p->live, bundle_file_name(i));
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		if (nginx_text_read(path, &text, NULL) < 0)
			continue;
		if (i == BUNDLE_HTTP)
			link_adopt_defaults(p->good, buf_str(&text), text.size);
		zones_adopt(p->good, buf_str(&text), text.size);
		failures_adopt(p->good, buf_str(&text), text.size);
	}
}

static int open_preview(struct preview *p, struct err *e)
{
	const struct settings *s = p->settings;
	struct policy policy = policy_from_settings(s);
	CLEANUP(freep) char *cache = cache_directory(s);

	p->live = xasprintf("%s/live", s->state.directory);
	p->good = compose_accepted(p->accepted, s->zookeeper.config, &policy, NULL);
	adopt_live(p);
	strcpy(p->directory, "/tmp/zknginx-dry-run-XXXXXX");
	if (!mkdtemp(p->directory)) {
		err_sys(e, "%s", p->directory);
		p->directory[0] = '\0';
		return -1;
	}
	return sandbox_new(&s->nginx, p->live, cache, &p->sandbox, e);
}

int preview_new(const struct settings *settings, const struct tree *accepted, struct preview **out,
		struct err *e)
{
	CLEANUP(preview_freep) struct preview *p = xcalloc(1, sizeof(*p));

	p->settings = settings;
	p->accepted = accepted;
	if (open_preview(p, e) < 0)
		return -1;
	*out = TAKE(p);
	return 0;
}

void preview_free(struct preview *p)
{
	if (!p)
		return;
	for (enum bundle_file f = 0; p->directory[0] && f < BUNDLE_FILE_N; f++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", p->directory, bundle_file_name(f));

		unlink(path);
	}
	if (p->directory[0])
		rmdir(p->directory);
	sandbox_free(p->sandbox);
	model_free(p->good);
	free(p->live);
	free(p);
}

void preview_use_drains(struct preview *p, struct drains drains)
{
	p->drains = drains;
}

struct model *preview_compose(struct preview *p, const struct tree *tree, struct problems *problems)
{
	CLEANUP(host_claims_freep) struct host_claims *host = preview_host_claims(p->settings);

	return preview_compose_input(
		p->settings,
		(struct compose_input){ .tree = tree,
					.accepted = p->accepted,
					.good = p->good,
					.host = host,
					.drains = p->drains,
					.failures = failures_of(p->good, p->good->arena) },
		problems);
}

/* -N: there may be no live file yet. */
static void show_diff(const struct preview *p, enum bundle_file f)
{
	extern char **environ;
	CLEANUP(freep) char *old = xasprintf("%s/%s", p->live, bundle_file_name(f));
	CLEANUP(freep) char *new = xasprintf("%s/%s", p->directory, bundle_file_name(f));
	char *argv[] = { "diff", "-u", "-N", "--label", old, "--label", new, old, new, NULL };
	pid_t pid;
	int status;

	fflush(stdout);
	if (posix_spawnp(&pid, "diff", NULL, NULL, argv, environ) != 0) {
		log_error("cannot run diff(1): the changes of %s are not shown",
			  bundle_file_name(f));
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

int preview_show(struct preview *p, const struct model *m, struct err *e)
{
	CLEANUP(bundle_unrefp) struct bundle *b = preview_render(p->settings, p->sandbox, m);

	if (preview_write(b, p->directory, e) < 0)
		return -1;
	for (enum bundle_file f = 0; f < BUNDLE_FILE_N; f++)
		show_diff(p, f);
	return 0;
}

static void on_tested(void *ctx, const struct sandbox_result *r)
{
	CLEANUP(freep) char *text = secret_mask_nginx(r->text ?: "");
	struct preview *p = ctx;

	if (r->passed && r->http_included)
		log_info("nginx -t accepts it");
	else if (r->passed)
		log_warning("nginx -t accepts it, but nginx.conf does not include %s/http.conf",
			    p->live);
	else if (r->failed)
		log_error("nginx -t could not be run: %s", text);
	else
		log_error("nginx -t refuses it: %s", r->timed_out ? "no answer in time" : text);
	p->on_done(p->ctx, r->passed);
}

long preview_master(const struct nginx_settings *s)
{
	struct master master;
	long pid = 0;

	if (master_find(s->pid, s->binary, &master, NULL) == 0) {
		pid = master.pid;
		master_fini(&master);
	}
	return pid;
}

int preview_test(struct preview *p, sd_event *loop, void (*on_done)(void *ctx, bool passed),
		 void *ctx, struct err *e)
{
	p->on_done = on_done;
	p->ctx = ctx;
	return sandbox_test(p->sandbox, loop, p->directory, preview_master(&p->settings->nginx),
			    on_tested, p, e);
}
