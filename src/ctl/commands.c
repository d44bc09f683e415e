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
	&command_ls,
	&command_get,
	&command_set,
	&command_edit,
	&command_rm,

	/* a directory as the truth */
	&command_pull,
	&command_push,
	&command_lint,

	/* history */
	&command_diff,
	&command_history,
	&command_show,

	/* act */

	/* start */

	/* about the command itself */
	&command_help,
	&command_version,
	NULL,
};
