/* Every value of a page is an argument after "--": none can become an option. */
#include <string.h>

#include "actions.h"

enum use {
	USE_NONE,     /* ends the list */
	USE_FLAG,     /* true: --KEY */
	USE_OPTION,   /* a string: --KEY STRING */
	USE_ARGUMENT, /* a string that must be there */
	USE_TARGET,   /* a string that may be missing */
};

struct field {
	const char *key;
	enum use use;
};

#define FIELDS 4

static const struct action {
	const char *name; /* of the action and of the command */
	struct field fields[FIELDS];
} actions[] = {
	{ "pause", { { "revision", USE_TARGET } } },
	{ "resume", { { "revision", USE_TARGET } } },
	{ "promote", { { "all", USE_FLAG }, { "revision", USE_TARGET } } },
	{ "abort", { { "revision", USE_TARGET } } },
	{ "rollback", { { "revision", USE_ARGUMENT } } },
	{ "confirm", { { "history", USE_FLAG }, { "upstream", USE_TARGET } } },
	{ "drain",
	  { { "for", USE_OPTION }, { "upstream", USE_ARGUMENT }, { "server", USE_ARGUMENT } } },
	{ "undrain", { { "upstream", USE_ARGUMENT }, { "server", USE_ARGUMENT } } },
};

/* As getopt_long() takes them: "--KEY". */
static const struct {
	const char *key, *option;
} options[] = { { "all", "--all" }, { "history", "--history" }, { "for", "--for" } };

static const char *option_of(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].key, key) == 0)
			return options[i].option;
	}
	die("no option %s", key);
}

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	}
	return NULL;
}

static bool has_field(const struct action *a, const char *key)
{
	if (strcmp(key, "action") == 0)
		return true;
	for (size_t i = 0; i < FIELDS && a->fields[i].use; i++) {
		if (strcmp(a->fields[i].key, key) == 0)
			return true;
	}
	return false;
}

static int check_keys(const struct action *a, const json_t *request, struct err *e)
{
	const json_t *value;
	const char *key;

	json_object_foreach((json_t *)request, key, value)
	{
		if (!has_field(a, key))
			return err_set(e, ERR_INPUT, "%s has no field \"%.64s\"", a->name, key);
	}
	return 0;
}

/* The field's string; NULL: it is not there, which is an error where it must be. */
static int read_string(const struct action *a, const struct field *f, const json_t *request,
		       const char **out, struct err *e)
{
	const json_t *value = json_object_get(request, f->key);

	*out = json_string_value(value);
	if (*out || ((!value || json_is_null(value)) && f->use != USE_ARGUMENT))
		return 0;
	return err_set(e, ERR_INPUT, "%s: the field \"%s\" must be a string", a->name, f->key);
}

static int add_option(const struct action *a, const struct field *f, const json_t *request,
		      struct task_words *out, struct err *e)
{
	const char *value = NULL;

	if (f->use == USE_FLAG) {
		if (json_is_true(json_object_get(request, f->key)))
			task_add(out, option_of(f->key));
		return 0;
	}
	if (f->use != USE_OPTION || read_string(a, f, request, &value, e) < 0)
		return f->use == USE_OPTION ? -1 : 0;
	if (value) {
		task_add(out, option_of(f->key));
		task_add(out, value);
	}
	return 0;
}

static int add_argument(const struct action *a, const struct field *f, const json_t *request,
			struct task_words *out, struct err *e)
{
	const char *value = NULL;

	if (f->use != USE_ARGUMENT && f->use != USE_TARGET)
		return 0;
	if (read_string(a, f, request, &value, e) < 0)
		return -1;
	if (value)
		task_add(out, value);
	return 0;
}

int action_words(const json_t *request, struct task_words *out, struct err *e)
{
	const char *name = json_string_value(json_object_get(request, "action"));
	const struct action *a = name ? find_action(name) : NULL;

	*out = (struct task_words){ 0 };
	if (!a)
		return err_set(e, ERR_INPUT, "there is no such action");
	if (check_keys(a, request, e) < 0)
		return -1;
	task_add(out, a->name);
	for (size_t i = 0; i < FIELDS; i++) {
		if (add_option(a, &a->fields[i], request, out, e) < 0)
			return -1;
	}
	task_add(out, "--");
	for (size_t i = 0; i < FIELDS; i++) {
		if (add_argument(a, &a->fields[i], request, out, e) < 0)
			return -1;
	}
	return 0;
}
