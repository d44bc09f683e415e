/* The rows of the policy: sorted, and each rule checks all that its directive can reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/policy/policy_rules.h"

static const struct directive *rows;
static size_t row_count;

static int set_up(void **state UNUSED)
{
	rows = policy_directives(&row_count);
	return 0;
}

static void each_row_is_found(void **state UNUSED)
{
	for (size_t i = 0; i < row_count; i++) {
		assert_true(!i || strcmp(rows[i - 1].name, rows[i].name) < 0);
		assert_ptr_equal(policy_directive(rows[i].name), &rows[i]);
	}
	assert_null(policy_directive("load_module"));
	assert_null(policy_directive(""));
}

/* A directive that names a file, a server or a URI has a rule for it, unless it is a switch. */
static bool is_switch(const char *name)
{
	static const char *const names[] = { "autoindex",
					     "gzip_static",
					     "internal",
					     "break",
					     "recursive_error_pages",
					     "proxy_intercept_errors",
					     "grpc_intercept_errors",
					     "fastcgi_intercept_errors",
					     "uwsgi_intercept_errors",
					     "slice" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static void what_reaches_beyond_has_a_rule(void **state UNUSED)
{
	for (size_t i = 0; i < row_count; i++) {
		const struct directive *d = &rows[i];
		bool beyond = d->scope == SCOPE_NETWORK || d->scope == SCOPE_SERVED ||
			      d->scope == SCOPE_READ || d->scope == SCOPE_URI;

		if (beyond && d->rule == RULE_ANY && !is_switch(d->name))
			fail_msg("%s takes anything", d->name);
		if (d->scope == SCOPE_READ && d->rule != RULE_SECRET && d->rule != RULE_INCLUDE &&
		    d->rule != RULE_PARAM)
			fail_msg("%s is not held to a path", d->name);
	}
}

static bool ends_with(const char *s, const char *end)
{
	size_t size = strlen(s), tail = strlen(end);

	return size >= tail && strcmp(s + size - tail, end) == 0;
}

static void what_is_named_like_a_file_takes_only_an_allowed_path(void **state UNUSED)
{
	static const char *const ends[] = { "_file", "certificate", "_certificate_key",
					    "_crl",  "_dhparam",    "_ticket_key",
					    "_path" };

	for (size_t i = 0; i < row_count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(ends); k++) {
			if (ends_with(rows[i].name, ends[k]) && rows[i].rule != RULE_SECRET &&
			    rows[i].rule != RULE_CACHE_PATH &&
			    strcmp(rows[i].name, "proxy_cookie_path") != 0)
				fail_msg("%s is not held to a path", rows[i].name);
		}
	}
}

static void each_row_has_the_places_that_nginx_takes_it_in(void **state UNUSED)
{
	for (size_t i = 0; i < row_count; i++) {
		if (!*rows[i].where || rows[i].where[strspn(rows[i].where, "HSLIMUhsu")])
			fail_msg("%s has the places \"%s\"", rows[i].name, rows[i].where);
	}
	assert_true(policy_directive_fits("gzip", PLACE_LOCATION));
	assert_false(policy_directive_fits("gzip", PLACE_UPSTREAM));
	assert_false(policy_directive_fits("server_name", PLACE_LOCATION));
	assert_true(policy_directive_fits("ssl_preread", PLACE_STREAM_SERVER));
	assert_false(policy_directive_fits("ssl_preread", PLACE_SERVER));
	assert_true(policy_directive_fits("of_a_module", PLACE_SERVER));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_found),
		cmocka_unit_test(what_reaches_beyond_has_a_rule),
		cmocka_unit_test(each_row_has_the_places_that_nginx_takes_it_in),
		cmocka_unit_test(what_is_named_like_a_file_takes_only_an_allowed_path),
	};

	return cmocka_run_group_tests_name("policy_list", tests, set_up, NULL);
}
