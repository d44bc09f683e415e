/* The results of the sandbox, with a real nginx binary; each test with both kinds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_sandbox.h"

static int set_up_namespace(void **state)
{
	*state = host_new();
	((struct host *)*state)->settings.sandbox = SANDBOX_NAMESPACE;
	return 0;
}

static int set_up_fallback(void **state)
{
	*state = host_new();
	((struct host *)*state)->settings.sandbox = SANDBOX_FALLBACK;
	return 0;
}

static const struct test_result *test(struct host *h)
{
	return host_test(h, h->settings.sandbox);
}

static PRINTF(2, 3) bool says(const struct test_result *v, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	if (strstr(v->text, text))
		return true;
	print_message("expected \"%s\" in: %s\n", text, v->text);
	return false;
}

static void assert_passed(const struct test_result *v)
{
	if (!v->passed)
		fail_msg("%s", v->text);
	assert_false(v->failed);
	assert_false(v->timed_out);
}

static void the_staged_file_passes_not_the_live_one(void **state)
{
	struct host *h = *state;
	const struct test_result *v = test(h);

	assert_passed(v);
	assert_true(v->http_included);
	assert_false(v->stream_included);
	assert_true(says(v, "%s test is successful", h->settings.config));
}

static void the_stream_include_is_found_too(void **state)
{
	struct host *h = *state;
	CLEANUP(freep)
	char *head = xasprintf("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n"
			       "stream { include %s/stream.conf; }",
			       h->live);

	rig_write(rig_path("state/generations/2/stream.conf"),
		  "server { listen 127.0.0.1:%d; proxy_pass 127.0.0.1:9; }\n", rig_port());
	host_configure(h, head, host_include(h));
	assert_passed(test(h));
	assert_true(h->result.http_included);
	assert_true(h->result.stream_included);
}

static void a_refusal_names_the_live_path_and_the_line(void **state)
{
	struct host *h = *state;
	const struct test_result *v;

	host_stage(h, "map $uri $x { default 1; }\nno_such_directive on;\n");
	v = test(h);
	assert_false(v->passed);
	assert_false(v->failed);
	assert_true(says(v, "unknown directive \"no_such_directive\" in %s/http.conf:2", h->live));
	assert_true(says(v, "configuration file %s test failed", h->settings.config));
	assert_null(strstr(v->text, h->staged));
	assert_null(strstr(v->text, ".zknginxd"));
}

static void an_error_of_the_main_file_names_its_line(void **state)
{
	struct host *h = *state;
	CLEANUP(freep) char *body = xasprintf("%s\n\n\n# a comment\nwrong on;", host_include(h));

	host_configure(h, "", body);
	assert_false(test(h)->passed);
	assert_true(says(&h->result, "unknown directive \"wrong\" in %s:16", h->settings.config));
}

static void a_missing_include_is_noticed(void **state)
{
	struct host *h = *state;

	host_configure(h, "", "# include nothing");
	assert_passed(test(h));
	assert_false(h->result.http_included);
}

static void an_include_after_others_counts(void **state)
{
	struct host *h = *state;

	rig_write(rig_path("etc/conf.d/a.conf"), "map $uri $a { default 1; }\n");
	rig_write(rig_path("etc/conf.d/b.conf"), "# ours:\n%s # no more\n", host_include(h));
	rig_write(rig_path("etc/conf.d/c.conf"), "map $uri $c { default 1; }\nbad_one;\n");
	host_configure(h, "", "include conf.d/*.conf;");
	assert_false(test(h)->passed);
	assert_true(says(&h->result, "\"bad_one\" in %s/etc/conf.d/c.conf:2", rig_directory()));
	rig_write(rig_path("etc/conf.d/c.conf"), "map $uri $c { default 1; }\n");
	assert_passed(test(h));
	assert_true(h->result.http_included);
	rig_write(rig_path("etc/conf.d/b.conf"), "bad_two;\n%s\n", host_include(h));
	assert_false(test(h)->passed);
	assert_true(says(&h->result, "\"bad_two\" in %s/etc/conf.d/b.conf:1", rig_directory()));
}

static void a_pattern_that_matches_the_live_files_counts(void **state)
{
	struct host *h = *state;
	CLEANUP(freep) char *body = xasprintf("include\n\n\t\"%s/h*.conf\"\n;", h->live);
	CLEANUP(freep) char *wrong = xasprintf("%s\nwrong;", body);

	host_configure(h, "", body);
	assert_passed(test(h));
	assert_true(h->result.http_included);
	host_configure(h, "", wrong);
	assert_false(test(h)->passed);
	assert_true(says(&h->result, "unknown directive \"wrong\" in %s:16", h->settings.config));
}

static void a_hanging_nginx_is_killed_at_the_deadline(void **state)
{
	struct host *h = *state;
	CLEANUP(freep) char *body = NULL;

	assert_int_equal(mkfifo(rig_path("etc/conf.d/fifo.conf"), 0644), 0);
	body = xasprintf("%s include conf.d/*.conf;", host_include(h));
	host_configure(h, "", body);
	h->settings.test_timeout = 500 * USEC_PER_MSEC;
	assert_true(test(h)->timed_out);
	assert_false(h->result.passed);
	assert_true(says(&h->result, "did not end within 0.5 seconds"));
	assert_true(host_runs_no_test());
}

static void a_crashing_nginx_is_a_refusal(void **state)
{
	struct host *h = *state;

	h->settings.binary = rig_path("crash");
	rig_write(h->settings.binary, "#!/bin/sh\nkill -SEGV $$\n");
	assert_int_equal(chmod(h->settings.binary, 0755), 0);
	assert_false(test(h)->passed);
	assert_false(h->result.failed);
	assert_true(says(&h->result, "killed by signal 11 (Segmentation fault)"));
}

static void without_nginx_the_result_is_an_error(void **state)
{
	struct host *h = *state;

	h->settings.binary = "/nonexistent/nginx";
	assert_true(test(h)->failed);
	assert_false(h->result.passed);
	assert_true(says(&h->result, "/nonexistent/nginx: No such file or directory"));
}

static void a_cancelled_test_gives_no_result(void **state)
{
	struct host *h = *state;

	host_begin(h, h->settings.sandbox);
	sandbox_cancel(h->sandbox);
	eventually(h->loop, host_runs_no_test());
	assert_false(h->result.over);
	assert_passed(test(h));
}

static void neither_the_state_nor_the_configuration_changes(void **state)
{
	struct host *h = *state;
	const char *state_before, *etc_before;

	host_stage(h, "map $uri $x { default 1; }\nno_such_directive on;\n");
	state_before = host_listing(rig_path("state"));
	etc_before = host_listing(rig_path("etc/nginx.conf"));
	assert_false(test(h)->passed);
	assert_string_equal(host_listing(rig_path("state")), state_before);
	assert_string_equal(host_listing(rig_path("etc/nginx.conf")), etc_before);
	assert_null(strstr(host_listing(rig_path("etc")), ".zknginxd-test"));
}

int main(void)
{
#define BOTH(name)                                                                                 \
	{ #name " (namespace)", name, set_up_namespace, host_teardown, NULL },                     \
	{                                                                                          \
#name " (fallback)", name, set_up_fallback, host_teardown, NULL                    \
	}
	const struct CMUnitTest tests[] = {
		BOTH(the_staged_file_passes_not_the_live_one),
		BOTH(the_stream_include_is_found_too),
		BOTH(a_refusal_names_the_live_path_and_the_line),
		BOTH(an_error_of_the_main_file_names_its_line),
		BOTH(a_missing_include_is_noticed),
		BOTH(an_include_after_others_counts),
		BOTH(a_pattern_that_matches_the_live_files_counts),
		BOTH(a_hanging_nginx_is_killed_at_the_deadline),
		BOTH(a_crashing_nginx_is_a_refusal),
		BOTH(without_nginx_the_result_is_an_error),
		BOTH(a_cancelled_test_gives_no_result),
		BOTH(neither_the_state_nor_the_configuration_changes),
	};
	int failed = cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);

	host_use_helper();
	return failed +
	       cmocka_run_group_tests_name("sandbox, through the helper", tests, NULL, NULL);
}
