/*
 * The settings of a running daemon: taken into use, and read again on SIGHUP. Either all of them
 * change or none; each owner that was given settings is given the new ones.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "daemon.h"
#include "host/notify.h"

/* An error is logged when the settings are read, not only when the command is needed. */
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
	d->policy = policy_from_settings(d->settings);
	d->guard_rules = (struct guard_rules){
		.max_shrink = d->settings->guard.max_shrink,
		.window = d->settings->guard.window,
		.hold = d->settings->guard.hold,
		.readmit = d->settings->guard.readmit,
	};
	log_set_level(d->settings->log.level);
	check_commands(d->settings);
}

/* All or nothing: settings that need a restart are refused, with their names. */
void daemon_reload_settings(struct daemon *d)
{
	struct settings_file *next = NULL, *old = NULL;
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct buf fixed = BUF_INIT;

	notify_reloading();
	if (settings_load(d->settings_path, d->settings_missing_ok, &next, &errors) < 0) {
		settings_errors_log(&errors, "settings not changed: ");
	} else if (settings_fixed_changes(d->settings, settings_get(next), &fixed)) {
		log_error("settings not changed: %s can only change with a restart",
			  buf_str(&fixed));
		settings_free(next);
	} else {
		old = d->file;
		daemon_use_settings(d, next);
		deploy_configure(d->deploy, &d->settings->nginx);
		stage_configure(d->stage, &d->settings->state);
		report_use_settings(d->report, d->settings);
		alarm_use_settings(d->alarm, &d->settings->alerts);
		free(d->address);
		d->address = member_address(d->settings->cluster.address, d->host);
		log_notice("settings read again from %s", d->settings_path);
	}
	buf_fini(&fixed);
	/* SIGHUP often means that the operator has fixed something: what was refused is retried */
	quarantine_clear(d->quarantine);
	d->refusal.due = 0;
	mirror_audit(d->mirror);
	if (d->leader)
		leader_use_settings(d->leader, d->settings);
	settings_free(old);
	permission_update(d);
	converge(d);
	daemon_update_leader(d);
	notify_ready();
}
