/*
 * One test of one candidate: prepare the mounts, run nginx, read its output. If the host's own
 * configuration writes to a directory that is not known yet, the sandbox learns it and runs nginx
 * again within the same deadline. What was learned is kept for later tests.
 *
 * The test owns everything that its run needs. It is freed before `done` is called, so `done` may
 * start the next test or free the sandbox.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/text/emit.h"
#include "enclosed.h"
#include "helper_channel.h"
#include "nginx_dump.h"
#include "nginx_logs.h"
#include "nginx_text.h"
#include "nginx_version.h"
#include "sandbox.h"
#include "sandbox_fallback.h"
#include "sandbox_learn.h"
#include "sandbox_master.h"
#include "sys/timing.h"

#define ROUNDS_MAX 4
#define LEARNED_MAX 32

struct test {
	struct sandbox *sandbox;
	sd_event *loop;
	char *staged;
	long master;
	uint64_t timeout, deadline; /* CLOCK_MONOTONIC */
	unsigned round;
	struct fallback *fallback;
	struct child *child;
	struct dump dump;
	void (*done)(void *ctx, const struct sandbox_result *r);
	void *ctx;
};

struct sandbox {
	struct arena *arena;
	const char *binary, *config, *pid, *log_directory, *live, *cache;
	uint64_t timeout;
	uint64_t limit; /* as well; 0 = none */
	bool namespace;
	bool of_disk; /* the binary on disk is run, whatever a master runs */
	struct nginx_version version;
	const char *learned[LEARNED_MAX];
	size_t learned_count;
	struct test *test;
	struct nginx_logs *logs;
};

/* --- the sandbox ------------------------------------------------------------------------------ */

static struct enclosed describe_run(const struct sandbox *s, enum enclosed_kind kind, long master)
{
	return (struct enclosed){ .kind = kind,
				  .of_disk = s->of_disk,
				  .has_error_option = kind == ENCLOSED_TEST &&
						      nginx_version_has_error_option(&s->version),
				  .master = master,
				  .binary = s->binary,
				  .config = s->config,
				  .prefix = s->version.paths[NGINX_PREFIX] ?: "",
				  .staged = "",
				  .live = s->live };
}

static int choose_kind(struct sandbox *s, enum sandbox_mode wanted, struct err *e)
{
	struct err why;

	if (wanted == SANDBOX_FALLBACK)
		return 0;
	s->namespace = enclosed_probe(enclosed_parent(s->arena, s->live), &why) == 0;
	if (s->namespace)
		return 0;
	if (helper_check(e) < 0)
		return -1;
	if (wanted == SANDBOX_NAMESPACE)
		return err_set(
			e, ERR_UNAVAILABLE,
			"nginx.sandbox is \"namespace\", but this host does not allow it: %s",
			why.text);
	log_warning("nginx -t runs without a sandbox, on a copy of %s: %s", s->config, why.text);
	return 0;
}

static int new_sandbox(const struct nginx_settings *settings, const char *live, const char *cache,
		       struct sandbox **out, struct err *e)
{
	CLEANUP(sandbox_freep) struct sandbox *s = xcalloc(1, sizeof(*s));
	struct arena *a = s->arena = arena_new();

	s->logs = nginx_logs_new();
	s->binary = arena_strdup(a, settings->binary);
	s->config = arena_strdup(a, settings->config);
	s->pid = arena_strdup(a, settings->pid);
	s->log_directory = arena_strdup(a, settings->log_directory ?: "");
	s->live = arena_strdup(a, live);
	s->cache = arena_strdup(a, cache);
	s->timeout = settings->test_timeout;
	if (choose_kind(s, settings->sandbox, e) < 0)
		return -1;
	fallback_sweep(s->config);
	*out = TAKE(s);
	return 0;
}

int sandbox_new(const struct nginx_settings *settings, const char *live, const char *cache,
		struct sandbox **out, struct err *e)
{
	if (new_sandbox(settings, live, cache, out, e) < 0)
		return -1;
	sandbox_meet(*out, 0);
	return 0;
}

int sandbox_new_of_disk(const struct nginx_settings *settings, const char *live, const char *cache,
			const char *version, struct sandbox **out, struct err *e)
{
	if (new_sandbox(settings, live, cache, out, e) < 0)
		return -1;
	(*out)->of_disk = true;
	if (!nginx_version_parse((*out)->arena, version, &(*out)->version))
		nginx_version_guess(&(*out)->version);
	return 0;
}

void sandbox_free(struct sandbox *s)
{
	if (!s)
		return;
	sandbox_cancel(s);
	nginx_logs_free(s->logs);
	arena_free(s->arena);
	free(s);
}

const char *sandbox_kind(const struct sandbox *s)
{
	return sandbox_mode_name(s->namespace ? SANDBOX_NAMESPACE : SANDBOX_FALLBACK);
}

/* Where there is a helper, even `nginx -V` runs enclosed. */
void sandbox_meet(struct sandbox *s, long master)
{
	CLEANUP(sandbox_master_close) struct sandbox_master m;
	struct enclosed q = describe_run(s, ENCLOSED_VERSION, master);
	struct nginx_program program = { .binary = s->binary };
	const struct nginx_version before = s->version;

	sandbox_master_open(&m, master);
	program.executable = m.executable;
	program.file = m.is_seen ? &m.program : NULL;
	if (s->namespace && helper_is_used()) {
		program.launch = helper_launch;
		program.launch_ctx = &q;
	}
	nginx_version_meet(s->arena, &program, &s->version);
	if (before.paths[NGINX_PREFIX] && helper_is_lost())
		s->version = before; /* nginx was not asked */
}

void sandbox_render_options(const struct sandbox *s, struct render_options *out)
{
	const char *log = s->version.paths[NGINX_HTTP_LOG];
	enum http_log said = nginx_logs_http(s->logs, s->config, s->live);

	out->probe_lacks_status = !s->version.has_stub_status;
	memcpy(out->lacks_zones, s->version.lacks_zones, sizeof(out->lacks_zones));
	out->nginx_version = s->version.number;
	out->has_quic = s->version.has_quic;
	out->http_log = said == HTTP_LOG_OFF ? "off" : NULL;
	if (said == HTTP_LOG_NONE && emit_text_is_valid(log, TEXT_PLAIN, NULL))
		out->http_log = log;
}

/* --- one test --------------------------------------------------------------------------------- */

static void test_free(struct test *t)
{
	child_free(t->child);
	fallback_free(t->fallback);
	dump_fini(&t->dump);
	sd_event_unref(t->loop);
	free(t->staged);
	free(t);
}
DEFINE_CLEANUP(struct test *, test_free)

void sandbox_limit(struct sandbox *s, uint64_t timeout)
{
	s->limit = timeout;
}

void sandbox_cancel(struct sandbox *s)
{
	if (s->test)
		test_free(TAKE(s->test));
}

/* All directories to which nginx is known to write. */
static void cover_written_places(const struct test *t, struct arena *a, struct enclosed *q)
{
	const struct sandbox *s = t->sandbox;
	const char *const *paths = s->version.paths;

	enclosed_cover(q, COVER_PARENT, s->pid);
	enclosed_cover(q, COVER_PARENT, paths[NGINX_PID]);
	enclosed_cover(q, COVER_LOGS, s->log_directory);
	enclosed_cover(q, COVER_CACHE, s->cache);
	enclosed_cover_log(q, a, paths[NGINX_ERROR_LOG]);
	enclosed_cover_log(q, a, paths[NGINX_HTTP_LOG]);
	for (size_t i = NGINX_BODY_TEMP; i < NGINX_PATH_N; i++)
		enclosed_cover(q, COVER_DIRECTORY, enclosed_parent(a, paths[i]));
	for (size_t i = 0; i < s->learned_count; i++)
		enclosed_cover(q, COVER_PARENT, s->learned[i]);
}

static void on_output(void *ctx, const char *bytes, size_t size)
{
	struct test *t = ctx;

	dump_feed(&t->dump, bytes, size);
}

static void on_child_done(void *ctx, const struct child_result *r);

static int spawn(struct test *t, struct child_spec *spec, struct err *e)
{
	const uint64_t at = timing_now();

	spec->deadline = t->deadline > at ? t->deadline - at : 1;
	spec->on_output = on_output;
	spec->done = on_child_done;
	spec->ctx = t;
	return child_spawn(t->loop, spec, &t->child, e);
}

static int run_enclosed(struct test *t, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct enclosed q = describe_run(t->sandbox, ENCLOSED_TEST, t->master);
	struct child_spec by_helper = { .launch = helper_launch, .launch_ctx = &q };
	struct enclosed_child child;
	int rc;

	q.staged = t->staged;
	cover_written_places(t, a, &q);
	if (helper_is_used())
		return spawn(t, &by_helper, e);
	if (enclosed_prepare(&q, a, &child, e) < 0)
		return -1;
	rc = spawn(t, &child.spec, e);
	enclosed_fini(&child);
	return rc;
}

static int run_on_copy(struct test *t, struct err *e)
{
	const struct sandbox *s = t->sandbox;
	CLEANUP(sandbox_master_close) struct sandbox_master m;
	struct enclosed q = describe_run(s, ENCLOSED_TEST, t->master);
	struct enclosed_child child;

	if (fallback_new(s->config, s->live, t->staged, &t->fallback, e) < 0)
		return -1;
	q.config = fallback_config(t->fallback);
	sandbox_master_open(&m, t->master);
	enclosed_on_copy(&q, &m, &child);
	return spawn(t, &child.spec, e);
}

static int run(struct test *t, struct err *e)
{
	const struct sandbox *s = t->sandbox;

	t->round++;
	dump_init(&t->dump, s->namespace ? s->live : t->staged, t->staged);
	return s->namespace ? run_enclosed(t, e) : run_on_copy(t, e);
}

int sandbox_test(struct sandbox *s, sd_event *loop, const char *staged, long master,
		 void (*done)(void *ctx, const struct sandbox_result *r), void *ctx, struct err *e)
{
	const uint64_t timeout = s->limit && s->limit < s->timeout ? s->limit : s->timeout;
	CLEANUP(test_freep) struct test *t = xcalloc(1, sizeof(*t));

	if (s->test)
		die("sandbox_test: one test at a time");
	*t = (struct test){ .sandbox = s,
			    .loop = sd_event_ref(loop),
			    .staged = xstrdup(staged),
			    .master = master,
			    .timeout = timeout,
			    .deadline = timing_now() + timeout,
			    .done = done,
			    .ctx = ctx };
	if (!s->of_disk)
		sandbox_meet(s, master);
	if (helper_check(e) < 0 || run(t, e) < 0)
		return -1;
	s->test = TAKE(t);
	return 0;
}

/* --- the result -------------------------------------------------------------------------- */

static char *describe(const struct test *t, const struct child_result *r)
{
	CLEANUP(freep) char *text = NULL;
	struct buf out = BUF_INIT;

	if (t->fallback)
		text = fallback_translate(t->fallback, buf_str(r->errors));
	nginx_text_put_errors(text ?: buf_str(r->errors), &out);
	if (r->timed_out)
		buf_printf(&out, "nginx -t did not end within %.1f seconds and was killed\n",
			   (double)t->timeout / (double)USEC_PER_SEC);
	else if (!r->failure && !r->exited)
		buf_printf(&out, "nginx -t was killed by signal %d (%s)\n", r->code,
			   sigdescr_np(r->code) ?: "unknown");
	if (r->failure)
		buf_printf(&out, "%s\n", r->failure);
	if (!out.size && r->exited && r->code)
		buf_printf(&out, "nginx -t ended with exit status %d and no message\n", r->code);
	return buf_take(&out);
}

static char *list_files(const struct test *t)
{
	const char *files = buf_str(&t->dump.others);

	return t->fallback ? fallback_translate(t->fallback, files) : xstrdup(files);
}

static bool is_learned(const struct sandbox *s, const char *path)
{
	for (size_t i = 0; i < s->learned_count; i++) {
		if (strcmp(s->learned[i], path) == 0)
			return true;
	}
	return false;
}

/* True: the host writes to a directory that was not known, and nginx runs again. */
static bool learn_and_rerun(struct test *t, const struct child_result *r)
{
	struct sandbox *s = t->sandbox;
	CLEANUP(freep) char *path = NULL;

	if (!s->namespace || t->round >= ROUNDS_MAX || s->learned_count >= LEARNED_MAX ||
	    r->failure || r->timed_out || !r->exited || r->code == 0)
		return false;
	path = learn_denied(buf_str(r->errors), t->staged, s->version.paths[NGINX_PREFIX]);
	if (!path || is_learned(s, path))
		return false;
	log_debug("nginx -t also needs to write to %s", path);
	s->learned[s->learned_count++] = arena_strdup(s->arena, path);
	child_free(TAKE(t->child));
	dump_fini(&t->dump);
	return run(t, NULL) == 0;
}

static void on_child_done(void *ctx, const struct child_result *r)
{
	struct test *t = ctx;
	CLEANUP(freep) char *text = describe(t, r), *files = list_files(t);
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(dump_fini) struct dump dump = { 0 };
	struct sandbox_result result = {
		.passed = !r->failure && !r->timed_out && r->exited && r->code == 0,
		.timed_out = r->timed_out,
		.failed = r->failure,
		.http_included = t->dump.found[DUMP_HTTP],
		.stream_included = t->dump.found[DUMP_STREAM],
		.files = files,
		.text = text,
	};
	void (*const done)(void *, const struct sandbox_result *) = t->done;
	void *const done_ctx = t->ctx;

	if (learn_and_rerun(t, r))
		return;
	result.host = dump_files(&t->dump, a, files, &result.host_count);
	dump = t->dump; /* NOLINT(clang-analyzer-deadcode.DeadStores): freed on return */
	t->dump = (struct dump){ 0 };
	sandbox_cancel(t->sandbox);
	done(done_ctx, &result);
}
