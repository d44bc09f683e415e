/* The checker of ZooKeeper's protocol: what a healthy server sends passes, everything else is
 * named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>

#include "core/wire/wire.h"

#define SESSION 0x1000001
#define STAT_SIZE 68

static const struct wire_limits limits = {
	.max_frame = 1000000,
	.shortest_grant = 100 * USEC_PER_MSEC,
	.longest_grant = 600 * USEC_PER_SEC,
};

/* --- frames ---------------------------------------------------------------------------------- */

static void put_int(struct buf *b, int64_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(b, (char)((uint64_t)n >> shift & 0xff));
}

static void put_long(struct buf *b, int64_t n)
{
	put_int(b, n >> 32);
	put_int(b, n);
}

static void put_text(struct buf *b, const char *s)
{
	put_int(b, (int64_t)strlen(s));
	buf_puts(b, s);
}

/*
 * A frame by its letters: i an int, l a long, b a truth value, s a string, n the length of a null
 * buffer, S a Stat, x one byte.
 */
static struct buf frame(const char *letters, ...)
{
	struct buf b = BUF_INIT;
	va_list args;

	va_start(args, letters);
	for (; *letters; letters++) {
		if (*letters == 'i')
			put_int(&b, va_arg(args, int));
		else if (*letters == 'l')
			put_long(&b, va_arg(args, long));
		else if (*letters == 'b')
			buf_putc(&b, (char)va_arg(args, int));
		else if (*letters == 's')
			put_text(&b, va_arg(args, const char *));
		else if (*letters == 'n')
			put_int(&b, -1);
		else if (*letters == 'S')
			for (int i = 0; i < STAT_SIZE; i++)
				buf_putc(&b, 1);
		else
			buf_putc(&b, 'x');
	}
	va_end(args);
	return b;
}

static bool ask(struct wire *w, struct buf b)
{
	bool ok = wire_request(w, b.data, b.size);

	buf_fini(&b);
	return ok;
}

/* A copy of exactly the frame's size: a read past its end is seen by the sanitizer. */
static const char *answer_kind(struct wire *w, struct buf b, enum wire_kind *kind)
{
	char *exact = malloc(b.size ?: 1);
	const char *why;

	if (b.size)
		memcpy(exact, b.data, b.size);
	why = wire_reply(w, exact, b.size, kind);
	free(exact);
	buf_fini(&b);
	return why;
}

static const char *answer(struct wire *w, struct buf b)
{
	enum wire_kind kind;

	return answer_kind(w, b, &kind);
}

static struct wire *asked(long session)
{
	struct wire *w = wire_new(&limits);

	assert_true(ask(w, frame("ilils", 0, 0L, 10000, session, "0123456789abcdef")));
	return w;
}

static struct wire *connected(void)
{
	struct wire *w = asked(0);

	assert_null(answer(w, frame("iilsb", 0, 10000, (long)SESSION, "0123456789abcdef", 0)));
	assert_int_equal(wire_session(w), SESSION);
	return w;
}

/* The reply header of a success, or of an error. */
#define OK(xid) (xid), 7L, 0
#define ERROR(xid, code) (xid), 7L, (code)

static void assert_refused(const char *why, const char *words)
{
	assert_non_null(why);
	if (!strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
}

/* --- the length and the handshake --------------------------------------------------------------
 */

static void a_length_is_within_the_limit(void **state UNUSED)
{
	static const struct {
		unsigned char bytes[4];
		const char *words; /* NULL: it may be read */
	} cases[] = {
		{ { 0, 0, 0, 1 }, NULL },
		{ { 0, 0x0f, 0x42, 0x40 }, NULL },
		{ { 0, 0x0f, 0x42, 0x41 }, "max_frame" },
		{ { 0x7f, 0xff, 0xff, 0xff }, "max_frame" },
		{ { 0, 0, 0, 0 }, "0 bytes" },
		{ { 0xff, 0xff, 0xff, 0xff }, "-1 bytes" },
		{ { 'H', 'T', 'T', 'P' }, "max_frame" },
	};
	CLEANUP(wire_freep) struct wire *w = wire_new(&limits);
	size_t length;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = wire_length(w, cases[i].bytes, &length);

		if (cases[i].words)
			assert_refused(why, cases[i].words);
		else
			assert_null(why);
	}
}

static void a_handshake_is_sane(void **state UNUSED)
{
	static const struct {
		long had, session;
		int timeout;
		const char *password, *words;
	} cases[] = {
		{ 0, SESSION, 10000, "0123456789abcdef", NULL },
		{ SESSION, SESSION, 4000, "0123456789abcdef", NULL },
		{ SESSION, 0, 0, "0123456789abcdef", NULL }, /* it expired */
		{ 0, 0, 0, "0123456789abcdef", "without a number" },
		{ 0, 0, 10000, "0123456789abcdef", "without a number" },
		{ 0, SESSION, 0, "0123456789abcdef", "timeout of 0 ms" },
		{ 0, SESSION, -2, "0123456789abcdef", "timeout of -2 ms" },
		{ 0, SESSION, 0x7fffffff, "0123456789abcdef", "timeout of 2147483647 ms" },
		{ 0, SESSION, 10000, "0123456789abcde", "15 bytes" },
		{ 0, SESSION, 10000, "0123456789abcdef0", "17 bytes" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(wire_freep) struct wire *w = asked(cases[i].had);
		const char *why = answer(w, frame("iilsb", 0, cases[i].timeout, cases[i].session,
						  cases[i].password, 0));

		if (cases[i].words)
			assert_refused(why, cases[i].words);
		else
			assert_null(why);
	}
}

static void a_handshake_has_its_form(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = asked(0);

	assert_refused(answer(w, frame("x")), "handshake");
	assert_refused(answer(w, frame("iiln", 0, 10000, (long)SESSION)), "0 bytes");
	assert_refused(answer(w, frame("iili", 0, 10000, (long)SESSION, -2)), "handshake");
	assert_refused(answer(w, frame("iili", 0, 10000, (long)SESSION, 0x7fffffff)), "handshake");
	assert_refused(answer(w, frame("iilsbx", 0, 10000, (long)SESSION, "0123456789abcdef", 0)),
		       "handshake");
	assert_refused(answer(w, frame("iilsb", 0, 10000, (long)SESSION, "0123456789abcdef", 1)),
		       "read-only");
	assert_null(answer(w, frame("iils", 0, 10000, (long)SESSION, "0123456789abcdef")));
}

static void a_server_speaks_when_it_is_asked(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = wire_new(&limits);

	assert_refused(answer(w, frame("iilsb", 0, 10000, (long)SESSION, "0123456789abcdef", 0)),
		       "before");
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void each_answer_passes(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask(w, frame("iisb", 1, 4, "/a", 1)));
	assert_null(answer(w, frame("ilisS", OK(1), "data")));
	assert_true(ask(w, frame("iisb", 2, 4, "/a", 1)));
	assert_null(answer(w, frame("ilinS", OK(2))));
	assert_true(ask(w, frame("iisb", 3, 12, "/a", 1)));
	assert_null(answer(w, frame("iliissS", OK(3), 2, "a", "b")));
	assert_true(ask(w, frame("iisb", 4, 12, "/a", 1)));
	assert_null(answer(w, frame("iliiS", OK(4), 0)));
	assert_true(ask(w, frame("iisb", 5, 3, "/a", 1)));
	assert_null(answer(w, frame("iliS", OK(5))));
	assert_true(ask(w, frame("iis", 6, 1, "/a")));
	assert_null(answer(w, frame("ilis", OK(6), "/a0000000001")));
	assert_true(ask(w, frame("iis", 7, 2, "/a")));
	assert_null(answer(w, frame("ili", OK(7))));
	assert_true(ask(w, frame("iis", 8, 5, "/a")));
	assert_null(answer(w, frame("iliS", OK(8))));
	assert_true(ask(w, frame("iis", 9, 9, "/")));
	assert_null(answer(w, frame("ilis", OK(9), "/")));
	assert_true(ask(w, frame("iis", 10, 6, "/a")));
	assert_null(answer(w, frame("iliiissS", OK(10), 1, 31, "world", "anyone")));
	assert_true(ask(w, frame("ii", 11, -11)));
	assert_null(answer(w, frame("ili", OK(11))));
	assert_int_equal(wire_outstanding(w), 0);
}

static void an_error_takes_the_place_of_an_answer(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask(w, frame("iisb", 1, 4, "/a", 1)));
	assert_null(answer(w, frame("ili", ERROR(1, -101))));
	assert_true(ask(w, frame("iisb", 2, 4, "/a", 1)));
	assert_refused(answer(w, frame("ilix", ERROR(2, -101))), "more bytes");
	assert_true(ask(w, frame("iisb", 3, 4, "/a", 1)));
	assert_refused(answer(w, frame("ili", ERROR(3, 17))), "error code 17");
}

/* Each answer of each length that is shorter than the whole. */
static void an_answer_that_is_cut_short_is_refused(void **state UNUSED)
{
	static const int ops[] = { 4, 12, 3, 1, 6 };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		for (size_t size = 0;; size++) {
			CLEANUP(wire_freep) struct wire *w = connected();
			struct buf whole[] = {
				frame("ilisS", OK(1), "data"),
				frame("iliissS", OK(1), 2, "a", "b"),
				frame("iliS", OK(1)),
				frame("ilis", OK(1), "/a"),
				frame("iliiissS", OK(1), 1, 31, "world", "anyone"),
			};
			bool all = size == whole[i].size;
			const char *why;

			assert_true(ask(w, frame("iisb", 1, ops[i], "/a", 1)));
			whole[i].size = size;
			why = answer(w, whole[i]);
			for (size_t k = 0; k < ARRAY_SIZE(whole); k++) {
				if (k != i)
					buf_fini(&whole[k]);
			}
			if (all) {
				assert_null(why);
				break;
			}
			assert_non_null(why);
		}
	}
}

static void numbers_inside_a_frame_are_checked(void **state UNUSED)
{
	static const int lengths[] = { 0x7fffffff, 64000000, 5, -2, (int)0x80000000 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		CLEANUP(wire_freep) struct wire *w = connected();

		assert_true(ask(w, frame("iisb", 1, 4, "/a", 1)));
		assert_non_null(answer(w, frame("iliixxxx", OK(1), lengths[i])));
		assert_true(ask(w, frame("iisb", 2, 12, "/a", 1)));
		assert_non_null(answer(w, frame("iliixxxx", OK(2), lengths[i])));
		assert_true(ask(w, frame("iis", 3, 1, "/a")));
		assert_non_null(answer(w, frame("iliixxxx", OK(3), lengths[i])));
	}
}

static void answers_come_in_the_order_of_the_requests(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_refused(answer(w, frame("ili", OK(1))), "not sent");
	assert_true(ask(w, frame("iis", 1, 2, "/a")));
	assert_true(ask(w, frame("iis", 2, 2, "/b")));
	assert_refused(answer(w, frame("ili", OK(2))), "next answer");
	assert_refused(answer(w, frame("ili", OK(-7))), "next answer");
	assert_null(answer(w, frame("ili", OK(1))));
	assert_null(answer(w, frame("ili", OK(2))));
	assert_refused(answer(w, frame("ili", OK(2))), "not sent");
}

static void pings_credentials_and_watches_are_answered_when_they_were_sent(void **state UNUSED)
{
	static const struct {
		int xid, op;
		enum wire_kind kind;
	} cases[] = { { -2, 11, WIRE_PING }, { -4, 100, WIRE_AUTH }, { -8, 101, WIRE_WATCHES } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(wire_freep) struct wire *w = connected();
		enum wire_kind kind;

		assert_refused(answer(w, frame("ili", OK(cases[i].xid))), "not sent");
		assert_true(ask(w, frame("ii", cases[i].xid, cases[i].op)));
		assert_null(answer_kind(w, frame("ili", OK(cases[i].xid)), &kind));
		assert_int_equal(kind, cases[i].kind);
		assert_refused(answer(w, frame("ili", OK(cases[i].xid))), "not sent");
		assert_true(ask(w, frame("ii", cases[i].xid, cases[i].op)));
		assert_refused(answer(w, frame("ilix", OK(cases[i].xid))), "more bytes");
	}
}

static void events_are_checked(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();
	enum wire_kind kind;

	assert_null(answer_kind(w, frame("iliiis", OK(-1), 3, 3, "/a/b"), &kind));
	assert_int_equal(kind, WIRE_EVENT);
	assert_refused(answer(w, frame("iliiis", OK(-1), 9, 3, "/a")), "type 9");
	assert_refused(answer(w, frame("iliiis", OK(-1), 3, 99, "/a")), "state 99");
	assert_refused(answer(w, frame("iliiin", OK(-1), 3, 3)), "no string");
	assert_refused(answer(w, frame("iliiii", OK(-1), 3, 3, -5)), "negative");
	assert_refused(answer(w, frame("iliiis", OK(-1), 3, 3, "a")), "path");
	assert_refused(answer(w, frame("iliiis", ERROR(-1, -4), 3, 3, "/a")), "error code");
	assert_refused(answer(w, frame("ili", OK(-1))), "shorter");
}

static void names_are_those_of_znodes(void **state UNUSED)
{
	static const char *const bad[] = { "", "/", "a/b", ".", "..", "/a" };
	static const char *const paths[] = {
		"", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a/./b"
	};
	CLEANUP(wire_freep) struct wire *w = connected();
	struct buf nul;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(ask(w, frame("iisb", 1, 12, "/a", 1)));
		assert_refused(answer(w, frame("iliisS", OK(1), 1, bad[i])), "name");
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_true(ask(w, frame("iis", 1, 1, "/a")));
		assert_refused(answer(w, frame("ilis", OK(1), paths[i])), "path");
	}
	assert_true(ask(w, frame("iisb", 1, 12, "/a", 1)));
	nul = frame("iliisS", OK(1), 1, "a?b");
	((char *)memchr(nul.data, '?', nul.size))[0] = '\0';
	assert_refused(answer(w, nul), "name");
	assert_true(ask(w, frame("iisb", 1, 12, "/a", 1)));
	assert_null(answer(w, frame("iliisssS", OK(1), 3, "...", ".a", "\xff\xfe")));
}

/* --- transactions ------------------------------------------------------------------------------
 */

/* create /a, set /b, delete /c, check /d */
static bool ask_transaction(struct wire *w, int xid)
{
	return ask(w, frame("iiibissiissiibissiibisiibisiibi", xid, 14, 1, 0, -1, "/a", "x", 1, 31,
			    "world", "anyone", 0, 5, 0, -1, "/b", "y", 3, 2, 0, -1, "/c", -1, 13, 0,
			    -1, "/d", 0, -1, 1, -1));
}

static void a_transaction_has_the_result_of_each_operation(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask_transaction(w, 1));
	assert_null(answer(w, frame("ili"
				    "ibis"
				    "ibiS"
				    "ibi"
				    "ibi"
				    "ibi",
				    OK(1), 1, 0, 0, "/a", 5, 0, 0, 2, 0, 0, 13, 0, 0, -1, 1, -1)));
}

static void a_failed_transaction_has_an_error_for_each_operation(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask_transaction(w, 1));
	assert_null(answer(w, frame("ili"
				    "ibii"
				    "ibii"
				    "ibii"
				    "ibii"
				    "ibi",
				    OK(1), -1, 0, 0, 0, -1, 0, -103, -103, -1, 0, -2, -2, -1, 0, -2,
				    -2, -1, 1, -1)));
	assert_true(ask_transaction(w, 2));
	assert_null(answer(w, frame("ili", ERROR(2, -118))));
	assert_int_equal(wire_outstanding(w), 0);
}

static void a_transaction_has_no_other_results(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask_transaction(w, 1));
	assert_refused(answer(w, frame("ili", OK(1))), "no results");
	assert_true(ask_transaction(w, 2));
	assert_refused(answer(w, frame("iliibi", OK(2), -1, 1, -1)), "left out");
	assert_true(ask_transaction(w, 3));
	assert_refused(answer(w, frame("iliibi", OK(3), 2, 0, 0)), "another operation");
	assert_true(ask_transaction(w, 4));
	assert_refused(answer(w, frame("iliibiiibiiibiiibiiibii", OK(4), -1, 0, 0, 0, -1, 0, 0, 0,
				       -1, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0)),
		       "more results");
	assert_int_equal(wire_outstanding(w), 0);
}

/* The library ends the process when it reads a list of results that has no end. */
static void a_transaction_without_operations_has_a_list_of_results(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask(w, frame("iiibi", 1, 14, -1, 1, -1)));
	assert_null(answer(w, frame("iliibi", OK(1), -1, 1, -1)));
	assert_true(ask(w, frame("iiibi", 2, 14, -1, 1, -1)));
	assert_refused(answer(w, frame("ili", OK(2))), "no results");
}

/* The library takes the error of the head, and the result for one of success. */
static void a_result_of_a_transaction_is_an_error_or_none(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_true(ask_transaction(w, 1));
	assert_refused(answer(w, frame("ili"
				       "ibis",
				       OK(1), 1, 0, -101, "/a")),
		       "both a result and an error");
}

/* --- what the library sends ----------------------------------------------------------------------
 */

static void an_unknown_request_ends_the_connection(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();

	assert_false(ask(w, frame("i", 1)));
	assert_false(ask(w, frame("ii", 1, 77)));
	assert_false(ask(w, frame("ii", -9, 4)));
	assert_false(ask(w, frame("iiibi", 1, 14, 77, 0, -1)));
}

static void a_long_queue_keeps_its_order(void **state UNUSED)
{
	CLEANUP(wire_freep) struct wire *w = connected();
	int next = 1, answered = 1;

	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 40; i++)
			assert_true(next++ % 3 ? ask(w, frame("iis", next - 1, 2, "/a"))
					       : ask_transaction(w, next - 1));
		for (int i = 0; i < 37; i++)
			assert_null(answer(w, frame("ili", ERROR(answered++, -4))));
	}
	assert_int_equal(wire_outstanding(w), next - answered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_length_is_within_the_limit),
		cmocka_unit_test(a_handshake_is_sane),
		cmocka_unit_test(a_handshake_has_its_form),
		cmocka_unit_test(a_server_speaks_when_it_is_asked),
		cmocka_unit_test(each_answer_passes),
		cmocka_unit_test(an_error_takes_the_place_of_an_answer),
		cmocka_unit_test(an_answer_that_is_cut_short_is_refused),
		cmocka_unit_test(numbers_inside_a_frame_are_checked),
		cmocka_unit_test(answers_come_in_the_order_of_the_requests),
		cmocka_unit_test(pings_credentials_and_watches_are_answered_when_they_were_sent),
		cmocka_unit_test(events_are_checked),
		cmocka_unit_test(names_are_those_of_znodes),
		cmocka_unit_test(a_transaction_has_the_result_of_each_operation),
		cmocka_unit_test(a_failed_transaction_has_an_error_for_each_operation),
		cmocka_unit_test(a_transaction_has_no_other_results),
		cmocka_unit_test(a_transaction_without_operations_has_a_list_of_results),
		cmocka_unit_test(a_result_of_a_transaction_is_an_error_or_none),
		cmocka_unit_test(an_unknown_request_ends_the_connection),
		cmocka_unit_test(a_long_queue_keeps_its_order),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
