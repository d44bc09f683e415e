/*
 * From a file to settings: read, scan, parse (libconfig), check against the table. The result is
 * one value with one arena. If anything in the file is wrong there is no result, only the errors.
 */
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings.h"
#include "settings_check.h"
#include "settings_scan.h"
#include "settings_store.h"

struct settings_file {
	struct arena *arena;
	struct settings values;
	struct buf included; /* the paths of included files, each with its NUL */
};

static const struct host_var no_vars;

static struct settings_file *settings_new(void)
{
	struct settings_file *f = xcalloc(1, sizeof(*f));
	const struct setting *s;

	f->arena = arena_new();
	for (size_t i = 0; (s = setting_at(i)); i++)
		setting_store_default(f->arena, &f->values, s);
	f->values.vars = &no_vars;
	return f;
}

void settings_free(struct settings_file *f)
{
	if (!f)
		return;
	arena_free(f->arena);
	buf_fini(&f->included);
	free(f);
}

const struct settings *settings_get(const struct settings_file *f)
{
	return &f->values;
}

const char *settings_host(const struct settings *s, char name[static HOST_NAME_MAX + 1])
{
	if (*s->cluster.host)
		return s->cluster.host;
	if (gethostname(name, HOST_NAME_MAX + 1) < 0)
		die("gethostname: %m");
	return name;
}

const char *settings_included(const struct settings_file *f, const char *last)
{
	const char *first = buf_str(&f->included);
	const char *next = last ? last + strlen(last) + 1 : first;

	return next < first + f->included.size ? next : NULL;
}

static void parse(struct settings_file *f, const char *path, const char *text,
		  struct settings_errors *errors)
{
	config_t config;

	if (!settings_scan(path, text, &f->included, errors))
		return;
	config_init(&config);
	if (config_read_string(&config, text))
		settings_check(&config, path, f->arena, &f->values, errors);
	else
		settings_errors_add(errors,
				    config_error_file(&config) ? config_error_file(&config) : path,
				    (unsigned)config_error_line(&config),
				    "%s, here or just before; expected group = { key = value; };",
				    config_error_text(&config));
	config_destroy(&config);
}

int settings_load(const char *path, bool missing_ok, struct settings_file **out,
		  struct settings_errors *errors)
{
	CLEANUP(settings_freep) struct settings_file *f = settings_new();
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	struct err e;
	int rc = settings_read(path, &text, &e);

	if (rc < 0 && !(missing_ok && e.code == ERR_SYS && e.sys == ENOENT))
		settings_errors_add(errors, NULL, 0, "%s", e.text);
	else
		parse(f, path, buf_str(&text), errors);
	if (errors->count) {
		settings_errors_sort(errors);
		return -1;
	}
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

bool settings_key(size_t i, const char **path, const char **default_text, bool *reloadable)
{
	const struct setting *s;

	for (size_t k = 0; (s = setting_at(k)); k++) {
		if (i-- > 0)
			continue;
		*path = s->path;
		*default_text = s->default_text;
		*reloadable = s->reloadable;
		return true;
	}
	return false;
}
