/* quarantine: bytes that nginx refused, and the search by halves. */
#include <zknginx/quarantine.h>

#include "tree_fixture.h"

static const struct quarantined *find(const struct quarantine *q, const char *path,
				      const char *data)
{
	struct znode z = { .path = path, .data = data, .size = strlen(data) };

	return quarantine_find(q, &z);
}

static void add(struct quarantine *q, const char *path, const char *data, uint64_t now)
{
	struct znode z = { .path = path, .data = data, .size = strlen(data) };

	quarantine_add(q, &z, PROBLEM_NGINX, "no", now);
}

static void only_the_refused_bytes_are_held(void **state UNUSED)
{
	CLEANUP(quarantine_freep) struct quarantine *q = quarantine_new();

	add(q, "/a", "bad", 0);
	assert_non_null(find(q, "/a", "bad"));
	assert_string_equal(find(q, "/a", "bad")->message, "no");
	assert_int_equal(find(q, "/a", "bad")->kind, PROBLEM_NGINX);
	assert_null(find(q, "/a", "good"));
	assert_null(find(q, "/b", "bad"));
}

static void another_try_comes_later_each_time(void **state UNUSED)
{
	CLEANUP(quarantine_freep) struct quarantine *q = quarantine_new();
	CLEANUP(tree_unrefp) struct tree *t = parse("/a\n\tbad\\\n");
	CLEANUP(tree_unrefp) struct tree *none = parse("");
	uint64_t now = 0, pause, last = 0;

	for (int i = 0; i < 8; i++) {
		add(q, "/a", "bad", now);
		pause = quarantine_due(q) - now;
		assert_true(pause > last || (pause == last && pause >= 600 * USEC_PER_SEC));
		quarantine_expire(q, t, none, now + pause - 1);
		assert_non_null(find(q, "/a", "bad"));
		now += pause;
		quarantine_expire(q, t, none, now);
		assert_null(find(q, "/a", "bad"));
		last = pause;
	}
	assert_int_equal(quarantine_due(q), NEVER);
}

static void mended_bytes_are_forgotten(void **state UNUSED)
{
	CLEANUP(quarantine_freep) struct quarantine *q = quarantine_new();
	CLEANUP(tree_unrefp) struct tree *bad = parse("/a\n\tbad\\\n");
	CLEANUP(tree_unrefp) struct tree *good = parse("/a\n\tgood\\\n");

	add(q, "/a", "bad", 0);
	quarantine_expire(q, good, bad, 1);
	assert_int_equal(quarantine_count(q), 1); /* still the last good form */
	quarantine_expire(q, good, good, 1);
	assert_int_equal(quarantine_count(q), 0);
	add(q, "/a", "bad", 2);
	assert_int_equal(quarantine_due(q),
			 2 + 30 * USEC_PER_SEC); /* no memory of the first time */
}

static void suspects_are_let_go_by_halves(void **state UNUSED)
{
	CLEANUP(quarantine_freep) struct quarantine *q = quarantine_new();
	char path[16];

	add(q, "/guilty", "x", 0);
	for (int i = 0; i < 5; i++) {
		struct znode z = { .path = path, .data = "", .size = 0 };

		snprintf(path, sizeof(path), "/s%d", i);
		quarantine_suspect(q, &z);
	}
	assert_true(find(q, "/s3", "")->suspect);
	assert_true(quarantine_release_half(q));
	assert_int_equal(quarantine_count(q), 1 + 2);
	assert_true(quarantine_release_half(q));
	assert_true(quarantine_release_half(q));
	assert_int_equal(quarantine_count(q), 1);
	assert_false(quarantine_release_half(q));
	assert_non_null(find(q, "/guilty", "x"));
}

static void clearing_gives_everything_another_try(void **state UNUSED)
{
	CLEANUP(quarantine_freep) struct quarantine *q = quarantine_new();

	add(q, "/a", "bad", 0);
	quarantine_clear(q);
	assert_null(find(q, "/a", "bad"));
	assert_int_equal(quarantine_due(q), NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_refused_bytes_are_held),
		cmocka_unit_test(another_try_comes_later_each_time),
		cmocka_unit_test(mended_bytes_are_forgotten),
		cmocka_unit_test(suspects_are_let_go_by_halves),
		cmocka_unit_test(clearing_gives_everything_another_try),
	};

	return cmocka_run_group_tests_name("quarantine", tests, NULL, NULL);
}
