/*
 * The settings of a running daemon: taken into use, and read again on SIGHUP. They are replaced as
 * a whole or not at all, and each owner takes the new ones.
 */
#include <string.h>

#include <zknginx/log.h>

#include "daemon.h"
#include "host/hook.h"
#include "host/notify.h"
#include "host/settings_trust.h"

/* A command that cannot be run is reported when the settings are read, not when the command is
 * needed. */
static void check_commands(const struct settings *s)
{
	const struct {
		const char *name;
		const char *const *argv;
	} commands[] = {
		{ "alerts.command", s->alerts.command },
		{ "cluster.on_elected", s->cluster.on_elected },
		{ "cluster.on_resigned", s->cluster.on_resigned },
		{ "cluster.on_live", s->cluster.on_live },
		{ "rollout.gate", s->rollout.gate },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].argv[0] && hook_check(commands[i].argv[0], &e) < 0)
			log_error("%s will not be run: %s", commands[i].name, e.text);
	}
}

void daemon_use_settings(struct daemon *d, struct settings_file *file)
{
	d->file = file;
	d->settings = settings_get(file);
	log_set_level(d->settings->log.level);
	check_commands(d->settings);
}

/* Settings that can only change with a restart make the new settings invalid, and are named. */
void daemon_reload_settings(struct daemon *d)
{
	struct settings_file *next = NULL, *old = NULL;
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct buf fixed = BUF_INIT;

	notify_reloading();
	if (settings_load_trusted(d->settings_path, d->settings_missing_ok, &next, &errors) < 0) {
		settings_errors_log(&errors, "settings not changed: ");
	} else if (settings_fixed_changes(d->settings, settings_get(next), &fixed)) {
		log_error("settings not changed: %s can only change with a restart",
			  buf_str(&fixed));
		settings_free(next);
	} else {
		old = d->file;
		daemon_use_settings(d, next);
		agent_use_settings(d->agent, d->settings);
		report_use_settings(d->report, d->settings);
		alarm_use_settings(d->alarm, &d->settings->alerts);
		log_notice("settings read again from %s", d->settings_path);
	}
	buf_fini(&fixed);
	/* SIGHUP usually means that the operator fixed something: what was refused is tried again,
	 * and everything is read again. */
	if (d->leader)
		leader_use_settings(d->leader, d->settings);
	settings_free(old);
	agent_retry(d->agent);
	daemon_update_leader(d);
	notify_ready();
}
