/* warnings: which warnings of nginx count as a refusal, and what a message is about. */
#include "core/deploy/cause.h"
#include "core/deploy/warnings.h"
#include "tree_fixture.h"

#define LIVE "/var/lib/zknginxd/live"

static void expect(const char *output, const char *lines)
{
	CLEANUP(buf_fini) struct buf out = BUF_INIT;

	warnings_read(output, LIVE, &out);
	assert_string_equal(buf_str(&out), lines);
}

static void only_what_changes_what_is_served_counts(void **state UNUSED)
{
	expect("nginx: [warn] conflicting server name \"a.test\" on 0.0.0.0:80, ignored\n",
	       "conflicting server name \"a.test\" on 0.0.0.0:80, ignored\n");
	expect("2026/11/28 01:27:49 [warn] 11217#11217: duplicate MIME type \"text/html\" in " LIVE
	       "/http.conf:7\nnginx: configuration file x test is successful\n",
	       "duplicate MIME type \"text/html\"\n");
	expect("nginx: [warn] duplicate MIME type \"text/html\" in /etc/nginx/nginx.conf:7\n",
	       "duplicate MIME type \"text/html\" in /etc/nginx/nginx.conf:7\n");
	expect("nginx: [warn] the \"user\" directive makes sense only if …\n", "");
	expect("nginx: [warn] could not build optimal server_names_hash, …\n", "");
	expect("nginx: [emerg] conflicting server name\n", "");
}

static const char *first_new(const char *now, const char *before)
{
	size_t size;
	const char *line = warnings_new(now, before, &size);

	return line ? strndup(line, size) : NULL;
}

static void what_was_warned_of_before_is_not_new(void **state UNUSED)
{
	char *line;

	assert_null(first_new("", ""));
	assert_null(first_new("a\nb\n", "b\na\n"));
	line = (char *)first_new("a\nb\n", "a\n");
	assert_string_equal(line, "b");
	free(line);
	line = (char *)first_new("a\na\n", "a\n"); /* once more */
	assert_string_equal(line, "a");
	free(line);
}

/* --- causes ---------------------------------------------------------------------------------- */

static void a_message_names_the_files_that_it_is_about(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char **files;

	assert_int_equal(
		cause_files(a, "cannot load certificate \"/etc/a.crt\": BIO_new_file() failed",
			    &files),
		1);
	assert_string_equal(files[0], "/etc/a.crt");
	assert_int_equal(
		cause_files(a, "unknown directive \"oops\" in /etc/nginx/nginx.conf:7", &files), 1);
	assert_string_equal(files[0], "/etc/nginx/nginx.conf");
	assert_int_equal(cause_files(a, "invalid port in upstream \"x\"", &files), 0);
}

static void a_message_names_the_port_that_is_taken(void **state UNUSED)
{
	assert_int_equal(cause_port("bind() to 127.0.0.1:8080 failed (98: Address already in use)"),
			 8080);
	assert_int_equal(cause_port("bind() to [::]:443 failed (98: Address already in use)"), 443);
	assert_int_equal(cause_port("bind() to unix:/run/a failed (98: Address already in use)"),
			 0);
	assert_int_equal(cause_port("bind() to 127.0.0.1:80 failed (13: Permission denied)"), 0);
	assert_int_equal(cause_port("still could not bind()"), 0);
}

static void a_message_names_the_host_that_was_not_found(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char **files;

	assert_string_equal(cause_host_name(a, "host not found in upstream \"app.test:80\""),
			    "app.test");
	assert_string_equal(cause_host_name(a, "host not found in \"b.test\" of the \"listen\""),
			    "b.test");
	assert_null(cause_host_name(a, "cannot load certificate \"/etc/a.crt\""));
	assert_int_equal(cause_files(a, "host not found in upstream \"app.test\"", &files), 2);
	assert_string_equal(files[0], "/etc/hosts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_changes_what_is_served_counts),
		cmocka_unit_test(what_was_warned_of_before_is_not_new),
		cmocka_unit_test(a_message_names_the_files_that_it_is_about),
		cmocka_unit_test(a_message_names_the_port_that_is_taken),
		cmocka_unit_test(a_message_names_the_host_that_was_not_found),
	};

	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
