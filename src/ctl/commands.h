/* Each command is defined in a file cmd_*.c, and listed in commands.c. */
#ifndef ZKNGINX_CTL_COMMANDS_H
#define ZKNGINX_CTL_COMMANDS_H

#include "ctl/console/command.h"

/* Ends with NULL. */
extern const struct command *const all_commands[];

extern const struct command_group command_groups[];

/* see */
extern const struct command command_status;
extern const struct command command_members;
extern const struct command command_upstreams;
extern const struct command command_sites;
extern const struct command command_problems;
extern const struct command command_ui;

/* edit */
extern const struct command command_ls;
extern const struct command command_get;
extern const struct command command_set;
extern const struct command command_edit;
extern const struct command command_rm;

/* a directory as the truth */
extern const struct command command_pull;
extern const struct command command_push;
extern const struct command command_lint;

/* history */
extern const struct command command_diff;
extern const struct command command_history;
extern const struct command command_show;

/* act */
extern const struct command command_confirm;
extern const struct command command_drain;
extern const struct command command_undrain;
extern const struct command command_pause;
extern const struct command command_resume;
extern const struct command command_promote;
extern const struct command command_abort;
extern const struct command command_rollback;

/* sign */
extern const struct command command_keygen;
extern const struct command command_sign;
extern const struct command command_verify;

/* start */
extern const struct command command_init;
extern const struct command command_doctor;
extern const struct command command_import;

/* about the command itself */
extern const struct command command_help;
extern const struct command command_version;
extern const struct command command_completion;
extern const struct command command_complete;

#endif
