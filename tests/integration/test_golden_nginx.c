/* A real nginx accepts the files of the golden cases without a warning. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig.h"
#include "rig_check.h"

#define CASES_MAX 256

static const char *golden_directory(void)
{
	const char *directory = getenv("GOLDEN");

	return directory ? directory : "tests/golden";
}

static char *expected(const char *directory, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/expect/%s", directory, name);
	char *text = rig_read(path);

	if (!text)
		fail_msg("cannot read %s", path);
	return rig_check_localise(text);
}

/*
 * nginx 1.25.1 and later prefer "http2 on;" to the parameter of listen, and warn when only some of
 * the servers on an address have the parameter. That nginx serves the files as older ones do.
 */
static bool is_about_http2(const char *line, bool deprecated)
{
	return strstr(line, "\"listen ... http2\" directive is deprecated") ||
	       (deprecated && strstr(line, "protocol options redefined"));
}

/* The first other warning, or NULL. Cuts the text into lines. */
static const char *first_warning(char *text)
{
	bool deprecated = strstr(text, "\"listen ... http2\" directive is deprecated");
	char *rest = NULL;

	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		if (strstr(l, "[warn]") && !is_about_http2(l, deprecated))
			return l;
	}
	return NULL;
}

static void one_case(void **state)
{
	const char *directory = *state;
	char *http = expected(directory, "http.conf");
	char *stream = expected(directory, "stream.conf");
	const char *warning;
	char *output;

	if (rig_check(http, stream, &output) != 0)
		fail_msg("%s: %s\n%s\n%s", directory, output, http, stream);
	warning = first_warning(output);
	if (warning)
		fail_msg("%s: %s", directory, warning);
}

static void other_warnings_fail(void **state UNUSED)
{
	char *twice = "server { listen 127.0.0.1:1; server_name a; }\n"
		      "server { listen 127.0.0.1:1; server_name a; }\n";
	char *output;

	assert_int_equal(rig_check(twice, "", &output), 0);
	assert_non_null(first_warning(output));
}

/* The check itself must be able to fail. */
static void nonsense_is_refused(void **state UNUSED)
{
	char *output;

	assert_int_not_equal(rig_check("nonsense;\n", "", &output), 0);
	assert_int_not_equal(rig_check("", "nonsense;\n", &output), 0);
	assert_non_null(strstr(output, "stream.conf:1"));
	assert_int_equal(rig_check("", "", &output), 0);
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX + 2];
	struct dirent **entries = NULL;
	int count = scandir(golden_directory(), &entries, is_case, alphasort);
	int failed;

	if (count < 1 || count > CASES_MAX)
		die("%s: %d cases", golden_directory(), count);
	rig_check_setup();
	tests[0] = (struct CMUnitTest)cmocka_unit_test(nonsense_is_refused);
	tests[1] = (struct CMUnitTest)cmocka_unit_test(other_warnings_fail);
	for (int i = 0; i < count; i++)
		tests[i + 2] = (struct CMUnitTest){
			.name = entries[i]->d_name,
			.test_func = one_case,
			.initial_state = xasprintf("%s/%s", golden_directory(), entries[i]->d_name),
		};
	failed = _cmocka_run_group_tests("golden_nginx", tests, (size_t)count + 2, NULL, NULL);
	for (int i = 0; i < count; i++) {
		free(tests[i + 2].initial_state);
		free(entries[i]);
	}
	free(entries);
	rig_clean();
	return failed;
}
