/*
 * The file is checked before it is read. As nobody else can change the way to it, it cannot be
 * exchanged in between.
 *
 * A command that is missing or cannot be executed is no error here: hook_check() reports it, and it
 * is checked before each run.
 */
#include "settings_trust.h"
#include "sys/trusted_path.h"

static void check(struct settings_errors *errors, const char *key, const char *path,
		  enum trusted_sticky sticky)
{
	struct err e = { 0 };

	if (!path || !*path || trusted_path_check(path, sticky, &e) == 0 || e.code != ERR_REFUSED)
		return;
	if (key)
		err_wrap(&e, "%s", key);
	settings_errors_add(errors, NULL, 0, "%s", e.text);
}

static void check_named(const struct settings *s, struct settings_errors *errors)
{
	CLEANUP(freep) char *generations = xasprintf("%s/generations", s->state.directory);
	size_t count;

	check(errors, "zookeeper.auth_file", s->zookeeper.auth_file, STICKY_ALLOWED);
	count = errors->count;
	check(errors, "state.directory", s->state.directory, STICKY_ALLOWED);
	if (errors->count == count)
		check(errors, "state.directory", generations, STICKY_ALLOWED);
	for (size_t i = 0; s->trust.files && s->trust.files[i]; i++)
		check(errors, "trust.keys", s->trust.files[i], STICKY_ALLOWED);
	check(errors, "alerts.command", s->alerts.command[0], STICKY_FORBIDDEN);
	check(errors, "cluster.on_elected", s->cluster.on_elected[0], STICKY_FORBIDDEN);
	check(errors, "cluster.on_resigned", s->cluster.on_resigned[0], STICKY_FORBIDDEN);
	check(errors, "cluster.on_live", s->cluster.on_live[0], STICKY_FORBIDDEN);
	check(errors, "rollout.gate", s->rollout.gate[0], STICKY_FORBIDDEN);
}

int settings_load_trusted(const char *path, bool missing_ok, struct settings_file **out,
			  struct settings_errors *errors)
{
	CLEANUP(settings_freep) struct settings_file *f = NULL;

	check(errors, NULL, path, STICKY_ALLOWED);
	if (errors->count || settings_load(path, missing_ok, &f, errors) < 0)
		return -1;
	for (const char *file = NULL; (file = settings_included(f, file));)
		check(errors, "@include", file, STICKY_ALLOWED);
	check_named(settings_get(f), errors);
	if (errors->count)
		return -1;
	*out = TAKE(f);
	return 0;
}
