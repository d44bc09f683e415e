/* A real nginx accepts the files of the golden cases without a warning. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig.h"
#include "rig_check.h"
#include "rig_newer.h"

#define CASES_MAX 256

static struct rig_program installed, newer;

static const char *golden_directory(void)
{
	const char *directory = getenv("GOLDEN");

	return directory ? directory : "tests/golden";
}

/* A file of the case, "" where there is none. */
static char *expected(const char *directory, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/expect/%s", directory, name);
	char *text = rig_read(path);

	return text ? rig_check_localise(text) : NULL;
}

/* What is rendered for an nginx of this version. Where nothing differs there is one file only. */
static char *expected_for(unsigned version, const char *directory, const char *name)
{
	CLEANUP(freep) char *file = xasprintf("%s.newer", name);
	char *text = version >= RIG_NEWER_LEAST ? expected(directory, file) : NULL;

	if (!text)
		text = expected(directory, name);
	if (!text)
		fail_msg("cannot read %s of %s", name, directory);
	return text;
}

/* The first warning, or NULL. Cuts the text into lines. */
static const char *first_warning(char *text)
{
	char *rest = NULL;

	for (char *l = strtok_r(text, "\n", &rest); l; l = strtok_r(NULL, "\n", &rest)) {
		if (strstr(l, "[warn]"))
			return l;
	}
	return NULL;
}

static void check_case(const struct rig_program *nginx, const char *directory)
{
	char *http = expected_for(nginx->version, directory, "http.conf");
	char *stream = expected_for(nginx->version, directory, "stream.conf");
	const char *warning;
	char *output;

	if (rig_check_by(nginx, http, stream, &output) != 0)
		fail_msg("%s: %s\n%s\n%s", directory, output, http, stream);
	warning = first_warning(output);
	if (warning)
		fail_msg("%s: %s", directory, warning);
}

static void one_case(void **state)
{
	check_case(&installed, *state);
}

static void one_case_by_a_newer_nginx(void **state)
{
	check_case(&newer, *state);
}

static void warnings_fail(void **state UNUSED)
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

/* The files are not the same for both, or this program proves nothing about the newer one. */
static void the_newer_nginx_takes_http2_as_a_directive(void **state UNUSED)
{
	char *old = "server { listen 127.0.0.1:1 http2; }\n", *new = "server { http2 on; }\n";
	const char *why;
	char *output;

	if (!rig_newer_nginx(&newer, &why)) {
		print_message("SKIPPED: %s\n", why);
		skip();
	}
	assert_int_equal(rig_check_by(&newer, new, "", &output), 0);
	assert_null(first_warning(output));
	assert_int_equal(rig_check_by(&newer, old, "", &output), 0);
	assert_non_null(first_warning(output));
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void add_case(struct CMUnitTest *test, const char *name, CMUnitTestFunction function,
		     const char *suffix)
{
	*test = (struct CMUnitTest){
		.name = rig_text("%s%s", name, suffix),
		.test_func = function,
		.initial_state = rig_text("%s/%s", golden_directory(), name),
	};
}

int main(void)
{
	static struct CMUnitTest tests[2 * CASES_MAX + 3];
	struct dirent **entries = NULL;
	int count = scandir(golden_directory(), &entries, is_case, alphasort);
	const char *why;
	size_t n = 0;
	bool both;
	int failed;

	if (count < 1 || count > CASES_MAX)
		die("%s: %d cases", golden_directory(), count);
	rig_check_setup();
	installed = rig_installed_nginx();
	both = rig_newer_nginx(&newer, &why) && newer.version != installed.version;
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(nonsense_is_refused);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(warnings_fail);
	tests[n++] =
		(struct CMUnitTest)cmocka_unit_test(the_newer_nginx_takes_http2_as_a_directive);
	for (int i = 0; i < count; i++) {
		add_case(&tests[n++], entries[i]->d_name, one_case, "");
		if (both)
			add_case(&tests[n++], entries[i]->d_name, one_case_by_a_newer_nginx,
				 " (newer nginx)");
		free(entries[i]);
	}
	free(entries);
	failed = _cmocka_run_group_tests("golden_nginx", tests, n, NULL, NULL);
	rig_clean();
	return failed;
}
