/* How long upstreams that a cache has dropped are kept: as long as a model may have them. */
#include "core/decode/decoded.h"
#include "core/decode/decoded_runs.h"
#include "tree_fixture.h"

static struct arena *lend_run(struct decoded_runs *r)
{
	struct arena *model = arena_new();

	decoded_runs_begin(r);
	decoded_runs_lend(r, model);
	return model;
}

/* With a reference of our own, so that it can be looked at. */
static struct decoded *new_decoded(void)
{
	struct decoded *d = decoded_new();

	decoded_ref(d);
	return d;
}

static void without_a_model_it_is_freed_at_once(void **state UNUSED)
{
	struct decoded_runs *r = decoded_runs_new();
	struct decoded *d = new_decoded();

	decoded_runs_begin(r);
	decoded_runs_drop(r, d, 1, 1);
	assert_int_equal(d->refs, 1);
	decoded_unref(d);
	decoded_runs_close(r);
}

static void it_is_kept_for_the_models_of_its_runs(void **state UNUSED)
{
	struct decoded_runs *r = decoded_runs_new();
	struct arena *first = lend_run(r), *second = lend_run(r), *third = lend_run(r);
	struct decoded *d = new_decoded();

	decoded_runs_drop(r, d, 2, 3);
	arena_free(first);
	assert_int_equal(d->refs, 2);
	arena_free(third);
	assert_int_equal(d->refs, 2);
	arena_free(second);
	assert_int_equal(d->refs, 1);
	decoded_unref(d);
	decoded_runs_close(r);
}

/* As when nginx refuses all that comes: what it runs is of long ago. */
static void a_model_of_before_keeps_nothing_that_came_later(void **state UNUSED)
{
	struct decoded_runs *r = decoded_runs_new();
	struct arena *good = lend_run(r);

	for (unsigned long run = 2; run < 100; run++) {
		struct arena *next = lend_run(r);
		struct decoded *d = new_decoded();

		assert_int_equal(decoded_runs_now(r), run);
		arena_free(next);
		decoded_runs_drop(r, d, run, run);
		assert_int_equal(d->refs, 1);
		decoded_unref(d);
	}
	arena_free(good);
	decoded_runs_close(r);
}

static void a_model_may_outlive_the_cache(void **state UNUSED)
{
	struct decoded_runs *r = decoded_runs_new();
	struct arena *model = lend_run(r);
	struct decoded *d = new_decoded();

	decoded_runs_drop(r, d, 1, 1);
	decoded_runs_close(r);
	assert_int_equal(d->refs, 2);
	arena_free(model);
	assert_int_equal(d->refs, 1);
	decoded_unref(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_model_it_is_freed_at_once),
		cmocka_unit_test(it_is_kept_for_the_models_of_its_runs),
		cmocka_unit_test(a_model_of_before_keeps_nothing_that_came_later),
		cmocka_unit_test(a_model_may_outlive_the_cache),
	};

	return cmocka_run_group_tests_name("decoded_runs", tests, NULL, NULL);
}
