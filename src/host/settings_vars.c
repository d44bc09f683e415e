/* See settings_vars.h. A value goes into znodes as data, so any line of text is one. */
#include <string.h>

#include "settings_vars.h"

#define VARS_MOST 256
#define VALUE_MOST 1024

static void refuse(struct settings_errors *errors, const config_setting_t *node, const char *path,
		   const char *why)
{
	const char *file = config_setting_source_file(node), *name = config_setting_name(node);

	settings_errors_add(errors, file ? file : path, (unsigned)config_setting_source_line(node),
			    "%s%s: %s", strcmp(name, "vars") == 0 ? "" : "vars.", name, why);
}

static bool is_line(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	}
	return true;
}

/* The value as text; NULL: it is none. */
static const char *value_of(const config_setting_t *node, struct arena *a)
{
	int type = config_setting_type(node);

	if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
		return arena_printf(a, "%lld", config_setting_get_int64(node));
	return type == CONFIG_TYPE_STRING ? arena_strdup(a, config_setting_get_string(node)) : NULL;
}

void settings_vars_read(const config_setting_t *group, const char *path, struct arena *a,
			struct settings *values, struct settings_errors *errors)
{
	int count = config_setting_length(group);
	struct host_var *vars;

	if (config_setting_type(group) != CONFIG_TYPE_GROUP || count > VARS_MOST) {
		refuse(errors, group, path,
		       "expected a group of at most 256 values, { ip = \"10.0.0.5\"; }");
		return;
	}
	vars = arena_array(a, struct host_var, (size_t)count + 1);
	for (int i = 0; i < count; i++) {
		const config_setting_t *node = config_setting_get_elem(group, (unsigned)i);

		vars[i].name = arena_strdup(a, config_setting_name(node));
		vars[i].value = value_of(node, a);
		if (!vars[i].value || strlen(vars[i].value) > VALUE_MOST || !is_line(vars[i].value))
			refuse(errors, node, path,
			       "expected a string of one line, or a whole number");
	}
	vars[count] = (struct host_var){ 0 };
	values->vars = vars;
}
