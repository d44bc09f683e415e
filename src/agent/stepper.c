/* See stepper.h. */
#include <zknginx/log.h>

#include "stepper.h"
#include "sys/timing.h"

static void forget(struct stepper *s)
{
	if (s->stepping)
		servers_forget_change(s->servers);
	s->stepping = false;
	slow_start_forget(&s->slow);
	if (s->arena)
		arena_free(TAKE(s->arena));
	s->apply = (struct apply){ 0 };
}

static void prepare(struct stepper *s)
{
	const struct model *m = s->ops->model(s->ctx);

	forget(s);
	s->arena = arena_new();
	slow_start_prepare_step(&s->slow, m, timing_now());
	apply_weights(m, slow_start_given(&s->slow), slow_start_next(&s->slow), s->arena,
		      &s->apply);
}

/* An upstream of the step whose servers cannot be changed now; NULL: there is none. */
static const char *stuck(const struct stepper *s)
{
	for (size_t i = 0; i < s->apply.count; i++) {
		if (servers_why_not(s->servers, s->apply.upstreams[i].after))
			return s->apply.upstreams[i].after->name;
	}
	return NULL;
}

static void step(struct stepper *s)
{
	const char *upstream;
	struct err e;

	prepare(s);
	while ((upstream = stuck(s)) != NULL) {
		slow_start_end_upstream(&s->slow, upstream);
		prepare(s);
	}
	s->stepping = servers_change(s->servers, &s->apply, &e) == 0;
	if (s->stepping)
		return;
	log_debug("a step of slow_start waits: %s", e.text);
	forget(s);
	timing_arm(s->due, RAMP_STEP_LEAST);
}

static int on_due(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct stepper *s = userdata;

	if (!servers_has_module(s->servers))
		slow_start_end(&s->slow);
	else if (s->ops->may(s->ctx))
		step(s);
	else
		timing_arm(s->due, RAMP_STEP_LEAST);
	return 0;
}

void stepper_arm(struct stepper *s, const struct model *m)
{
	timing_at(s->due, slow_start_due(&s->slow, m));
}

void stepper_on_reload(struct stepper *s)
{
	slow_start_on_reload(&s->slow);
	stepper_arm(s, s->ops->model(s->ctx));
}

void stepper_take(struct stepper *s, const char *error)
{
	s->stepping = false;
	if (error) {
		log_notice("nginx is reloaded, because weights could not be changed without: %s",
			   error);
		slow_start_end(&s->slow);
	} else {
		slow_start_commit(&s->slow);
	}
	forget(s);
	stepper_arm(s, s->ops->model(s->ctx));
}

void stepper_end(struct stepper *s)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct apply apply;

	if (s->stepping)
		forget(s);
	timing_at(s->due, NEVER);
	if (!slow_start_given(&s->slow)->count)
		return;
	apply_weights(s->ops->model(s->ctx), slow_start_given(&s->slow), NULL, arena, &apply);
	servers_send_last(s->servers, &apply);
	slow_start_end(&s->slow);
}

void stepper_init(struct stepper *s, sd_event *loop, struct servers *servers,
		  const struct stepper_ops *ops, void *ctx)
{
	*s = (struct stepper){ .servers = servers, .ops = ops, .ctx = ctx };
	s->due = timing_new(loop, on_due, s);
}

void stepper_fini(struct stepper *s)
{
	forget(s);
	slow_start_fini(&s->slow);
	sd_event_source_disable_unref(s->due);
}
