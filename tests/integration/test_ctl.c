/* The command line of zknginxctl, and what all commands have in common. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "rig_ctl.h"

static void without_a_command_it_lists_them(void **state UNUSED)
{
	struct rig_ctl_result r = rig_ctl_with(NULL, NULL, (const char *const[]){ NULL });

	rig_ctl_assert_code(&r, 2);
	assert_non_null(strstr(r.err, "help"));
	assert_string_equal(r.out, "");
	r = rig_ctl(NULL, "help", NULL);
	rig_ctl_assert_code(&r, 0);
	assert_non_null(strstr(r.out, "version"));
}

/* "  status       show the fleet, …": a lower-case letter begins it, and no full stop ends it. */
static void assert_summary_has_the_style(const char *line)
{
	const char *end = strchrnul(line, '\n'), *word = line + strspn(line, " ");

	word += strcspn(word, " ");
	word += strspn(word, " ");
	if (word >= end || !islower((unsigned char)*word) || end[-1] == '.')
		fail_msg("the summary of %.*s", (int)(end - line), line);
}

static void each_command_of_the_help_explains_itself(void **state UNUSED)
{
	struct rig_ctl_result all = rig_ctl(NULL, "help", NULL);
	char name[32];
	size_t found = 0;

	for (const char *line = all.out; line; line = strchr(line, '\n')) {
		struct rig_ctl_result r;

		line += *line == '\n';
		if (strncmp(line, "  ", 2) != 0 || sscanf(line, " %31[a-z] ", name) != 1)
			continue;
		assert_summary_has_the_style(line);
		r = rig_ctl(NULL, "help", name, NULL);
		rig_ctl_assert_code(&r, 0);
		assert_non_null(strstr(r.out, "Example"));
		found++;
	}
	assert_true(found >= 2);
}

static void a_wrong_command_line_says_how_to_get_help(void **state UNUSED)
{
	static const char *const lines[][4] = {
		{ "nosuch" },
		{ "version", "--nosuch" },
		{ "version", "--timeout", "never" },
		{ "--color", "sometimes", "version" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct rig_ctl_result r =
			rig_ctl(NULL, lines[i][0], lines[i][1], lines[i][2], NULL);

		rig_ctl_assert_code(&r, 2);
		assert_non_null(strstr(r.err, "zknginxctl help"));
		assert_string_equal(r.out, "");
	}
}

static void options_are_taken_before_and_after_the_command(void **state UNUSED)
{
	struct rig_ctl_result before = rig_ctl(NULL, "--json", "version", NULL),
			      after = rig_ctl(NULL, "version", "--json", NULL);

	rig_ctl_assert_code(&before, 0);
	json_decref(rig_ctl_json(&before));
	assert_string_equal(before.out, after.out);
}

static void output_that_cannot_be_written_is_a_failure(void **state UNUSED)
{
	const char *command = getenv("ZKNGINXCTL") ?: "build/zknginxctl";
	char *argv[] = { "sh", "-c", NULL, NULL };
	char line[512];

	snprintf(line, sizeof(line), "%s version >/dev/full", command);
	argv[2] = line;
	assert_int_equal(rig_run(NULL, argv), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_command_it_lists_them),
		cmocka_unit_test(each_command_of_the_help_explains_itself),
		cmocka_unit_test(a_wrong_command_line_says_how_to_get_help),
		cmocka_unit_test(options_are_taken_before_and_after_the_command),
		cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
	};
	int failed = cmocka_run_group_tests_name("zknginxctl", tests, NULL, NULL);

	rig_clean();
	return failed;
}
