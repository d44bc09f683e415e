/*
 * The manual and the table of the commands agree: every command of the table is in its section of
 * conf/man/zknginxctl.8, with an example and all of its options. Run from the top of the source
 * tree.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>

#include "rig_ctl.h"

#define MANUAL "conf/man/zknginxctl.8"

static json_t *help, *table; /* the second is a part of the first */
static unsigned faults;

static int setup(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(NULL, "help", "--json", NULL);

	help = rig_ctl_json(&r);
	table = json_object_get(help, "commands");
	return json_array_size(table) >= 3 ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
	json_decref(help);
	rig_clean();
	return 0;
}

static const char *text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

/* The line after this one; NULL: there is none. */
static const char *next(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

static bool starts(const char *line, const char *words)
{
	return strncmp(line, words, strlen(words)) == 0;
}

/* ".It Ic NAME" and nothing, or a blank, after the name. */
static bool is_item(const char *line, const char *name)
{
	size_t size = strlen(name);

	return starts(line, ".It Ic ") && strncmp(line + 7, name, size) == 0 &&
	       isspace((unsigned char)line[7 + size]);
}

/* Does the item end before this line? depth: of the lists within it. Items right below each other
 * share their text. */
static bool is_over(const char *line, int depth, bool has_text)
{
	if (starts(line, ".Ss ") || starts(line, ".Sh "))
		return true;
	return depth == 0 && (starts(line, ".El") || (has_text && starts(line, ".It ")));
}

/* From the item's line to the next item of its list; false: there is none. *section is the title
 * above it. */
static bool find_item(const char *manual, const char *name, struct buf *item, const char **section)
{
	bool inside = false, has_text = false;
	int depth = 0;

	*section = "";
	for (const char *line = manual; line; line = next(line)) {
		if (inside && is_over(line, depth, has_text))
			break;
		if (starts(line, ".Ss "))
			*section = line + 4;
		inside |= is_item(line, name);
		if (!inside)
			continue;
		depth += starts(line, ".Bl ") - starts(line, ".El");
		has_text |= !starts(line, ".It ");
		buf_put(item, line, strcspn(line, "\n") + 1);
	}
	return inside;
}

/* Is there the word, with no letter or hyphen right before or after it? */
static bool has_word(const char *line, size_t size, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= size; i++) {
		unsigned char before = i ? (unsigned char)line[i - 1] : ' ';
		unsigned char after = i + length < size ? (unsigned char)line[i + length] : ' ';

		if (strncmp(line + i, word, length) == 0 && !isalnum(before) && before != '-' &&
		    !isalnum(after) && after != '-')
			return true;
	}
	return false;
}

/* Is there a line with both? */
static bool has_line(const char *item, const char *first, const char *second)
{
	for (const char *line = item; line; line = next(line)) {
		size_t size = strcspn(line, "\n");

		if (has_word(line, size, first) && has_word(line, size, second))
			return true;
	}
	return false;
}

static void fault(const char *command, const char *what)
{
	print_error(MANUAL ": %s: %s\n", command, what);
	faults++;
}

/* By its name in the section, where several commands may share options, or by its letter in the
 * item. */
static bool has_option(const char *section, const char *item, const json_t *option)
{
	char flag[64];

	snprintf(flag, sizeof(flag), "-%s", text(option, "name"));
	return has_line(section, "Fl", flag) ||
	       (*text(option, "letter") && has_line(item, "Fl", text(option, "letter")));
}

static void check_options(const json_t *command, const char *section, const char *item)
{
	const json_t *option;
	size_t i;

	json_array_foreach(json_object_get(command, "options"), i, option)
	{
		char what[256];

		if (has_option(section, item, option))
			continue;
		snprintf(what, sizeof(what),
			 "neither its item nor its section names an option: add \".Fl -%s\"",
			 text(option, "name"));
		fault(text(command, "name"), what);
	}
}

static void check_command(const char *manual, const json_t *command)
{
	CLEANUP(buf_fini) struct buf item = BUF_INIT, all = BUF_INIT;
	const char *name = text(command, "name"), *group = text(command, "group"), *section;
	char what[256];

	if (!find_item(manual, name, &item, &section)) {
		snprintf(what, sizeof(what),
			 "the command is missing: add an item \".It Ic %s\" to the section \"%s\"",
			 name, group);
		fault(name, what);
		return;
	}
	if (!starts(section, group)) {
		snprintf(what, sizeof(what),
			 "it is in the section \"%.*s\"; its group in src/ctl/commands.c is \"%s\"",
			 (int)strcspn(section, "\n"), section, group);
		fault(name, what);
	}
	buf_put(&all, section, (size_t)(strstr(section, "\n.S") - section));
	if (!has_line(buf_str(&all), "zknginxctl", name))
		fault(name, "its section has no example: add a line \"zknginxctl … COMMAND …\"");
	check_options(command, buf_str(&all), buf_str(&item));
}

static void every_command_is_in_the_manual_with_an_example_and_its_options(void **state UNUSED)
{
	const char *manual = rig_read(MANUAL);
	json_t *command;
	size_t i;

	assert_non_null(manual);
	json_array_foreach(table, i, command) check_command(manual, command);
	assert_int_equal(faults, 0);
}

static void every_global_option_is_in_the_manual(void **state UNUSED)
{
	const char *manual = rig_read(MANUAL);
	struct rig_ctl_result r = rig_ctl(NULL, "help", "--json", NULL);
	json_t *all = rig_ctl_json(&r), *option;
	size_t i;

	json_array_foreach(json_object_get(all, "options"), i, option)
	{
		char flag[64];

		snprintf(flag, sizeof(flag), "-%s", text(option, "name"));
		if (!has_line(manual, "Fl", flag))
			fail_msg(MANUAL ": the option -%s is missing", flag);
	}
	json_decref(all);
}

/* The command of an example ("$ echo x | zknginxctl -s zk1 set …"); NULL: the line is none. */
static const char *command_of(const char *line)
{
	static char name[64];
	char words[1024], *word, *rest = NULL;
	bool is_next = false;

	if (!starts(line, "$ ") && !starts(line, ".Dl ") && !starts(line, "zknginxctl ") &&
	    !starts(line, "sudo "))
		return NULL;
	snprintf(words, sizeof(words), "%.*s", (int)strcspn(line, "\n"), line);
	for (word = strtok_r(words, " (", &rest); word; word = strtok_r(NULL, " (", &rest)) {
		if (is_next && *word != '-' && !strchr(word, ':')) {
			snprintf(name, sizeof(name), "%s", word);
			return name;
		}
		is_next |= strcmp(word, "zknginxctl") == 0;
	}
	return NULL;
}

static void every_command_of_the_manual_exists(void **state UNUSED)
{
	const char *manual = rig_read(MANUAL);
	unsigned found = 0;

	for (const char *line = strstr(manual, ".Ss Seeing"); line && !starts(line, ".Sh ");
	     line = next(line)) {
		const char *name = command_of(line);
		struct rig_ctl_result r;

		if (!name)
			continue;
		r = rig_ctl(NULL, "help", name, NULL);
		if (r.code != 0)
			fail_msg(MANUAL
				 ": an example uses the command %s, which does not exist: %.*s",
				 name, (int)strcspn(line, "\n"), line);
		found++;
	}
	assert_true(found >= json_array_size(table));
}

static void the_help_is_ordered_by_groups(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl(NULL, "help", NULL);
	json_t *command;
	size_t i;

	rig_ctl_assert_code(&r, 0);
	json_array_foreach(table, i, command)
	{
		char title[128], line[128];
		const char *group;

		snprintf(title, sizeof(title), "%s:\n", text(command, "group"));
		snprintf(line, sizeof(line), "\n  %s ", text(command, "name"));
		group = strstr(r.out, title);
		assert_non_null(group);
		assert_non_null(strstr(group, line));
		if (strstr(group, "\n\n") && strstr(group, line) > strstr(group, "\n\n"))
			fail_msg("%s is not below %s", text(command, "name"), title);
	}
	assert_null(strstr(r.out, "  complete "));
}

static void the_help_fits_a_terminal(void **state UNUSED)
{
	json_t *command;
	size_t i;

	json_array_foreach(table, i, command)
	{
		struct rig_ctl_result r = rig_ctl(NULL, "help", text(command, "name"), NULL);

		for (const char *line = r.out; line; line = next(line)) {
			if (strcspn(line, "\n") > 100)
				fail_msg("%s: %.*s", text(command, "name"),
					 (int)strcspn(line, "\n"), line);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_in_the_manual_with_an_example_and_its_options),
		cmocka_unit_test(every_global_option_is_in_the_manual),
		cmocka_unit_test(every_command_of_the_manual_exists),
		cmocka_unit_test(the_help_is_ordered_by_groups),
		cmocka_unit_test(the_help_fits_a_terminal),
	};

	return cmocka_run_group_tests_name("zknginxctl(8)", tests, setup, teardown);
}
