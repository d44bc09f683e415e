/* What is not known here: which step comes next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_trust.h"
#include "core/deploy/warnings.h"
#include "core/text/secret.h"
#include "nginx_trusted_ca.h"
#include "pipeline.h"
#include "pipeline_settings.h"
#include "sandbox.h"
#include "sys/timing.h"

/* --- stage and test ------------------------------------------------------------------------- */

static void on_tested(void *ctx, const struct sandbox_result *r);

static void fail(struct pipeline *p, enum host_condition condition, enum reload_event event,
		 const struct err *e)
{
	flight_fail(&p->flight, condition, "%s", e->text);
	p->on_event(p->ctx, event);
}

static int start_test(struct pipeline *p, struct err *e)
{
	struct flight *f = &p->flight;
	const struct master *m = instance_master(p->instance);
	CLEANUP(freep) char *directory = stage_generation_directory(p->stage, f->generation);

	p->tests++;
	sandbox_limit(p->sandbox, f->timeout);
	if (f->work != FLIGHT_TEST)
		instance_test_begins(p->instance);
	return sandbox_test(p->sandbox, p->loop, directory, m ? m->pid : 0, on_tested, p, e);
}

void pipeline_check(struct pipeline *p)
{
	struct flight *f = &p->flight;
	struct err e;

	if (conf_trust_check(p->nginx->config, &e) < 0) {
		fail(p, HOST_CONF_WRITABLE, RELOAD_EV_CHECK_FAILED, &e);
		return;
	}
	if (!flight_is_live(f) &&
	    stage_write(p->stage, f->bundle, f->revision, &f->generation, &e) < 0) {
		fail(p, HOST_STATE_DIRECTORY, RELOAD_EV_STAGE_FAILED, &e);
		return;
	}
	f->is_staged = !flight_is_live(f);
	flight_took(f, STEP_STAGE);
	if (start_test(p, &e) < 0) {
		fail(p, HOST_TEST_UNAVAILABLE, RELOAD_EV_CHECK_FAILED, &e);
		return;
	}
	if (flight_is_published(f) && stage_sync(p->stage, f->generation, &e) < 0) {
		sandbox_cancel(p->sandbox);
		fail(p, HOST_STATE_DIRECTORY, RELOAD_EV_STAGE_FAILED, &e);
	}
}

static enum reload_event passed(struct pipeline *p, const struct sandbox_result *r)
{
	struct flight *f = &p->flight;
	struct err e;

	if (f->work == FLIGHT_TEST) {
		f->result = DEPLOY_PROVED;
		return RELOAD_EV_PROVED;
	}
	if (conf_trust_check_files(r->files, &e) < 0) {
		flight_fail(f, HOST_CONF_WRITABLE, "%s", e.text);
		return RELOAD_EV_CHECK_FAILED;
	}
	if (flight_is_published(f) && flight_refuse_warning(f, p->known_warnings ?: ""))
		return RELOAD_EV_CHECK_FAILED;
	return flight_is_done(f) && hostconf_is_included(instance_hostconf(p->instance))
		       ? RELOAD_EV_CURRENT
		       : RELOAD_EV_CHECK_OK;
}

static enum reload_event refused(struct pipeline *p, const struct sandbox_result *r)
{
	CLEANUP(freep) char *text = secret_mask_nginx(r->text);
	struct flight *f = &p->flight;

	f->timed_out = r->timed_out;
	if (r->failed)
		flight_fail(f, HOST_TEST_UNAVAILABLE, "nginx -t cannot be run: %s", text);
	else
		flight_result(f, DEPLOY_REFUSED, "%s", r->text);
	if (!flight_is_done(f))
		return RELOAD_EV_CHECK_FAILED;
	/* nginx runs these very bytes: the host's own configuration is broken */
	log_warning("nginx runs generation %lu, but nginx -t refuses it: %s", f->generation, text);
	return RELOAD_EV_CURRENT;
}

/* Include lines that were missing have come back: what nginx runs is known again. */
static void reconsider(struct flight *f, const struct pipeline *p)
{
	if (f->work == FLIGHT_SIGNAL || f->work == FLIGHT_NOTHING)
		f->work = instance_runs_live(p->instance) ? FLIGHT_NOTHING : FLIGHT_SIGNAL;
}

static void on_tested(void *ctx, const struct sandbox_result *r)
{
	struct pipeline *p = ctx;
	struct flight *f = &p->flight;
	uint64_t duration = timing_now() - f->mark;
	bool needs_stream = !bundle_text_is_empty(bundle_text(f->bundle, BUNDLE_STREAM));

	f->tested = true;
	f->passed = r->passed;
	flight_took(f, STEP_CHECK);
	histogram_add(r->passed ? &p->tests_passed : &p->tests_refused,
		      (double)duration / (double)USEC_PER_SEC);
	if (r->passed)
		warnings_read(r->text, stage_live_directory(p->stage), &f->warnings);
	if (f->work != FLIGHT_TEST) {
		if (instance_test_ended(p->instance, r, needs_stream, duration))
			reconsider(f, p);
	} else if (r->passed) {
		instance_note_duration(p->instance, duration);
	}
	p->on_event(p->ctx, r->passed ? passed(p, r) : refused(p, r));
}

/* --- publish and signal --------------------------------------------------------------------- */

/* nginx has all of it already, unless another nginx was started meanwhile. */
static bool is_current(struct pipeline *p)
{
	if (p->flight.work != FLIGHT_PERSIST)
		return false;
	instance_look(p->instance);
	if (instance_runs_live(p->instance))
		return true;
	p->flight.work = FLIGHT_PUBLISH;
	return false;
}

static void sync_link(struct pipeline *p)
{
	struct err e;

	if (!flight_is_live(&p->flight) && stage_settle(p->stage, &e) < 0)
		log_error("generation %lu is live but was not synced to disk, so a crash of the "
			  "host may lose it: %s",
			  p->flight.generation, e.text);
}

static void publish_now(struct pipeline *p)
{
	struct flight *f = &p->flight;
	bool current = is_current(p);
	const char *name;
	struct err e;

	if (!flight_is_live(f) && stage_switch(p->stage, f->generation, &e) < 0) {
		fail(p, HOST_STATE_DIRECTORY, RELOAD_EV_PUBLISH_FAILED, &e);
		return;
	}
	f->is_staged = false;
	flight_took(f, STEP_PUBLISH);
	if (current) {
		sync_link(p);
		/* their bytes are read now, so that the next change of servers does not wait */
		stage_live_is_intact(p->stage, &name);
	}
	p->on_event(p->ctx, current ? RELOAD_EV_CURRENT : RELOAD_EV_PUBLISHED);
}

/* A master that does not include the files does not read them. */
static const struct master *reader(const struct pipeline *p)
{
	return hostconf_is_included(instance_hostconf(p->instance))
		       ? instance_signallable(p->instance)
		       : NULL;
}

static void on_quiet(void *ctx, bool is_quiet)
{
	struct pipeline *p = ctx;

	if (is_quiet) {
		publish_now(p);
		return;
	}
	flight_fail(&p->flight, HOST_NGINX_BUSY,
		    "the nginx master (process %d) was not idle for %.0f s, so SIGHUP was not "
		    "sent; nothing was changed",
		    (int)reader(p)->pid, (double)p->nginx->reload_timeout / (double)USEC_PER_SEC);
	p->on_event(p->ctx, RELOAD_EV_TIMED_OUT);
}

void pipeline_publish(struct pipeline *p)
{
	quiet_wait(&p->quiet, reader(p), timing_now() + p->nginx->reload_timeout);
}

static int send_hup(struct pipeline *p, struct err *e)
{
	if (verify_send_hup(&p->verify, p->nginx->config, p->nginx->reload_timeout, e) < 0)
		return -1;
	p->spacing.last_sent = p->verify.sent;
	p->reloads++;
	return 0;
}

/* Sends SIGHUP, or says in an event why not. */
static enum reload_event try_hup(struct pipeline *p)
{
	struct err e;

	if (!hostconf_is_included(instance_hostconf(p->instance)))
		return RELOAD_EV_NOT_INCLUDED;
	instance_look(p->instance);
	if (!instance_signallable(p->instance))
		return RELOAD_EV_MASTER_ABSENT;
	if (send_hup(p, &e) < 0) {
		flight_result(&p->flight, DEPLOY_DEFERRED, "%s", e.text);
		return RELOAD_EV_MASTER_ABSENT;
	}
	return RELOAD_EV_SIGNALLED;
}

void pipeline_signal(struct pipeline *p)
{
	enum reload_event event = try_hup(p);

	flight_took(&p->flight, STEP_SIGNAL);
	sync_link(p);
	p->on_event(p->ctx, event);
}

/* --- verify, and go back -------------------------------------------------------------------- */

void pipeline_verify(struct pipeline *p)
{
	verify_begin(&p->verify, bundle_marker(p->flight.bundle));
}

void pipeline_settle(struct pipeline *p)
{
	p->is_settling = true;
	verify_settle(&p->verify);
}

static void explain(struct pipeline *p, enum deploy_result result, const char *what)
{
	p->flight.result = result;
	verify_explain(&p->verify, what, &p->flight.message);
}

static void note_master_gone(struct pipeline *p, const char *when)
{
	enum deploy_result result = p->is_recovering ? p->flight.result : DEPLOY_DEFERRED;

	instance_look(p->instance);
	if (instance_master(p->instance))
		flight_result(&p->flight, result,
			      "nginx is stopping: all its workers leave, and it handles no SIGHUP");
	else
		flight_result(&p->flight, result, "nginx ended %s\n", when);
}

static void note_recovery(struct pipeline *p, enum reload_event verdict)
{
	unsigned long good = p->flight.reverted_to;

	if (verdict == RELOAD_EV_ACCEPTED) {
		instance_record(p->instance, good);
		log_notice("nginx serves generation %lu again", good);
		return;
	}
	flight_result(&p->flight, p->flight.result,
		      "generation %lu could not be loaded again either\n", good);
	log_error("cannot restore generation %lu: nginx did not load it", good);
}

static void on_verdict(void *ctx, enum reload_event verdict)
{
	struct pipeline *p = ctx;
	bool settling = p->is_settling;

	p->is_settling = false;
	if (!settling) {
		p->spacing.last_duration = p->verify.duration;
		flight_took(&p->flight, STEP_VERIFY);
	}
	if (verdict == RELOAD_EV_MASTER_ABSENT)
		note_master_gone(p, settling ? "soon after the reload" : "during the reload");
	if (p->is_recovering)
		note_recovery(p, verdict);
	else if (verdict == RELOAD_EV_REJECTED)
		explain(p, DEPLOY_REJECTED, "nginx refused the reload");
	else if (verdict == RELOAD_EV_DIED)
		explain(p, DEPLOY_DIED, "nginx loaded the configuration, but its new workers died");
	p->on_event(p->ctx, verdict);
}

static enum reload_event go_back(struct pipeline *p)
{
	struct flight *f = &p->flight;
	bool dirty = f->result == DEPLOY_DIED || verify_workers_changed(&p->verify);
	struct err e;

	if (!stage_last_good(p->stage, f->generation, &f->reverted_to)) {
		flight_result(f, f->result, "there is no other generation to restore\n");
		return RELOAD_EV_REVERT_FAILED;
	}
	if (dirty)
		stage_doubt_applied(p->stage);
	if (stage_publish(p->stage, f->reverted_to, &e) < 0) {
		flight_result(f, f->result, "cannot restore generation %lu: %s\n", f->reverted_to,
			      e.text);
		return RELOAD_EV_REVERT_FAILED;
	}
	f->is_staged = true;
	return dirty ? RELOAD_EV_REVERTED_DIRTY : RELOAD_EV_REVERTED;
}

void pipeline_revert(struct pipeline *p)
{
	p->on_event(p->ctx, go_back(p));
}

void pipeline_recover(struct pipeline *p)
{
	struct err e;

	p->is_recovering = true;
	if (send_hup(p, &e) == 0) {
		verify_begin(&p->verify, ""); /* the marker is the one of the bad generation */
		return;
	}
	flight_result(&p->flight, p->flight.result, "%s\n", e.text);
	p->on_event(p->ctx, RELOAD_EV_MASTER_ABSENT);
}

/* --- the whole ------------------------------------------------------------------------------ */

void pipeline_end(struct pipeline *p)
{
	verify_end(&p->verify);
	p->is_recovering = p->is_settling = false;
}

int pipeline_init(struct pipeline *p, sd_event *loop, const struct nginx_settings *nginx,
		  struct stage *stage, struct instance *instance,
		  void (*on_event)(void *ctx, enum reload_event event), void *ctx, struct err *e)
{
	*p = (struct pipeline){ .nginx = nginx,
				.stage = stage,
				.instance = instance,
				.loop = loop,
				.on_event = on_event,
				.ctx = ctx };
	if (pipeline_new_sandbox(p, &p->sandbox, e) < 0)
		return -1;
	quiet_init(&p->quiet, loop, on_quiet, p);
	confirm_init(&p->confirm, loop, instance);
	verify_init(&p->verify, loop, instance, &p->confirm, on_verdict, p);
	pipeline_configure_probe(p);
	nginx_trusted_ca_warn(nginx);
	return 0;
}

void pipeline_fini(struct pipeline *p)
{
	confirm_fini(&p->confirm);
	sandbox_free(p->sandbox);
	if (p->flight.is_staged)
		stage_discard(p->stage, p->flight.generation);
	flight_fini(&p->flight);
	verify_fini(&p->verify);
	quiet_fini(&p->quiet);
	free(p->known_warnings);
}
