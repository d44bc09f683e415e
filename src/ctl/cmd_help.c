/* help and version. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

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

void help_print_all(const struct ctl *ctl, FILE *out)
{
	fputs("usage: zknginxctl [OPTION]... COMMAND [ARGUMENT]...\n\n", out);
	for (const struct command *const *c = ctl->commands; *c; c++)
		fprintf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	fputs("\nOptions of every command:\n", out);
	print_options(global_options, out);
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

static int help(struct ctl *ctl, const struct arguments *args)
{
	const char *name = arguments_at(args, 0);
	const struct command *c = name ? command_find(ctl, name) : NULL;

	if (name && !c)
		return ctl_usage("there is no command \"%s\"", name);
	if (c)
		help_print(c, stdout);
	else
		help_print_all(ctl, stdout);
	return CTL_OK;
}

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "explain a command, or list all of them",
	.example = "  zknginxctl help push",
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
