/* All commands, in the order of the help. */
#include "commands.h"

const struct command *const all_commands[] = {
	/* see */

	/* edit */

	/* a directory as the truth */

	/* history */

	/* act */

	/* start */
	&command_import,

	/* about the command itself */
	&command_help,
	&command_version,
	NULL,
};
