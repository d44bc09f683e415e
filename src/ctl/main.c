/* zknginxctl: the operator's command. It finds the command in the table and runs it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "commands.h"

/* Output that could not be written is a failure, too: a script must not take it for the answer. */
static int flush(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (code == CTL_OK)
			code = CTL_BAD;
		ctl_say("the output could not be written: %m");
	}
	return code;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "COMMAND … --help" is "help COMMAND". */
static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (is_help(argv[i]))
			return true;
	}
	return false;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const struct command *c;
	int first;

	if (argc > 1 && is_help(argv[1])) {
		help_print_all(ctl, stdout);
		return CTL_OK;
	}
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
		argv[1] = "version";
	first = arguments_take_globals(ctl, argc, argv);
	if (first < 0)
		return CTL_USAGE;
	if (first == argc) {
		help_print_all(ctl, stderr);
		return CTL_USAGE;
	}
	c = command_find(ctl, argv[first]);
	if (!c)
		return ctl_usage("there is no command \"%s\"", argv[first]);
	if (wants_help(argc - first, argv + first)) {
		help_print(c, stdout);
		return CTL_OK;
	}
	return command_run(c, ctl, argc - first, argv + first);
}

int main(int argc, char **argv)
{
	struct ctl ctl;
	int code;

	log_setup(LOG_LEVEL_WARNING, false);
	signal(SIGPIPE, SIG_IGN); /* ZooKeeper's connections; a closed pipe ends us in flush() */
	ctl_init(&ctl, all_commands);
	ctl.groups = command_groups;
	code = flush(run(&ctl, argc, argv));
	ctl_fini(&ctl);
	return code;
}
