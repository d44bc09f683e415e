/*
 * The "safe" policy on a real nginx: a snippet that passes it serves no file from outside of the
 * roots, and does not reveal whether such a file exists. `make attack` is the long form:
 * ATTACK_TRIES raw requests, from ATTACK_SEED on.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rig_attack.h"

#define SEED 1

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 10) : otherwise;
}

static int tear_down(void **state)
{
	struct attack *a = *state;

	attack_stop(a);
	rig_clean();
	return 0;
}

/* Else the next tests would prove nothing. */
static void the_known_tricks_work_where_anything_is_allowed(void **state)
{
	struct attack *a = *state;

	attack_start(a, SEED, POLICY_ALL);
	attack_known(a);
	attack_print(a);
	assert_true(a->canaries > 20);
	assert_true(a->oracles > 0);
}

static void assert_nothing_was_found(const struct attack *a)
{
	attack_print(a);
	assert_int_equal(a->canaries, 0);
	assert_int_equal(a->oracles, 0);
}

static void the_known_tricks_fail(void **state)
{
	struct attack *a = *state;

	attack_start(a, SEED, POLICY_SAFE);
	attack_known(a);
	assert_nothing_was_found(a);
}

static void tricks_made_at_random_fail(void **state)
{
	struct attack *a = *state;
	unsigned long tries = number("ATTACK_TRIES", 600);
	unsigned snippets = tries > 5000 ? 400 : 60;

	attack_start(a, number("ATTACK_SEED", SEED), POLICY_SAFE);
	print_message("ATTACK_SEED=%lu ATTACK_TRIES=%lu\n", (unsigned long)a->random, tries);
	while (a->tries < tries)
		attack_batch(a, snippets, 10);
	assert_nothing_was_found(a);
}

/* A break of the policy would be found: where everything is allowed, it is. */
static void hostile_sites_work_where_anything_is_allowed(void **state)
{
	struct attack *a = *state;
	unsigned long known;

	attack_start(a, SEED, POLICY_ALL);
	attack_known_sites(a);
	known = a->canaries;
	while (a->canaries == known && a->tries < 6000)
		attack_site_batch(a, 60, 20);
	attack_print(a);
	assert_true(known > 8);
	assert_true(a->canaries > known);
}

static void known_tricks_in_typed_sites_fail(void **state)
{
	struct attack *a = *state;

	attack_start(a, SEED, POLICY_SAFE);
	attack_known_sites(a);
	assert_nothing_was_found(a);
}

/* Fields, directives, snippets that are included, templates and their parameters. */
static void sites_made_at_random_fail(void **state)
{
	struct attack *a = *state;
	unsigned long tries = number("ATTACK_TRIES", 600);
	unsigned sites = tries > 5000 ? 400 : 60;

	attack_start(a, number("ATTACK_SEED", SEED), POLICY_SAFE);
	print_message("ATTACK_SEED=%lu ATTACK_TRIES=%lu\n", (unsigned long)a->random, tries);
	while (a->tries < tries)
		attack_site_batch(a, sites, 10);
	assert_nothing_was_found(a);
}

#define ATTACK_TEST(test) cmocka_unit_test_prestate_setup_teardown(test, NULL, tear_down, &attack)

int main(void)
{
	static struct attack attack;
	const struct CMUnitTest tests[] = {
		ATTACK_TEST(the_known_tricks_work_where_anything_is_allowed),
		ATTACK_TEST(the_known_tricks_fail),
		ATTACK_TEST(tricks_made_at_random_fail),
		ATTACK_TEST(hostile_sites_work_where_anything_is_allowed),
		ATTACK_TEST(known_tricks_in_typed_sites_fail),
		ATTACK_TEST(sites_made_at_random_fail),
	};

	return cmocka_run_group_tests_name("policy_attack", tests, NULL, NULL);
}
