/* The arguments, the environment and the mounts of a run. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>
#include <zknginx/tree.h>

#include "enclosed.h"
#include "helper_channel.h"

#define PROBE_TIMEOUT (5 * USEC_PER_SEC)

void enclosed_cover(struct enclosed *q, enum cover_kind kind, const char *path)
{
	if (q->cover_count == COVERS_MAX)
		die("enclosed: too many directories to cover");
	q->covers[q->cover_count].kind = kind;
	q->covers[q->cover_count++].path = path;
}

const char *enclosed_parent(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return slash ? "/" : "";
	return arena_copy(a, path, (size_t)(slash - path));
}

void enclosed_cover_log(struct enclosed *q, struct arena *a, const char *log)
{
	if (!path_is_within(log, "/dev"))
		enclosed_cover(q, COVER_LOGS, enclosed_parent(a, log));
}

static void cover(const struct enclosed *q, struct arena *a, struct mounts *m)
{
	const char *const kept[] = { enclosed_parent(a, q->config), enclosed_parent(a, q->live),
				     q->prefix };

	for (size_t i = 0; i < q->cover_count; i++) {
		const char *path = q->covers[i].path;

		switch (q->covers[i].kind) {
		case COVER_DIRECTORY:
			mounts_cover(m, path);
			break;
		case COVER_PARENT:
			mounts_cover_of(m, path);
			break;
		case COVER_LOGS:
			mounts_cover_logs(m, path, kept, ARRAY_SIZE(kept));
			break;
		case COVER_CACHE:
		case COVER_N:
			mounts_cover_logs(m, path, NULL, 0);
			break;
		}
	}
}

static int take_mounts(const struct enclosed *q, struct arena *a, struct enclosed_child *c,
		       struct err *e)
{
	if (q->kind == ENCLOSED_VERSION)
		return 0;
	cover(q, a, &c->mounts);
	if (q->kind == ENCLOSED_PROBE)
		mounts_finish_covers(&c->mounts);
	else if (mounts_finish(&c->mounts, q->live, e) < 0)
		return -1;
	c->in.steps = c->mounts.steps;
	c->in.step_count = c->mounts.step_count;
	return 0;
}

static void put_arguments(const struct enclosed *q, struct enclosed_child *c)
{
	const char *const all[] = { "nginx",
				    q->kind == ENCLOSED_TEST ? "-T" : "-V",
				    q->kind == ENCLOSED_TEST ? "-c" : NULL,
				    q->config,
				    q->has_error_option ? "-e" : NULL,
				    "stderr" };

	for (size_t i = 0; i < ARRAY_SIZE(all) && all[i]; i++)
		c->arguments[i] = (char *)(uintptr_t)all[i];
}

static void put_program(const struct enclosed *q, const struct sandbox_master *master,
			struct enclosed_child *c)
{
	static char *const environment[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
					     (char *)"LANG=C",
					     (char *)"RES_OPTIONS=timeout:1 attempts:1", NULL };

	put_arguments(q, c);
	c->spec = (struct child_spec){
		.path = q->binary,
		.exec_fd = q->of_disk ? -1 : master->executable,
		.argv = c->arguments,
		.envp = environment,
	};
}

int enclosed_prepare(const struct enclosed *q, struct arena *a, struct enclosed_child *out,
		     struct err *e)
{
	*out = (struct enclosed_child){ 0 };
	mounts_init(&out->mounts, a);
	sandbox_master_open(&out->master, q->master);
	if (take_mounts(q, a, out, e) < 0) {
		enclosed_fini(out);
		return -1;
	}
	out->in.mount_namespace = out->master.mount_namespace;
	out->in.staged = *q->staged ? q->staged : NULL;
	out->in.files = out->master.files;
	out->in.ends = q->kind == ENCLOSED_PROBE;
	put_program(q, &out->master, out);
	out->spec.prepare = enclosure_enter;
	out->spec.prepare_ctx = &out->in;
	return 0;
}

void enclosed_on_copy(const struct enclosed *q, const struct sandbox_master *master,
		      struct enclosed_child *out)
{
	*out = (struct enclosed_child){ 0 };
	put_program(q, master, out);
}

void enclosed_fini(struct enclosed_child *c)
{
	mounts_fini(&c->mounts);
	sandbox_master_close(&c->master);
}

/* --- the probe -------------------------------------------------------------------------------- */

static void on_probed(void *ctx, const struct child_result *r)
{
	struct err *e = ctx;

	if (r->failure)
		err_set(e, ERR_UNAVAILABLE, "%s", r->failure);
	else if (!r->exited || r->code != 0)
		err_set(e, ERR_UNAVAILABLE, "sandbox: the check of the mount namespace failed");
}

int enclosed_probe(const char *directory, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct enclosed q = { .kind = ENCLOSED_PROBE,
			      .binary = "",
			      .config = "",
			      .prefix = "",
			      .staged = "",
			      .live = "" };
	struct enclosed_child child;
	struct err result = { 0 };
	int rc;

	if (*directory)
		enclosed_cover(&q, COVER_DIRECTORY, directory);
	if (enclosed_prepare(&q, a, &child, e) < 0)
		return -1;
	child.spec.deadline = PROBE_TIMEOUT;
	child.spec.done = on_probed;
	child.spec.ctx = &result;
	if (helper_is_used()) {
		child.spec.launch = helper_launch;
		child.spec.launch_ctx = &q;
	}
	rc = child_run(&child.spec, e);
	enclosed_fini(&child);
	if (rc == 0 && result.code != ERR_NONE) {
		*e = result;
		rc = -1;
	}
	return rc;
}
