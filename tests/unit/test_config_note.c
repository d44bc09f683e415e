/* config_note: the data of the config root. */
#include <zknginx/history.h>

#include "core/fleet/config_note.h"
#include "tree_fixture.h"

#define PUSH                                                                                       \
	"\"push\":{\"by\":\"alice\",\"id\":\"p1\",\"left\":3,"                                     \
	"\"time\":\"2026-11-28T12:00:00Z\"}"

static struct config_note read(struct arena *a, const char *text)
{
	struct config_note n;

	config_note_parse(a, text, strlen(text), &n);
	return n;
}

static void a_note_says_who_and_why(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = read(a, "{\"by\":\"alice\",\"note\":\"new shop\"}");

	assert_string_equal(n.by, "alice");
	assert_string_equal(n.note, "new shop");
	assert_false(n.unfinished);
	assert_null(n.other);
}

static void an_unfinished_push_is_marked(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = read(a, "{" PUSH "}");

	assert_true(n.unfinished);
	assert_string_equal(n.push.by, "alice");
	assert_string_equal(n.push.id, "p1");
	assert_true(n.push.time == UINT64_C(1795867200) * USEC_PER_SEC);
	assert_int_equal(n.push.left, 3);
}

static void a_signature_is_read_with_all_that_it_covers(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct config_note n = read(a, "{\"revision\":\"ab\",\"serial\":7,\"signature\":\"s\","
				       "\"time\":\"t\",\"x\":1}");

	assert_string_equal(n.revision, "ab");
	assert_string_equal(n.time, "t");
	assert_string_equal(n.signature, "s");
	assert_int_equal(n.serial, 7);
	assert_string_equal(n.other, "{\"x\":1}\n");
}

static void a_serial_is_a_number_above_zero(void **state UNUSED)
{
	static const char *const texts[] = { "0",    "-1",  "1.5", "\"7\"", "1000000000000001",
					     "null", "true" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();

		assert_int_equal(read(a, arena_printf(a, "{\"serial\":%s}", texts[i])).serial, 0);
	}
}

static void what_is_no_mark_marks_nothing(void **state UNUSED)
{
	static const char *const texts[] = {
		"",
		"hello",
		"[]",
		"\"push\"",
		"{}",
		"{\"push\":true}",
		"{\"push\":{}}",
		"{\"push\":null}",
		"{\"push\":[\"alice\"]}",
		"{" PUSH,
		"{\"push\":{\"by\":\"a\",\"id\":\"p\",\"left\":3}}",
		"{\"push\":{\"by\":\"a\",\"id\":\"p\",\"left\":3,\"time\":\"now\"}}",
		"{\"push\":{\"by\":\"a\",\"id\":\"p\",\"left\":-1,\"time\":\"2026-11-28T12:00:"
		"00Z\"}}",
		"{\"push\":{\"by\":\"a\",\"id\":\"p\",\"left\":\"3\",\"time\":\"2026-11-28T12:00:"
		"00Z\"}}",
		"{\"push\":{\"by\":\"a\",\"id\":\"\",\"left\":3,\"time\":\"2026-11-28T12:00:00Z\"}"
		"}",
		"{\"push\":{\"by\":7,\"id\":\"p\",\"left\":3,\"time\":\"2026-11-28T12:00:00Z\"}}",
		"{\"push\":{\"id\":\"p\",\"left\":3,\"time\":\"2026-11-28T12:00:00Z\"}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();

		if (read(a, texts[i]).unfinished)
			fail_msg("%s is no mark", texts[i]);
	}
}

static void what_was_read_is_printed_again(void **state UNUSED)
{
	static const char *const texts[] = {
		"{}\n",
		"{\"by\":\"alice\",\"note\":\"why\"}\n",
		"{\"by\":\"alice\"," PUSH ",\"signature\":{\"key\":\"k\"},\"x\":[1,null]}\n",
		("{\"by\":\"a\",\"revision\":\"r\",\"serial\":7,\"signature\":\"s\",\"time\":\"t\"}"
		 "\n"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		CLEANUP(buf_fini) struct buf out = BUF_INIT;
		struct config_note n = read(a, texts[i]);

		config_note_print(&n, &out);
		assert_string_equal(buf_str(&out), texts[i]);
	}
}

static void a_mark_is_taken_off_and_nothing_else(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp)
	struct tree *t = parse("/r\n\t{\"by\":\"bob\"," PUSH ",\"x\":1}\\\n/r/sites\n");
	CLEANUP(tree_unrefp) struct tree *kept = history_extract(t, "/r");
	CLEANUP(tree_unrefp) struct tree *odd = parse("/r\n\t{ \"by\": \"bob\" }\\\n");
	CLEANUP(tree_unrefp) struct tree *same = history_extract(odd, "/r");
	struct config_note n;

	config_note_of(a, t, "/r", &n);
	assert_true(n.unfinished);
	assert_string_equal(tree_find(kept, "/r")->data, "{\"by\":\"bob\",\"x\":1}\n");
	assert_non_null(tree_find(kept, "/r/sites"));
	assert_string_equal(tree_find(same, "/r")->data, "{ \"by\": \"bob\" }");
	config_note_of(a, kept, "/none", &n);
	assert_false(n.unfinished);
	assert_string_equal(n.by, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_says_who_and_why),
		cmocka_unit_test(an_unfinished_push_is_marked),
		cmocka_unit_test(a_signature_is_read_with_all_that_it_covers),
		cmocka_unit_test(a_serial_is_a_number_above_zero),
		cmocka_unit_test(what_is_no_mark_marks_nothing),
		cmocka_unit_test(what_was_read_is_printed_again),
		cmocka_unit_test(a_mark_is_taken_off_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
