/* Command lines: global options before or after the command, then the options of the command. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "command.h"
#include "host/settings_value.h"

#define FIRST_LONG 256
#define OPTIONS_MOST 32

const struct command_option global_options[] = {
	{ "config", 'c', "FILE", WORD_FILE, "the settings file (default /etc/zknginxd.conf)" },
	{ "servers", 's', "HOSTS", WORD_NONE, "the ZooKeeper servers, in place of the settings'" },
	{ "json", 0, NULL, WORD_NONE, "print JSON of a stable shape" },
	{ "color", 0, "auto|always|never", WORD_NONE, "colours" },
	{ "timeout", 0, "TIME", WORD_NONE, "how long to wait for an answer (default 10s)" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

/* What getopt_long() wants, made from the global options and those of a command. */
struct line {
	const struct command_option *rows[OPTIONS_MOST];
	size_t count, globals;
	struct option longs[OPTIONS_MOST + 1];
	char shorts[3 * OPTIONS_MOST + 2];
};

struct arguments {
	const struct line *line;
	const char *values[OPTIONS_MOST]; /* by row; "" for an option without a value */
	bool given[OPTIONS_MOST];
	char **items;
	size_t count;
};

static void add_rows(struct line *l, const struct command_option *rows)
{
	for (; rows && rows->name; rows++) {
		char letter[3] = { rows->letter, rows->value ? ':' : '\0', '\0' };

		if (l->count == OPTIONS_MOST)
			die("too many options");
		l->longs[l->count] = (struct option){
			.name = rows->name,
			.has_arg = rows->value ? required_argument : no_argument,
			.val = FIRST_LONG + (int)l->count,
		};
		if (rows->letter)
			strcat(l->shorts, letter);
		l->rows[l->count++] = rows;
	}
}

/* prefix: "+" ends at the first word that is no option. */
static void line_init(struct line *l, const char *prefix, const struct command *c)
{
	*l = (struct line){ 0 };
	strcpy(l->shorts, prefix);
	add_rows(l, global_options);
	l->globals = l->count;
	if (c)
		add_rows(l, c->options);
}

/* The row of what getopt_long() returned; OPTIONS_MOST: it is none. */
static size_t row_of(const struct line *l, int option)
{
	if (option >= FIRST_LONG)
		return (size_t)(option - FIRST_LONG);
	for (size_t i = 0; i < l->count; i++) {
		if (l->rows[i]->letter == option)
			return i;
	}
	return OPTIONS_MOST;
}

bool global_option_set(struct ctl *ctl, const char *name, const char *value)
{
	if (strcmp(name, "config") == 0) {
		ctl->settings_path = value;
		ctl->settings_given = true;
	} else if (strcmp(name, "servers") == 0) {
		ctl->servers = value;
	} else if (strcmp(name, "json") == 0) {
		ctl->json = true;
	} else if (strcmp(name, "color") == 0 && !screen_set_color(&ctl->screen, value)) {
		ctl_usage("--color \"%s\": not auto, always or never", value);
		return false;
	} else if (strcmp(name, "timeout") == 0) {
		ctl->timeout_given = true;
		if (!duration_parse(value, &ctl->timeout) || !ctl->timeout) {
			ctl_usage("--timeout \"%s\": not a time such as 500ms, 10s or 5m", value);
			return false;
		}
	}
	return true;
}

/* Takes all options. False: the error was printed. */
static bool take_options(struct ctl *ctl, struct arguments *a, int argc, char **argv)
{
	const struct line *l = a->line;
	int option;

	while ((option = getopt_long(argc, argv, l->shorts, l->longs, NULL)) != -1) {
		size_t row = row_of(l, option);

		if (row == OPTIONS_MOST) { /* getopt_long() has said what is wrong */
			ctl_usage("the command line is not valid");
			return false;
		}
		if (row < l->globals) {
			if (!global_option_set(ctl, l->rows[row]->name, optarg))
				return false;
			continue;
		}
		a->given[row] = true;
		a->values[row] = optarg ?: "";
	}
	a->items = argv + optind;
	a->count = (size_t)(argc - optind);
	return true;
}

int arguments_take_globals(struct ctl *ctl, int argc, char **argv)
{
	struct line line;
	struct arguments a = { .line = &line };

	line_init(&line, "+", NULL);
	optind = 1;
	return take_options(ctl, &a, argc, argv) ? optind : -1;
}

static bool count_is_right(const struct command *c, const struct arguments *a)
{
	return a->count >= (size_t)c->least && (c->most < 0 || a->count <= (size_t)c->most);
}

int command_run(const struct command *c, struct ctl *ctl, int argc, char **argv)
{
	struct line line;
	struct arguments a = { .line = &line };

	line_init(&line, "", c);
	optind = 0; /* starts again, in glibc */
	if (!take_options(ctl, &a, argc, argv))
		return CTL_USAGE;
	if (!count_is_right(c, &a))
		return ctl_usage("usage: zknginxctl %s%s%s", c->name, *c->synopsis ? " " : "",
				 c->synopsis);
	if (!c->without_settings && !ctl_load(ctl))
		return CTL_USAGE;
	return c->run(ctl, &a);
}

const struct command *command_find(const struct ctl *ctl, const char *name)
{
	for (const struct command *const *c = ctl->commands; *c; c++) {
		if (strcmp((*c)->name, name) == 0)
			return *c;
	}
	return NULL;
}

/* --- what a command sees ---------------------------------------------------------------------- */

size_t arguments_count(const struct arguments *a)
{
	return a->count;
}

const char *arguments_at(const struct arguments *a, size_t i)
{
	return i < a->count ? a->items[i] : NULL;
}

static size_t find(const struct arguments *a, const char *option)
{
	for (size_t i = a->line->globals; i < a->line->count; i++) {
		if (strcmp(a->line->rows[i]->name, option) == 0)
			return i;
	}
	die("no option %s", option);
}

bool arguments_has(const struct arguments *a, const char *option)
{
	return a->given[find(a, option)];
}

const char *arguments_value(const struct arguments *a, const char *option)
{
	return a->values[find(a, option)];
}
