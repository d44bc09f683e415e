/* All commands, in the order of the help. */
#include "commands.h"

const struct command *const all_commands[] = {
	/* see */
	&command_status,
	&command_members,
	&command_upstreams,
	&command_sites,
	&command_problems,

	/* edit */

	/* a directory as the truth */

	/* history */

	/* act */

	/* start */

	/* about the command itself */
	&command_help,
	&command_version,
	NULL,
};
