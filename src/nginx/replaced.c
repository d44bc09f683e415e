/*
 * First `nginx -V` is asked, then the live generation is tested. Both run beside the loop, because
 * a file that replaces nginx may be anything, also a script that never ends.
 *
 * A verdict is about certain files on disk, a certain generation and a certain nginx.conf. While
 * one of them has changed and is not tested yet, the last verdict stays.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/text/secret.h"
#include "helper_channel.h"
#include "nginx_version.h"
#include "program.h"
#include "replaced.h"
#include "sandbox.h"
#include "sys/timing.h"

#define QUIET (5 * USEC_PER_SEC)             /* without another change of the files */
#define INSTALL_MAX (15 * 60 * USEC_PER_SEC) /* a package manager may wait for an answer */
#define ASK_TIMEOUT (5 * USEC_PER_SEC)
#define RETRY (30 * USEC_PER_SEC)

/* What a verdict is about. */
struct subject {
	struct digest files;
	unsigned long generation, conf;
};

struct replaced {
	sd_event *loop;
	const struct nginx_settings *nginx;
	struct stage *stage;
	void (*on_change)(void *ctx);
	void *ctx;

	enum replaced_state state;
	char *message;   /* with REFUSES */
	bool has_tested; /* `tested` was tested, or could not be */
	struct subject tested;
	uint64_t retry_at; /* NEVER: the verdict does not depend on anything else */
	bool lacks_status;

	struct digest seen; /* the files at the last look */
	uint64_t seen_since;

	/* The test; both NULL: none runs. */
	struct child *question;
	struct sandbox *sandbox;
	struct subject subject;
	long master;
};

/* --- the verdict ------------------------------------------------------------------------------ */

static void log_verdict(const struct replaced *r)
{
	switch (r->state) {
	case REPLACED_NOT:
		break; /* logged by end() */
	case REPLACED_PASSES:
		log_notice("nginx was replaced on disk; %s -t accepts the live configuration",
			   r->nginx->binary);
		break;
	case REPLACED_REFUSES:
		log_error("nginx was replaced on disk, and %s -t refuses the live configuration: "
			  "%s; the running nginx goes on, but a start of nginx would fail",
			  r->nginx->binary, r->message);
		break;
	case REPLACED_MISSING:
		log_error("%s is missing; the running nginx goes on, but it cannot be started "
			  "again",
			  r->nginx->binary);
		break;
	}
}

static void become(struct replaced *r, enum replaced_state state, char *message)
{
	bool is_same = state == r->state && strcmp(message ?: "", r->message ?: "") == 0;

	free(r->message);
	r->message = message;
	r->state = state;
	r->retry_at = state == REPLACED_REFUSES ? timing_now() + RETRY : NEVER;
	if (is_same)
		return;
	log_verdict(r);
	r->on_change(r->ctx);
}

/* nginx's own sentence: the first line of the gravest level; else all that was written. */
static char *sentence_of(const char *text)
{
	CLEANUP(freep) char *masked = secret_mask_nginx(text);
	const char *at = strstr(masked, "[emerg] ");

	at = at ?: masked;
	return strndup(at, strcspn(at, "\n"));
}

/* --- the test --------------------------------------------------------------------------------- */

void replaced_pause(struct replaced *r)
{
	child_free(TAKE(r->question));
	sandbox_free(TAKE(r->sandbox));
}

static void note_subject(struct replaced *r, const struct subject *s)
{
	r->tested = *s;
	r->has_tested = true;
}

/* The sandbox could not be made, so nothing is known. */
static void give_up(struct replaced *r, const char *why)
{
	log_warning("the nginx on disk cannot be tested: %s", why);
	r->retry_at = timing_now() + RETRY;
}

/* Was it the binary that could not be run, and not the sandbox that could not be made? */
static bool is_about_binary(const struct replaced *r, const char *text)
{
	return strncmp(text, r->nginx->binary, strlen(r->nginx->binary)) == 0;
}

static void on_tested(void *ctx, const struct sandbox_result *result)
{
	struct replaced *r = ctx;
	CLEANUP(freep) char *message = sentence_of(result->text);

	sandbox_free(TAKE(r->sandbox));
	note_subject(r, &r->subject);
	if (result->failed && !is_about_binary(r, message))
		give_up(r, message);
	else if (result->passed)
		become(r, REPLACED_PASSES, NULL);
	else
		become(r, REPLACED_REFUSES, TAKE(message));
}

static void run_test(struct replaced *r, const char *version)
{
	CLEANUP(freep)
	char *directory = stage_generation_directory(r->stage, r->subject.generation);
	struct err e;

	if (sandbox_new_of_disk(r->nginx, stage_live_directory(r->stage),
				stage_cache_directory(r->stage), version, &r->sandbox, &e) == 0 &&
	    sandbox_test(r->sandbox, r->loop, directory, r->master, on_tested, r, &e) == 0)
		return;
	sandbox_free(TAKE(r->sandbox));
	note_subject(r, &r->subject);
	give_up(r, e.text);
}

static void note_version(struct replaced *r, const char *text)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct nginx_version v = { 0 };
	bool lacks = nginx_version_parse(a, text, &v) && !v.has_stub_status;

	if (lacks == r->lacks_status)
		return;
	r->lacks_status = lacks;
	r->on_change(r->ctx);
}

static void on_version(void *ctx, const struct child_result *result)
{
	struct replaced *r = ctx;
	bool answered = !result->failure && result->exited && result->code == 0;
	CLEANUP(freep) char *text = xstrdup(answered ? buf_str(result->errors) : "");

	child_free(TAKE(r->question));
	run_test(r, text);
	note_version(r, text);
}

static void begin_test(struct replaced *r, const struct master *m, const struct subject *s)
{
	static char *const environment[] = { (char *)"LANG=C", NULL };
	static char *const arguments[] = { (char *)"nginx", (char *)"-V", NULL };
	const struct child_spec spec = {
		.path = r->nginx->binary,
		.exec_fd = -1,
		.argv = arguments,
		.envp = environment,
		.deadline = ASK_TIMEOUT,
		.done = on_version,
		.ctx = r,
	};
	struct err e;

	r->subject = *s;
	r->master = m->pid;
	if (child_spawn(r->loop, &spec, &r->question, &e) < 0)
		run_test(r, "");
}

/* --- when ------------------------------------------------------------------------------------- */

/* Files are replaced one after the other: a test in the middle would say nothing. */
static bool is_quiet(const struct replaced *r)
{
	uint64_t quiet = timing_now() - r->seen_since;

	return quiet >= QUIET && (quiet >= INSTALL_MAX || !program_is_being_installed());
}

static bool is_tested(const struct replaced *r, const struct subject *s)
{
	return r->has_tested && digest_equal(&r->tested.files, &s->files) &&
	       r->tested.generation == s->generation && r->tested.conf == s->conf &&
	       timing_now() < r->retry_at;
}

static void end(struct replaced *r, bool runs)
{
	replaced_pause(r);
	r->seen_since = 0;
	r->has_tested = false;
	r->lacks_status = false;
	if (r->state == REPLACED_NOT)
		return;
	log_notice("%s",
		   runs ? "the nginx that runs is the one on disk again"
			: "nginx does not run any more: its next start uses the nginx on disk");
	become(r, REPLACED_NOT, NULL);
}

static void note_files(struct replaced *r, const struct digest *files)
{
	if (r->seen_since && digest_equal(&r->seen, files))
		return;
	if (!r->seen_since)
		log_info("nginx was replaced on disk while it runs");
	r->seen = *files;
	r->seen_since = timing_now();
	replaced_pause(r); /* it may have run something that is half replaced */
}

void replaced_look(struct replaced *r, const struct master *m, unsigned long conf)
{
	struct subject now = { .generation = stage_live(r->stage), .conf = conf };
	struct program program;

	if ((m && m->upgrading) || helper_is_lost())
		return;
	if (m)
		program_look(m, r->nginx->binary, &program);
	if (!m || !program.differs) {
		end(r, m);
		return;
	}
	now.files = program.files;
	note_files(r, &now.files);
	if (r->question || r->sandbox || is_tested(r, &now) || !is_quiet(r))
		return;
	if (program.lacks_binary) {
		note_subject(r, &now);
		become(r, REPLACED_MISSING, NULL);
	} else {
		begin_test(r, m, &now);
	}
}

/* --- the whole -------------------------------------------------------------------------------- */

enum replaced_state replaced_state(const struct replaced *r, const char **message)
{
	*message = r->message ?: "";
	return r->state;
}

bool replaced_lacks_status(const struct replaced *r)
{
	return r->lacks_status;
}

void replaced_configure(struct replaced *r, const struct nginx_settings *nginx)
{
	r->nginx = nginx;
	r->has_tested = false;
}

struct replaced *replaced_new(sd_event *loop, const struct nginx_settings *nginx,
			      struct stage *stage, void (*on_change)(void *ctx), void *ctx)
{
	struct replaced *r = xcalloc(1, sizeof(*r));

	*r = (struct replaced){ .loop = sd_event_ref(loop),
				.nginx = nginx,
				.stage = stage,
				.on_change = on_change,
				.ctx = ctx,
				.retry_at = NEVER };
	return r;
}

void replaced_free(struct replaced *r)
{
	if (!r)
		return;
	replaced_pause(r);
	sd_event_unref(r->loop);
	free(r->message);
	free(r);
}
