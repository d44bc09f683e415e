/*
 * A command: one row of the table in commands.c. The command line is read, the help and the
 * completion are printed from what is said here; a command itself sees only parsed arguments.
 */
#ifndef ZKNGINX_CTL_COMMAND_H
#define ZKNGINX_CTL_COMMAND_H

#include "ctl.h"

/* What an argument names, for completion. */
enum word {
	WORD_NONE,
	WORD_PATH, /* a znode, short ("sites/shop") or absolute */
	WORD_UPSTREAM,
	WORD_SERVER, /* of the upstream before it */
	WORD_SITE,
	WORD_HOST,
	WORD_REVISION,
	WORD_FILE,
	WORD_DIRECTORY,
	WORD_COMMAND,
};

struct command_option {
	const char *name;  /* "message": --message; NULL ends the list */
	char letter;       /* 'm': -m; 0: none */
	const char *value; /* what follows it, for the help ("TEXT"); NULL: nothing */
	enum word word;    /* … and for completion */
	const char *help;  /* a line without a full stop */
};

#define COMMAND_WORDS 3

/* The sections of the help and of zknginxctl(8). */
struct command_group {
	const char *title;    /* NULL ends the list */
	const char *commands; /* names, one blank between two; also of commands to come */
};

struct arguments;

struct command {
	const char *name;
	const char *synopsis; /* the arguments: "PATH [FILE|-]" */
	const char *summary;  /* one line without a full stop */
	const char *help;     /* paragraphs for `help COMMAND`, lines of at most 78 columns */
	const char *example;  /* lines that can be typed as they are */
	int least, most;      /* how many arguments; most -1: any number */
	enum word words[COMMAND_WORDS];       /* what they are; the last one repeats */
	const struct command_option *options; /* NULL: none of its own */
	bool hidden;                          /* not in the help: for scripts */
	bool without_settings;                /* it does not read the settings file */
	int (*run)(struct ctl *ctl, const struct arguments *args);
};

/* As given, without the options. */
size_t arguments_count(const struct arguments *a);
const char *arguments_at(const struct arguments *a, size_t i); /* NULL past the end */
/* An option of the command, by its name. */
bool arguments_has(const struct arguments *a, const char *option);
const char *arguments_value(const struct arguments *a, const char *option); /* NULL: not given */

/* In the table; NULL: there is no such command. */
const struct command *command_find(const struct ctl *ctl, const char *name);
/* The options that every command takes; ends with a row without a name. */
extern const struct command_option global_options[];

/* The global options before the command. Returns the index of the first other word; -1: the error
 * was printed. */
int arguments_take_globals(struct ctl *ctl, int argc, char **argv);
/* Reads the rest of a command line after the command's name, and runs it. Returns the exit code. */
int command_run(const struct command *c, struct ctl *ctl, int argc, char **argv);
/* A global option; false: its value is not valid (the error was printed). */
bool global_option_set(struct ctl *ctl, const char *name, const char *value);

/* `help [COMMAND]` */
void help_print_all(const struct ctl *ctl, FILE *out);
void help_print(const struct command *c, FILE *out);

#endif
