/* The alarm: when the alerts are looked at, and how the operators are told. */
#include <stdlib.h>

#include <zknginx/log.h>
#include <zknginx/status.h>

#include "alarm.h"
#include "host/hook.h"
#include "sys/timing.h"

#define NAMED_MOST 10 /* more hosts than this share one alert */

struct alarm {
	struct alarm_spec spec;
	const struct alarm_ops *ops;
	void *ctx;
	struct alerts *alerts;
	struct hooks *hooks;
	sd_event_source *timer;
};

/* --- an event ------------------------------------------------------------------------------- */

static void log_alert(const struct alert *a)
{
	const char *space = *a->subject ? " " : "";

	if (a->event == ALERT_CLEARED)
		log_notice("alert %s%s%s cleared%s", a->key, space, a->subject,
			   a->flaps ? " (it came back before it was cleared)" : "");
	else if (a->severity == ALERT_CRITICAL)
		log_error("alert %s%s%s: %s", a->key, space, a->subject, a->message);
	else
		log_warning("alert %s%s%s: %s", a->key, space, a->subject, a->message);
}

static void run_command(struct alarm *alarm, const struct alert *a)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	char since[32], at[32];

	status_time(timing_to_wall(a->since), since);
	status_time(timing_wall(), at);
	alert_print(a,
		    &(struct alert_stamp){ .host = alarm->spec.host, .since = since, .time = at },
		    &text);
	hooks_run(alarm->hooks, &(struct hook_spec){
					.name = "alerts.command",
					.argv = alarm->spec.settings->command,
					.input = text.data,
					.input_size = text.size,
					.deadline = alarm->spec.settings->timeout,
					.keep_all = true,
				});
}

static void on_alert(void *ctx, const struct alert *a)
{
	struct alarm *alarm = ctx;

	log_alert(a);
	if (alarm->spec.settings->command[0])
		run_command(alarm, a);
	alarm->ops->on_event(alarm->ctx);
}

/* --- when ----------------------------------------------------------------------------------- */

void alarm_update(struct alarm *a, struct conditions *now, uint64_t due)
{
	const struct alert_rules rules = {
		.raise_after = a->spec.settings->raise_after,
		.clear_after = a->spec.settings->clear_after,
		.repeat = a->spec.settings->repeat,
	};
	uint64_t next;

	if (now->count)
		now->count = conditions_fold(now->arena, now->items, now->count, NAMED_MOST);
	next = alerts_update(a->alerts, &rules, now->items, now->count, timing_now(), on_alert, a);
	timing_at(a->timer, due < next ? due : next);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *userdata)
{
	struct alarm *a = userdata;

	a->ops->on_due(a->ctx);
	return 0;
}

void alarm_forget(struct alarm *a, const char *prefix)
{
	alerts_forget(a->alerts, prefix);
}

size_t alarm_raised(const struct alarm *a, const struct alert **out)
{
	return alerts_raised(a->alerts, out);
}

void alarm_use_settings(struct alarm *a, const struct alerts_settings *settings)
{
	a->spec.settings = settings;
}

struct alarm *alarm_new(const struct alarm_spec *spec, const struct alarm_ops *ops, void *ctx)
{
	struct alarm *a = xcalloc(1, sizeof(*a));

	*a = (struct alarm){
		.spec = *spec,
		.ops = ops,
		.ctx = ctx,
		.alerts = alerts_new(),
		.hooks = hooks_new(spec->loop),
	};
	a->timer = timing_new(spec->loop, on_timer, a);
	return a;
}

void alarm_free(struct alarm *a)
{
	if (!a)
		return;
	sd_event_source_disable_unref(a->timer);
	hooks_free(a->hooks);
	alerts_free(a->alerts);
	free(a);
}
