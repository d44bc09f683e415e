/* All commands, in the order of the help. */
#include "commands.h"

const struct command *const all_commands[] = {
	/* see */
	&command_status,
	&command_members,
	&command_upstreams,
	&command_sites,
	&command_problems,
	&command_ui,

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

	/* sign */
	&command_keygen,
	&command_sign,
	&command_verify,

	/* start */
	&command_init,
	&command_doctor,
	&command_import,

	/* about the command itself */
	&command_help,
	&command_version,
	&command_completion,
	&command_complete,
	NULL,
};

const struct command_group command_groups[] = {
	{ "Seeing", "status members upstreams sites problems ui" },
	{ "Editing", "ls get set edit rm" },
	{ "A directory as the configuration", "pull push lint" },
	{ "History", "diff history show" },
	{ "Acting", "confirm drain undrain pause resume promote abort rollback" },
	{ "Signing", "keygen sign verify" },
	{ "Starting", "init doctor" },
	{ "Importing", "import" },
	{ "Other commands", "help version completion" },
	{ NULL, NULL },
};
