/*
 * complete: what can follow the words of a command line, from the table of the commands. The
 * scripts of the shells (conf/completion/) call it at each Tab, so they know no command and no
 * option themselves.
 *
 * A line is a candidate, a tab, and a description. ":files" or ":directories" in its place: names
 * of files, which the shell knows best. Nothing is ever written to standard error.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/arena.h>

#include "candidates.h"
#include "ctl/commands.h"

struct completion {
	struct ctl *ctl;
	struct arena *arena;
	const struct command *command; /* NULL: not named yet */
	const char *word;              /* that is being completed: the last one */
	const char *before;            /* the argument before it */
	size_t position;               /* of the word among the arguments */
	const struct command_option
		*open;       /* the option whose value the word is; NULL: it is none */
	bool only_arguments; /* "--" was there */
	const char *prefix;  /* printed before each candidate: "--color=" */
	const char **printed;
	size_t count, room;
};

/* --- candidates ------------------------------------------------------------------------------ */

/* A shell puts the candidate into the command line as it is: no character of it may mean anything
 * there. */
static bool is_harmless(const char *candidate)
{
	for (const char *c = candidate; *c; c++) {
		bool is_text = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			       (*c >= '0' && *c <= '9');

		if (!is_text && !strchr("._:/@%+,=-[]", *c))
			return false;
	}
	return true;
}

static bool is_printed(struct completion *c, const char *candidate)
{
	for (size_t i = 0; i < c->count; i++) {
		if (strcmp(c->printed[i], candidate) == 0)
			return true;
	}
	c->printed = arena_grow(c->arena, c->printed, c->count, &c->room, sizeof(*c->printed));
	c->printed[c->count++] = arena_strdup(c->arena, candidate);
	return false;
}

static void print(void *ctx, const char *candidate, const char *description)
{
	struct completion *c = ctx;
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (strncmp(candidate, c->word, strlen(c->word)) != 0 || !is_harmless(candidate) ||
	    is_printed(c, candidate))
		return;
	screen_clean(description, strcspn(description, "\n"), &text);
	printf("%s%s\t%s\n", c->prefix, candidate, buf_str(&text));
}

/* "auto|always|never" */
static bool print_choices(struct completion *c, const char *choices)
{
	if (!strchr(choices, '|') ||
	    strcspn(choices, "ABCDEFGHIJKLMNOPQRSTUVWXYZ[") != strlen(choices))
		return false;
	for (const char *at = choices; *at; at += strcspn(at, "|"), at += *at == '|')
		print(c, arena_copy(c->arena, at, strcspn(at, "|")), "");
	return true;
}

static void print_commands(struct completion *c)
{
	for (const struct command *const *row = c->ctl->commands; *row; row++) {
		if (!(*row)->hidden)
			print(c, (*row)->name, (*row)->summary);
	}
}

static void print_words(struct completion *c, enum word kind)
{
	const struct candidates to = {
		.ctl = c->ctl, .arena = c->arena, .word = c->word, .add = print, .ctx = c
	};

	if (kind == WORD_FILE)
		puts(":files");
	else if (kind == WORD_DIRECTORY)
		puts(":directories");
	else if (kind == WORD_COMMAND)
		print_commands(c);
	else
		candidates_of(&to, kind, c->before);
}

static void print_options(struct completion *c, const struct command_option *rows)
{
	for (; rows && rows->name; rows++)
		print(c, arena_printf(c->arena, "--%s", rows->name), rows->help);
}

/* What the argument at this position is; the last kind repeats. */
static enum word kind_at(const struct command *c, size_t position)
{
	enum word kind = WORD_NONE;

	if (c->most >= 0 && position >= (size_t)c->most)
		return WORD_NONE;
	for (size_t i = 0; i <= position && i < COMMAND_WORDS; i++)
		kind = c->words[i] != WORD_NONE ? c->words[i] : kind;
	return kind;
}

static void print_argument(struct completion *c)
{
	if (c->position == 0 && print_choices(c, c->command->synopsis))
		return;
	print_words(c, kind_at(c->command, c->position));
}

/* --- the words before ------------------------------------------------------------------------ */

static const struct command_option *find_in(const struct command_option *rows, const char *name,
					    size_t size)
{
	for (; rows && rows->name; rows++) {
		if (strlen(rows->name) == size && strncmp(rows->name, name, size) == 0)
			return rows;
	}
	return NULL;
}

static const struct command_option *find_letter(const struct command_option *rows, char letter)
{
	for (; rows && rows->name; rows++) {
		if (rows->letter && rows->letter == letter)
			return rows;
	}
	return NULL;
}

/* The option that the word names; NULL: none. */
static const struct command_option *find_option(const struct completion *c, const char *word)
{
	const struct command_option *own = c->command ? c->command->options : NULL;
	const char *name = word + 2;
	size_t size = strncmp(word, "--", 2) == 0 ? strcspn(name, "=") : 0;

	if (size)
		return find_in(own, name, size) ?: find_in(global_options, name, size);
	return find_letter(own, word[1]) ?: find_letter(global_options, word[1]);
}

/* -s and -c say where the names are. */
static void use_option(struct completion *c, const struct command_option *o, const char *value)
{
	if (strcmp(o->name, "servers") == 0 || strcmp(o->name, "config") == 0)
		global_option_set(c->ctl, o->name, value);
}

static void take_option(struct completion *c, const char *word)
{
	const struct command_option *o = find_option(c, word);
	const char *equals = strchr(word, '=');

	if (!o || !o->value)
		return;
	if (strncmp(word, "--", 2) == 0 && equals)
		use_option(c, o, equals + 1);
	else if (strncmp(word, "--", 2) != 0 && word[2])
		use_option(c, o, word + 2);
	else
		c->open = o;
}

static void take_word(struct completion *c, const char *word)
{
	if (c->open) {
		use_option(c, TAKE(c->open), word);
	} else if (!c->only_arguments && strcmp(word, "--") == 0) {
		c->only_arguments = true;
	} else if (!c->only_arguments && word[0] == '-' && word[1]) {
		take_option(c, word);
	} else if (!c->command) {
		c->command = command_find(c->ctl, word);
		c->only_arguments |= !c->command;
	} else {
		c->before = word;
		c->position++;
	}
}

/* --- the word itself ------------------------------------------------------------------------- */

static void print_value(struct completion *c, const struct command_option *o)
{
	if (o->value && !print_choices(c, o->value))
		print_words(c, o->word);
}

static void print_option_or_value(struct completion *c)
{
	const char *equals = strchr(c->word, '=');
	const struct command_option *o = equals ? find_option(c, c->word) : NULL;

	if (o) {
		c->prefix = arena_copy(c->arena, c->word, (size_t)(equals + 1 - c->word));
		c->word = equals + 1;
		print_value(c, o);
		return;
	}
	if (c->command)
		print_options(c, c->command->options);
	print_options(c, global_options);
}

static void print_word(struct completion *c)
{
	if (c->open)
		print_value(c, c->open);
	else if (!c->only_arguments && *c->word == '-')
		print_option_or_value(c);
	else if (c->command)
		print_argument(c);
	else if (!c->only_arguments)
		print_commands(c);
}

static int complete(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct completion c = { .ctl = ctl, .arena = arena, .prefix = "", .word = "" };
	size_t count = arguments_count(args);

	if (!freopen("/dev/null", "w", stderr))
		return CTL_BAD;
	for (size_t i = 0; i + 1 < count; i++)
		take_word(&c, arguments_at(args, i));
	if (count)
		c.word = arguments_at(args, count - 1);
	print_word(&c);
	return CTL_OK;
}

const struct command command_complete = {
	.name = "complete",
	.synopsis = "-- [WORD]...",
	.summary = "print what can follow these words, for the completion of a shell",
	.example = "  zknginxctl complete -- status ''",
	.most = -1,
	.hidden = true,
	.without_settings = true,
	.run = complete,
};
