/* history: entries and their content. */
#include <zknginx/history.h>

#include "config_trees.h"
#include "core/data/layout.h"

#define ROUNDS 500
#define REVISION "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- entries --------------------------------------------------------------------------------- */

static void names_are_padded(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	assert_string_equal(history_path(a, "/c", 42), "/c/history/0000000042");
	assert_string_equal(history_path(a, "/c", 12345678901), "/c/history/12345678901");
	assert_string_equal(history_part_path(a, "/c", 42, 10), "/c/history/0000000042/10");
}

static struct history_entry full_entry(void)
{
	static const char *znodes[] = { "+/r/sites/one", "~/r/\xff" };

	return (struct history_entry){
		.seq = 42,
		.revision = REVISION,
		.at = "2026-11-22T15:04:05.123Z",
		.changed = "2026-11-22T15:04:00Z",
		.by = "ann \"the\" \\ \x01 b\xc3\xb6",
		.note = "two\nlines",
		.leader = "web1",
		.outcome = OUTCOME_HALTED,
		.reason = "cut \xe2\x82",
		.znodes = znodes,
		.znode_count = 2,
		.changes = 7,
		.parts = 3,
		.size = 123456,
	};
}

static void entries_survive_their_json(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = BUF_INIT, again = BUF_INIT;
	struct history_entry h = full_entry(), r;
	struct znode z = { .path = "/c/history/0000000042" };

	history_entry_print(&h, &b);
	z.data = b.data;
	z.size = b.size;
	assert_true(history_entry_parse(a, &z, &r));
	assert_int_equal(r.seq, 42);
	assert_string_equal(r.revision, REVISION);
	assert_string_equal(r.at, h.at);
	assert_string_equal(r.changed, h.changed);
	assert_string_equal(r.by, h.by);
	assert_string_equal(r.note, h.note);
	assert_string_equal(r.leader, "web1");
	assert_int_equal(r.outcome, OUTCOME_HALTED);
	assert_string_equal(r.reason, "cut \xef\xbf\xbd\xef\xbf\xbd");
	assert_int_equal(r.znode_count, 2);
	assert_string_equal(r.znodes[0], "+/r/sites/one");
	assert_int_equal(r.changes, 7);
	assert_int_equal(r.parts, 3);
	assert_int_equal(r.size, 123456);
	history_entry_print(&r, &again);
	assert_string_equal(buf_str(&again), buf_str(&b)); /* stable bytes */
}

static void long_text_is_cut(void **state UNUSED)
{
	CLEANUP(freep) char *note = xmalloc(2000000);
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct znode z = { .path = "/c/history/0000000042" };
	struct history_entry h = full_entry(), r;

	note[0] = 'x';
	for (size_t i = 1; i < 1999998; i += 2)
		memcpy(note + i, "\xc3\xb6", 3);
	h.note = h.by = h.reason = note;
	history_entry_print(&h, &b);
	assert_true(b.size < 10000);
	z.data = b.data;
	z.size = b.size;
	assert_true(history_entry_parse(a, &z, &r));
	assert_int_equal(strlen(r.note), 1023); /* after a whole character */
	assert_memory_equal(r.note, note, 1023);
}

static void each_outcome_is_read_as_it_was_written(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	for (size_t o = 0; o < OUTCOME_N; o++) {
		CLEANUP(buf_fini) struct buf b = BUF_INIT;
		struct history_entry h = { .revision = REVISION,
					   .outcome = (enum history_outcome)o };
		struct znode z = { .path = "/c/history/0000000001" };

		history_entry_print(&h, &b);
		z.data = buf_str(&b);
		z.size = b.size;
		assert_true(history_entry_parse(a, &z, &h));
		assert_int_equal(h.outcome, o);
	}
}

static void absent_is_empty(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	static const char data[] = "{\"revision\":\"" REVISION "\",\"note\":5,\"parts\":\"x\","
				   "\"size\":-1,\"znodes\":[1,\"+x\"],\"new\":{}}";
	struct znode z = { .path = "/c/history/0000000001", .data = data, .size = strlen(data) };
	struct history_entry h;

	assert_true(history_entry_parse(a, &z, &h));
	assert_string_equal(h.note, "");
	assert_int_equal(h.outcome, OUTCOME_UNKNOWN);
	assert_int_equal(h.parts, 0);
	assert_int_equal(h.size, 0);
	assert_int_equal(h.znode_count, 1);
	assert_string_equal(h.znodes[0], "+x");
}

static void what_is_no_entry_is_refused_with_a_reason(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	static const char good[] = "{\"revision\":\"" REVISION "\",\"parts\":1}";
	static const struct {
		const char *path, *data;
	} cases[] = {
		{ "/c/history/42", good },
		{ "/c/history/00000000042", good },
		{ "/c/history/000000004x", good },
		{ "/c/history/-000000042", good },
		{ "/c/history/99999999999999999999999", good },
		{ "/c/history/999999999999999999", good },
		{ "/c/history/1000000000000", good },
		{ "/c/history/0000000042", "" },
		{ "/c/history/0000000042", "[]" },
		{ "/c/history/0000000042", "{" },
		{ "/c/history/0000000042", "{}" },
		{ "/c/history/0000000042", "{\"revision\":\"0123\"}" },
		{ "/c/history/0000000042", "{\"revision\":\"" REVISION "\",\"parts\":100000}" },
	};
	struct znode z = { .path = "/c/history/0000000042", .data = good, .size = strlen(good) };
	struct history_entry h;

	assert_true(history_entry_parse(a, &z, &h));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		z = (struct znode){ .path = cases[i].path,
				    .data = cases[i].data,
				    .size = strlen(cases[i].data) };
		if (history_entry_parse(a, &z, &h))
			fail_msg("%s %s is an entry", z.path, z.data);
	}
}

#define ENTRY(parts) "\t{\"revision\":\"" REVISION "\",\"parts\":" #parts "}\n"

/* clang-format off */
static const char several[] =
	"/c\n"
	"/c/history\n"
	"/c/history/0000000003\n" ENTRY(1)
	"/c/history/0000000003/0000000099\n" ENTRY(1)
	"/c/history/0000000007\n" ENTRY(2)
	"/c/history/10000000000\n" ENTRY(1)
	"/c/history/9999999999\n" ENTRY(1)
	"/c/history/20000000000\n" ENTRY(0)
	"/c/history/note\n\tmine\n"
	"/c/history-x\n"
	"/c/plan\n";
/* clang-format on */

static void tree_gives_the_complete_ones(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	CLEANUP(tree_unrefp) struct tree *t = parse(several);
	CLEANUP(tree_unrefp) struct tree *nothing = parse("/c\n");
	struct history_entry *h;
	unsigned long last = 1;

	assert_int_equal(history_parse(a, t, "/c", &h, &last), 4);
	assert_int_equal(h[0].seq, 3);
	assert_int_equal(h[1].seq, 7);
	assert_int_equal(h[1].parts, 2);
	assert_int_equal(h[2].seq, 9999999999);
	assert_int_equal(h[3].seq, 10000000000);
	assert_int_equal(last, 20000000000); /* accepted, although it is not complete */
	assert_int_equal(history_parse(a, nothing, "/c", &h, &last), 0);
	assert_int_equal(last, 0);
}

/* Whatever the number of a foreign znode, the next number can be stored and found again. */
static void there_is_always_a_next_number(void **state UNUSED)
{
	static const struct {
		const char *names[4];
		size_t count;
		unsigned long last;
	} cases[] = {
		{ { "0000000007", "999999999999999999" }, 1, 7 },
		{ { "0000000007", "1000000000000" }, 1, 7 },
		{ { "0000000007", "999999999998" }, 2, 999999999998 },
		{ { "0000000007", "999999999998", "999999999999" }, 1, 7 },
		{ { "0000000007", "0000000008", "999999999999" }, 2, 8 },
		{ { "999999999999" }, 0, 0 },
		{ { "0000000000" }, 0, 0 }, /* a plan's word for "none" */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(arena_freep) struct arena *a = arena_new();
		CLEANUP(buf_fini) struct buf text = BUF_INIT;
		CLEANUP(tree_unrefp) struct tree *t = NULL;
		struct history_entry *h;
		unsigned long last;

		buf_puts(&text, "/c/history\n");
		for (size_t j = 0; cases[i].names[j]; j++)
			buf_printf(&text, "/c/history/%s\n" ENTRY(1), cases[i].names[j]);
		t = parse(buf_str(&text));
		assert_int_equal(history_parse(a, t, "/c", &h, &last), cases[i].count);
		assert_int_equal(last, cases[i].last);
	}
}

/* --- content --------------------------------------------------------------------------------- */

static void extract_leaves_out_what_is_not_written(void **state UNUSED)
{
	CLEANUP(tree_unrefp)
	struct tree *t =
		parse("/a\n/r\n/r/sites\n/r/sites/s owner=0x5\n/r/upstreams\n/r/upstreams/u\n"
		      "/r/upstreams/u/app:1 owner=0x5\n/r/upstreams/u/fix:1\n/r-x\n/z\n");
	CLEANUP(tree_unrefp) struct tree *kept = history_extract(t, ROOT);
	CLEANUP(tree_unrefp)
	struct tree *expected =
		parse("/r\n/r/sites\n/r/sites/s owner=0x5\n/r/upstreams\n/r/upstreams/u\n"
		      "/r/upstreams/u/fix:1\n");

	assert_true(tree_same(kept, expected));
	assert_true(same_revision(kept, t));
}

static const char *revision_of(const struct tree *t)
{
	static char hex[DIGEST_HEX_SIZE];
	struct digest d = tree_revision(t, ROOT);

	digest_hex(&d, hex);
	return hex;
}

static void assert_survives(const struct tree *t)
{
	CLEANUP(tree_unrefp) struct tree *again = NULL;
	CLEANUP(buf_fini) struct buf packed = BUF_INIT, text = BUF_INIT;
	struct err e;

	tree_print(t, &text);
	assert_int_equal(history_pack(t, &packed), text.size);
	if (history_unpack(packed.data, packed.size, ROOT, revision_of(t), &again, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(tree_same(again, t));
}

static void any_config_survives(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *nothing = parse("");

	assert_survives(nothing);
	for (unsigned seed = 0; seed < ROUNDS; seed++) {
		CLEANUP(tree_unrefp) struct tree *t = random_tree(seed);
		CLEANUP(tree_unrefp) struct tree *kept = history_extract(t, ROOT);

		assert_survives(kept);
	}
}

/* Every byte, in paths and in data, and more of them than fit into one part. */
static void hostile_bytes_survive(void **state UNUSED)
{
	CLEANUP(freep) char *data = xmalloc(1000000);
	CLEANUP(tree_unrefp) struct tree *t = NULL;
	char path[300] = "/r/";
	struct tree_builder b;

	for (int c = 1; c < 256; c++)
		path[c + 2] = (char)(c == '/' ? '_' : c);
	dice_state = 1;
	for (size_t i = 0; i < 1000000; i++)
		data[i] = (char)dice(256);
	tree_builder_init(&b);
	tree_builder_add(&b, &(struct znode){ .path = path, .data = data, .size = 1000000 });
	tree_builder_add(&b,
			 &(struct znode){ .path = "/r/s", .data = "\\\n\t#\n/r/t\n", .size = 11 });
	t = tree_builder_finish(&b);
	tree_builder_fini(&b);
	assert_survives(t);
}

static void assert_refused(const struct buf *packed, const char *root, const char *revision,
			   const char *why)
{
	struct tree *t = NULL;
	struct err e = { 0 };

	assert_int_equal(history_unpack(packed->data, packed->size, root, revision, &t, &e), -1);
	assert_null(t);
	assert_int_equal(e.code, ERR_INPUT);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

static void what_is_not_the_revision_is_refused(void **state UNUSED)
{
	CLEANUP(tree_unrefp) struct tree *t = parse("/r\n/r/sites\n/r/sites/s\n\tx\n");
	CLEANUP(buf_fini) struct buf packed = BUF_INIT;

	history_pack(t, &packed);
	assert_refused(&packed, ROOT, REVISION, "and not 0123456789ab");
	assert_refused(&packed, ROOT, "", "revision");
	assert_refused(&packed, "/other", revision_of(t), "/r, which is not in /other");
	packed.data[packed.size - 1] ^= 1;
	assert_refused(&packed, ROOT, revision_of(t), "damaged");
	packed.size /= 2;
	assert_refused(&packed, ROOT, revision_of(t), "incomplete");
	packed.size = 0;
	assert_refused(&packed, ROOT, revision_of(t), "incomplete");
}

/* Data that inflates, and is no tree. */
static void what_is_no_tree_is_refused(void **state UNUSED)
{
	static const unsigned char deflated[] = { 0x78, 0x9c, 0xb3, 0xe7, 0x02,
						  0x00, 0x00, 0x8a, 0x00, 0x4a };
	struct buf packed = { .data = (char *)(uintptr_t)deflated, .size = sizeof(deflated) };

	assert_refused(&packed, ROOT, REVISION, "its text:1:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_padded),
		cmocka_unit_test(entries_survive_their_json),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(each_outcome_is_read_as_it_was_written),
		cmocka_unit_test(absent_is_empty),
		cmocka_unit_test(what_is_no_entry_is_refused_with_a_reason),
		cmocka_unit_test(tree_gives_the_complete_ones),
		cmocka_unit_test(there_is_always_a_next_number),
		cmocka_unit_test(extract_leaves_out_what_is_not_written),
		cmocka_unit_test(any_config_survives),
		cmocka_unit_test(hostile_bytes_survive),
		cmocka_unit_test(what_is_not_the_revision_is_refused),
		cmocka_unit_test(what_is_no_tree_is_refused),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
