/* help and version. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"

static void print_options(const struct command_option *rows, FILE *out)
{
	for (; rows && rows->name; rows++) {
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", rows->letter ? "-" : "  ",
			 rows->letter ? rows->letter : ' ', rows->letter ? ", " : " ", rows->name,
			 rows->value ? " " : "", rows->value ?: "");
		fprintf(out, "  %-32s %s\n", left, rows->help);
	}
}

/* Is the name one of the words? */
static bool is_among(const char *words, const char *name)
{
	for (const char *at = words; *at; at += strcspn(at, " "), at += *at == ' ') {
		size_t size = strcspn(at, " ");

		if (strlen(name) == size && strncmp(at, name, size) == 0)
			return true;
	}
	return false;
}

/* The group's title of a command. */
static const char *group_title(const struct command_group *groups, const char *command)
{
	for (; groups->title; groups++) {
		if (is_among(groups->commands, command))
			return groups->title;
	}
	return "Other commands";
}

static bool is_shown(const struct ctl *ctl, const struct command *c, const char *title)
{
	return !c->hidden && strcmp(group_title(ctl->groups, c->name), title) == 0;
}

static void print_group(const struct ctl *ctl, const char *title, FILE *out)
{
	bool any = false;

	for (const struct command *const *c = ctl->commands; *c; c++) {
		if (!is_shown(ctl, *c, title))
			continue;
		if (!any)
			fprintf(out, "%s:\n", title);
		any = true;
		fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	}
	if (any)
		fputc('\n', out);
}

void help_print_all(const struct ctl *ctl, FILE *out)
{
	fputs("usage: zknginxctl [OPTION]... COMMAND [ARGUMENT]...\n\n", out);
	for (const struct command_group *g = ctl->groups; g->title; g++)
		print_group(ctl, g->title, out);
	fputs("Options of every command:\n", out);
	print_options(global_options, out);
	fputs("\n\"zknginxctl help COMMAND\" explains a command; zknginxctl(8) has all of it.\n",
	      out);
}

void help_print(const struct command *c, FILE *out)
{
	fprintf(out, "usage: zknginxctl %s%s%s%s\n\n%s.\n", c->name,
		c->options && c->options->name ? " [OPTION]..." : "", *c->synopsis ? " " : "",
		c->synopsis, c->summary);
	if (c->help)
		fprintf(out, "\n%s\n", c->help);
	if (c->options && c->options->name) {
		fputs("\nOptions:\n", out);
		print_options(c->options, out);
	}
	if (c->example)
		fprintf(out, "\nExample:\n%s\n", c->example);
}

/* --- as JSON --------------------------------------------------------------------------------- */

static json_t *options_json(const struct command_option *rows)
{
	json_t *list = json_array();

	for (; rows && rows->name; rows++) {
		char letter[2] = { rows->letter, '\0' };

		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?}", "help", rows->help,
						      "letter", letter, "name", rows->name, "value",
						      rows->value));
	}
	return list;
}

static json_t *words_json(const struct command *c)
{
	static const char *const names[] = {
		[WORD_NONE] = "",
		[WORD_PATH] = "path",
		[WORD_UPSTREAM] = "upstream",
		[WORD_SERVER] = "server",
		[WORD_SITE] = "site",
		[WORD_HOST] = "host",
		[WORD_REVISION] = "revision",
		[WORD_FILE] = "file",
		[WORD_DIRECTORY] = "directory",
		[WORD_COMMAND] = "command",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < COMMAND_WORDS && c->words[i] != WORD_NONE; i++)
		json_array_append_new(list, json_string(names[c->words[i]]));
	return list;
}

static json_t *command_json(const struct ctl *ctl, const struct command *c)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "arguments", words_json(c),
			 "example", c->example, "group", group_title(ctl->groups, c->name), "help",
			 c->help ?: "", "name", c->name, "options", options_json(c->options),
			 "summary", c->summary, "synopsis", c->synopsis);
}

static int print_json(const struct ctl *ctl)
{
	json_t *commands = json_array();

	for (const struct command *const *c = ctl->commands; *c; c++) {
		if (!(*c)->hidden)
			json_array_append_new(commands, command_json(ctl, *c));
	}
	ctl_print_json(json_pack("{s:o, s:o}", "commands", commands, "options",
				 options_json(global_options)));
	return CTL_OK;
}

static int help(struct ctl *ctl, const struct arguments *args)
{
	const char *name = arguments_at(args, 0);
	const struct command *c = name ? command_find(ctl, name) : NULL;

	if (name && !c)
		return ctl_usage("there is no command \"%s\"", name);
	if (c && ctl->json)
		ctl_print_json(command_json(ctl, c));
	else if (ctl->json)
		return print_json(ctl);
	else if (c)
		help_print(c, stdout);
	else
		help_print_all(ctl, stdout);
	return CTL_OK;
}

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "explain a command, or list all of them",
	.example = "  zknginxctl help doctor",
	.most = 1,
	.words = { WORD_COMMAND },
	.without_settings = true,
	.run = help,
};

static int version(struct ctl *ctl, const struct arguments *args UNUSED)
{
	if (ctl->json)
		ctl_print_json(json_pack("{s:s, s:s}", "build", ZKNGINX_BUILD, "version",
					 ZKNGINX_VERSION));
	else
		printf("zknginxctl %s (build %s)\n", ZKNGINX_VERSION, ZKNGINX_BUILD);
	return CTL_OK;
}

const struct command command_version = {
	.name = "version",
	.synopsis = "",
	.summary = "print the version and the build",
	.example = "  zknginxctl version",
	.without_settings = true,
	.run = version,
};
