/*
 * From a file to settings: read, scan, parse (libconfig), check against the table.
 * The result is one value with one arena: either the whole file was good, or there
 * is no result and an error that lists what was wrong.
 */
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "settings_check.h"
#include "settings_scan.h"
#include "settings_store.h"

struct settings_file {
	struct arena *arena;
	struct settings values;
};

static struct settings_file *settings_new(void)
{
	struct settings_file *f = xcalloc(1, sizeof(*f));
	const struct setting *s;

	f->arena = arena_new();
	for (size_t i = 0; (s = setting_at(i)); i++)
		setting_store_preset(f->arena, &f->values, s);
	return f;
}

void settings_free(struct settings_file *f)
{
	if (!f)
		return;
	arena_free(f->arena);
	free(f);
}

const struct settings *settings_get(const struct settings_file *f)
{
	return &f->values;
}

static void parse(struct settings_file *f, const char *path, const char *text,
		  struct settings_errors *errors)
{
	config_t config;

	if (!settings_scan(path, text, errors))
		return;
	config_init(&config);
	if (config_read_string(&config, text))
		settings_check(&config, path, &f->values, errors);
	else
		settings_errors_add(errors,
				    config_error_file(&config) ? config_error_file(&config) : path,
				    (unsigned)config_error_line(&config),
				    "%s here or just before; expected group = { key = value; };",
				    config_error_text(&config));
	config_destroy(&config);
}

int settings_load(const char *path, bool missing_ok, struct settings_file **out, struct err *e)
{
	CLEANUP(settings_freep) struct settings_file *f = settings_new();
	struct settings_errors errors = { .arena = f->arena };
	struct buf text = BUF_INIT;
	struct err inner;
	int rc = settings_read(path, &text, &inner);

	if (rc < 0 && !(missing_ok && inner.code == ERR_SYS && inner.sys == ENOENT)) {
		if (e)
			*e = inner;
	} else {
		parse(f, path, buf_str(&text), &errors);
		rc = settings_errors_report(&errors, e);
	}
	settings_errors_fini(&errors);
	buf_fini(&text);
	if (rc < 0)
		return -1;
	*out = TAKE(f);
	return 0;
}

size_t settings_fixed_changes(const struct settings *now, const struct settings *next,
			      struct buf *fixed)
{
	const struct setting *s;
	size_t count = 0;

	for (size_t i = 0; (s = setting_at(i)); i++) {
		if (s->reloadable || setting_same(now, next, s))
			continue;
		buf_printf(fixed, "%s%s", count ? ", " : "", s->path);
		count++;
	}
	return count;
}

bool settings_key(size_t i, const char **path, const char **preset, bool *reloadable)
{
	const struct setting *s;

	for (size_t k = 0; (s = setting_at(k)); k++) {
		if (i-- > 0)
			continue;
		*path = s->path;
		*preset = s->preset;
		*reloadable = s->reloadable;
		return true;
	}
	return false;
}
