/* All commands, in the order of the help. */
#include "commands.h"

const struct command *const all_commands[] = {
	/* see */

	/* edit */

	/* a directory as the truth */

	/* history */

	/* act */
	&command_confirm,
	&command_drain,
	&command_undrain,
	&command_pause,
	&command_resume,
	&command_promote,
	&command_abort,
	&command_rollback,

	/* start */

	/* about the command itself */
	&command_help,
	&command_version,
	NULL,
};
