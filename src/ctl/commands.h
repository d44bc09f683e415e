/* Each command is defined in a file cmd_*.c, and listed in commands.c. */
#ifndef ZKNGINX_CTL_COMMANDS_H
#define ZKNGINX_CTL_COMMANDS_H

#include "command.h"

/* Ends with NULL. */
extern const struct command *const all_commands[];

/* see */

/* edit */

/* a directory as the truth */

/* history */

/* act */

/* start */
extern const struct command command_import;

/* about the command itself */
extern const struct command command_help;
extern const struct command command_version;

#endif
