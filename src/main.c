/* The command line of zknginxd: what to do, and with which exit code (0 done, 1 failed, 2 bad usage
 * or settings). */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "daemon.h"
#include "host/settings_trust.h"
#include "nginx/helper_unit.h"
#include "preview/dry_run.h"
#include "preview/preview.h"

#define EXIT_USAGE 2

enum action {
	ACTION_RUN,
	ACTION_TEST,
	ACTION_ONCE,
	ACTION_DRY_RUN,
	ACTION_RENDER,
	ACTION_HELPER,
	ACTION_VERSION
};

struct arguments {
	enum action action;
	const char *settings;
	bool missing_ok; /* no -c was given: the file may be absent */
	const char *tree, *directory;
};

static void usage(FILE *out)
{
	fputs("usage: zknginxd [-c FILE]                 run in the foreground\n"
	      "       zknginxd [-c FILE] -t              check the settings\n"
	      "       zknginxd [-c FILE] --once          converge once and exit\n"
	      "       zknginxd [-c FILE] --dry-run       show what would change and exit\n"
	      "       zknginxd [-c FILE] --render TREE DIR\n"
	      "                                          render a tree from a file into DIR\n"
	      "       zknginxd -V                        version and build\n",
	      out);
}

static int bad_usage(const char *why)
{
	fprintf(stderr, "zknginxd: %s\n", why);
	usage(stderr);
	return EXIT_USAGE;
}

enum { OPTION_ONCE = 256, OPTION_DRY_RUN, OPTION_RENDER, OPTION_HELPER };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "test", no_argument, NULL, 't' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "render", no_argument, NULL, OPTION_RENDER },
	{ "helper", no_argument, NULL, OPTION_HELPER },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	int option;
	enum action action;
} actions[] = {
	{ 't', ACTION_TEST },
	{ 'V', ACTION_VERSION },
	{ OPTION_ONCE, ACTION_ONCE },
	{ OPTION_DRY_RUN, ACTION_DRY_RUN },
	{ OPTION_RENDER, ACTION_RENDER },
	{ OPTION_HELPER, ACTION_HELPER },
};

static bool set_action(struct arguments *a, int option)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (actions[i].option == option && a->action == ACTION_RUN) {
			a->action = actions[i].action;
			return true;
		}
	}
	return false;
}

static int take_rest(struct arguments *a, char **rest, int count)
{
	if (count != (a->action == ACTION_RENDER ? 2 : 0))
		return bad_usage(a->action == ACTION_RENDER
					 ? "--render takes a tree file and a directory"
					 : "too many arguments");
	if (count) {
		a->tree = rest[0];
		a->directory = rest[1];
	}
	return 0;
}

/* 0, or the exit code of bad usage; -1: help was asked for and given. */
static int parse(int argc, char **argv, struct arguments *a)
{
	int option;

	while ((option = getopt_long(argc, argv, "c:tVh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			a->settings = optarg;
			a->missing_ok = false;
			break;
		case 'h':
			usage(stdout);
			return -1;
		case '?':
			usage(stderr);
			return EXIT_USAGE;
		default:
			if (!set_action(a, option))
				return bad_usage("-t, -V, --once, --dry-run, --render and "
						 "--helper exclude each other");
		}
	}
	return take_rest(a, argv + optind, argc - optind);
}

/* NULL: the errors were printed. */
static struct settings_file *load(const struct arguments *a)
{
	CLEANUP(settings_errors_fini) struct settings_errors errors = { 0 };
	struct settings_file *file = NULL;

	if (settings_load_trusted(a->settings, a->missing_ok, &file, &errors) < 0)
		settings_errors_print(&errors, "zknginxd: ", stderr);
	return file;
}

static int test_settings(const struct arguments *a, const struct settings *settings UNUSED)
{
	printf("zknginxd: %s: the settings are valid\n", a->settings);
	return 0;
}

/* 1 also when a part of the tree is not rendered. */
static int render_file(const struct arguments *a, const struct settings *settings)
{
	struct err e;
	int problems = preview_render_file(settings, a->tree, a->directory, &e);

	if (problems < 0)
		log_error("%s", e.text);
	return problems == 0 ? 0 : 1;
}

static int run_dry(const struct arguments *a UNUSED, const struct settings *settings)
{
	return dry_run(settings);
}

static int with_settings(const struct arguments *a,
			 int (*run)(const struct arguments *a, const struct settings *settings))
{
	CLEANUP(settings_freep) struct settings_file *file = load(a);

	if (!file)
		return EXIT_USAGE;
	return run(a, settings_get(file));
}

/* Internal, so usage() does not name it. */
static int be_helper(const struct arguments *a)
{
	CLEANUP(settings_freep) struct settings_file *file = NULL;
	struct err e;
	int channel;

	if (helper_unit_accept(&channel, &e) < 0) {
		log_error("%s", e.text);
		return EXIT_USAGE;
	}
	file = load(a);
	if (!file)
		return EXIT_USAGE;
	helper_unit_serve(channel, settings_get(file), &e);
	log_error("%s", e.text);
	return 1;
}

static int act(const struct arguments *a)
{
	switch (a->action) {
	case ACTION_TEST:
		return with_settings(a, test_settings);
	case ACTION_VERSION:
		printf("zknginxd %s (build %s)\n", ZKNGINX_VERSION, ZKNGINX_BUILD);
		return 0;
	case ACTION_RENDER:
		return with_settings(a, render_file);
	case ACTION_DRY_RUN:
		return with_settings(a, run_dry);
	case ACTION_HELPER:
		return be_helper(a);
	case ACTION_ONCE:
		return daemon_run(a->settings, a->missing_ok, true);
	case ACTION_RUN:
		return daemon_run(a->settings, a->missing_ok, false);
	}
	return EXIT_USAGE;
}

/* Each deployment needs the memory of the largest texts again. Where it is given back in between,
 * the kernel has to clear as many pages each time. */
static void keep_freed_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int main(int argc, char **argv)
{
	struct arguments a = { .settings = SETTINGS_FILE, .missing_ok = true };
	int rc = parse(argc, argv, &a);

	if (rc)
		return rc < 0 ? 0 : rc;
	keep_freed_memory();
	log_setup(LOG_LEVEL_INFO, getenv("JOURNAL_STREAM") != NULL);
	return act(&a);
}
