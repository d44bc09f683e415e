/* The operator's requests: what reads back, what is refused and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "core/fleet/request.h"

static void requests_are_read(void **state UNUSED)
{
	static const struct {
		const char *data;
		struct request want;
	} cases[] = {
		{ "pause", { REQUEST_PAUSE, "", "", false, "" } },
		{ " resume\n", { REQUEST_RESUME, "", "", false, "" } },
		{ "{\"action\":\"promote\",\"all\":true}", { REQUEST_PROMOTE, "", "", true, "" } },
		{ "{\"action\":\"abort\",\"by\":\"alice\"}",
		  { REQUEST_ABORT, "", "alice", false, "" } },
		{ "{\"action\":\"rollback\",\"revision\":\"0123ABcd\"}",
		  { REQUEST_ROLLBACK, "0123abcd", "", false, "" } },
		{ "{\"action\":\"resume\",\"revision\":\"\",\"all\":false}",
		  { REQUEST_RESUME, "", "", false, "" } },
		{ "{\"action\":\"rollback\",\"revision\":\"0123abcd\",\"root\":\"{}\"}",
		  { REQUEST_ROLLBACK, "0123abcd", "", false, "{}" } },
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct request *want = &cases[i].want;
		const char *why = NULL;
		struct request r;

		if (!request_parse(a, cases[i].data, strlen(cases[i].data), &r, &why))
			fail_msg("%s: %s", cases[i].data, why);
		assert_int_equal(r.action, want->action);
		assert_string_equal(r.revision, want->revision);
		assert_string_equal(r.by, want->by);
		assert_int_equal(r.all, want->all);
		assert_string_equal(r.root, want->root);
	}
}

static void a_request_reads_back_as_it_was_printed(void **state UNUSED)
{
	static const struct request requests[] = {
		{ .action = REQUEST_PAUSE, .revision = "", .by = "" },
		{ .action = REQUEST_RESUME, .revision = "abcdef012345", .by = "" },
		{ .action = REQUEST_PROMOTE, .revision = "", .by = "\"al\\ice\"", .all = true },
		{ .action = REQUEST_ABORT, .revision = "", .by = "bob" },
		{ .action = REQUEST_ROLLBACK, .revision = "abcdef", .by = "é" },
		{ .action = REQUEST_ROLLBACK, .revision = "abcdef", .by = "", .root = "{\"a\":1}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		const char *why = "";
		struct request r;

		request_print(&requests[i], &b);
		if (!request_parse(a, b.data, b.size, &r, &why))
			fail_msg("%s: %s", buf_str(&b), why);
		assert_int_equal(r.action, requests[i].action);
		assert_int_equal(r.all, requests[i].all);
		assert_string_equal(r.revision, requests[i].revision);
		assert_string_equal(r.by, requests[i].by);
	}
}

static void faulty_requests_say_what_is_wrong(void **state UNUSED)
{
	static const struct {
		const char *data, *says;
	} cases[] = {
		{ "", "empty" },
		{ " \n", "empty" },
		{ "pauze", "expected the action" },
		{ "[\"pause\"]", "expected the action" },
		{ "{\"action\":\"pause\"", "not valid JSON" },
		{ "{}", "no action" },
		{ "{\"action\":7}", "expected the action" },
		{ "{\"action\":\"pause\",\"al\":true}", "\"al\"" },
		{ "{\"action\":\"promote\",\"all\":\"yes\"}", "neither true nor false" },
		{ "{\"action\":\"abort\",\"all\":true}", "belongs to promote" },
		{ "{\"action\":\"abort\",\"by\":1}", "\"by\"" },
		{ "{\"action\":\"abort\",\"revision\":\"0123\"}", "6 to 64" },
		{ "{\"action\":\"abort\",\"revision\":\"../../x\"}", "hexadecimal" },
		{ "{\"action\":\"abort\",\"revision\":12345678}", "not a string" },
		{ "{\"action\":\"rollback\"}", "needs the revision" },
		{ "rollback", "needs the revision" },
	};
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = NULL;
		struct request r;

		if (request_parse(a, cases[i].data, strlen(cases[i].data), &r, &why))
			fail_msg("%s is read as a request", cases[i].data);
		if (!strstr(why, cases[i].says))
			fail_msg("%s: %s", cases[i].data, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(a_request_reads_back_as_it_was_printed),
		cmocka_unit_test(faulty_requests_say_what_is_wrong),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
