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
