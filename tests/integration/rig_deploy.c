/* A stage, a deploy and a real nginx in one process. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_deploy.h"

static void on_done(void *ctx, const struct outcome *o)
{
	struct rig_deploy *r = ctx;

	r->result = o->result;
	r->generation = o->generation;
	r->timed_out = o->timed_out;
	r->condition = o->condition;
	r->in_force = o->in_force;
	snprintf(r->message, sizeof(r->message), "%s", o->message);
	r->done++;
	if (r->free_when_done) {
		deploy_free(r->deploy);
		r->deploy = NULL;
	}
}

static void on_change(void *ctx)
{
	struct rig_deploy *r = ctx;

	r->changes++;
}

static void on_status(void *ctx)
{
	struct rig_deploy *r = ctx;

	r->statuses++;
}

static void block_child_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void rig_deploy_enter(struct rig_deploy *r)
{
	static const struct deploy_ops ops = { on_done, on_change, on_status };

	rig_state_use(r->nginx.state);
	r->stage = r->keep_drift ? rig_stage_open_as_it_is() : rig_stage_open();
	OK(deploy_new(r->loop, &r->settings, r->stage, &ops, r, &r->deploy, e));
}

void rig_deploy_leave(struct rig_deploy *r)
{
	deploy_free(r->deploy);
	stage_close(r->stage);
	r->deploy = NULL;
	r->stage = NULL;
}

void rig_deploy_open(struct rig_deploy *r)
{
	static int number;
	char name[32];

	*r = (struct rig_deploy){ 0 };
	block_child_signal();
	snprintf(name, sizeof(name), "nginx%d", number++);
	rig_nginx_init(&r->nginx, name);
	r->settings = rig_nginx_settings(&r->nginx);
	if (sd_event_new(&r->loop) < 0)
		die("sd_event_new failed");
	rig_deploy_enter(r);
}

void rig_deploy_close(struct rig_deploy *r)
{
	rig_deploy_leave(r);
	rig_nginx_stop(&r->nginx);
	sd_event_unref(r->loop);
	r->loop = NULL;
}

int rig_deploy_setup_down(void **state)
{
	rig_deploy_open(*state);
	return 0;
}

int rig_deploy_setup_running(void **state)
{
	struct rig_deploy *r = *state;

	rig_deploy_open(r);
	rig_nginx_start(&r->nginx);
	return 0;
}

int rig_deploy_teardown(void **state)
{
	rig_deploy_close(*state);
	return 0;
}

int rig_deploy_remove_all(void **state UNUSED)
{
	rig_clean();
	return 0;
}

static bool is_ready(struct rig_deploy *r)
{
	uint64_t when;

	return deploy_is_ready(r->deploy, rig_now(), &when);
}

void rig_deploy_begin(struct rig_deploy *r, struct bundle *b)
{
	eventually(r->loop, is_ready(r));
	r->done = 0;
	deploy_want(r->deploy, b, "");
	bundle_unref(b);
}

enum deploy_result rig_deploy_end(struct rig_deploy *r)
{
	eventually(r->loop, r->done > 0);
	assert_int_equal(r->done, 1);
	return r->result;
}

enum deploy_result rig_deploy_put(struct rig_deploy *r, struct bundle *b)
{
	rig_deploy_begin(r, b);
	assert_int_equal(r->done, 0); /* never called from within */
	return rig_deploy_end(r);
}
