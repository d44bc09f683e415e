/*
 * The alarm: what is wrong now becomes alerts, and the operators are told.
 *
 * Conditions are values that others gather; core/status/alerts makes events of them. An event is a
 * line in the log and, where alerts.command is set, a run of that command with the event as JSON.
 * An alert that is raised is listed in the status until it is cleared.
 */
#ifndef ZKNGINX_ALARM_H
#define ZKNGINX_ALARM_H

#include <systemd/sd-event.h>
#include <zknginx/settings.h>

#include "core/status/conditions.h"

struct alarm_spec {
	sd_event *loop;
	const struct alerts_settings *settings; /* until alarm_use_settings() */
	const char *host;
};

struct alarm_ops {
	/* Time has passed: gather the conditions again, and call alarm_update(). */
	void (*on_due)(void *ctx);
	/* An alert was raised, repeated or cleared. */
	void (*on_event)(void *ctx);
};

struct alarm;
struct alarm *alarm_new(const struct alarm_spec *spec, const struct alarm_ops *ops, void *ctx);
void alarm_free(struct alarm *a);
/* The settings before may be freed after this call. */
void alarm_use_settings(struct alarm *a, const struct alerts_settings *settings);

/* All conditions of now; the list is changed. on_due() follows at `due` at the latest. */
void alarm_update(struct alarm *a, struct conditions *now, uint64_t due);
/* Drops all alerts whose key has this prefix, without an event: this host does not watch them any
 * more. */
void alarm_forget(struct alarm *a, const char *prefix);
/* The alerts that are raised; valid until the next call. */
size_t alarm_raised(const struct alarm *a, const struct alert **out);

#endif
