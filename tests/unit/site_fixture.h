/* Shared by the tests of sites and of their locations. */
#ifndef TESTS_UNIT_SITE_FIXTURE_H
#define TESTS_UNIT_SITE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/decode/decode.h"

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct site site;
};

static UNUSED const char *const roots[] = { "/srv", "/etc/ssl", NULL };
static UNUSED const struct policy policy = { .level = POLICY_SAFE, .roots = roots };

static UNUSED int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = arena_new() };
	problems_init(&f.problems);
	*state = &f;
	return 0;
}

static UNUSED int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	problems_fini(&f->problems);
	return 0;
}

static UNUSED bool site(struct fixture *f, const char *json)
{
	struct znode z = { .path = "/c/sites/shop", .data = json, .size = strlen(json) };

	f->problems.count = 0;
	return decode_site(f->arena, &z, &policy, &f->site, &f->problems);
}

/* A site with these fields and a valid listen and location. */
static UNUSED bool site_with(struct fixture *f, const char *fields)
{
	return site(f, arena_printf(f->arena,
				    "{ \"listen\": [\"80\"], \"locations\": [{ \"path\": \"/\", "
				    "\"proxy\": \"a\" }], %s }",
				    fields));
}

static UNUSED bool site_listening(struct fixture *f, const char *listen)
{
	return site(f, arena_printf(f->arena,
				    "{ \"listen\": [%s], \"tls\": { \"certificate\": \"/srv/c\", "
				    "\"key\": \"/srv/k\" }, \"locations\": [{ \"path\": \"/\", "
				    "\"proxy\": \"a\" }] }",
				    listen));
}

static UNUSED bool location(struct fixture *f, const char *fields)
{
	return site(f, arena_printf(f->arena, "{ \"listen\": [\"80\"], \"locations\": [{ %s }] }",
				    fields));
}

static UNUSED void expect_field(const struct fixture *f, const char *what, const char *field)
{
	if (f->problems.count != 1 || strcmp(f->problems.items[0].field, field) != 0)
		fail_msg("%s: %zu problems, the first of \"%s\" (expected \"%s\"): %s", what,
			 f->problems.count, f->problems.count ? f->problems.items[0].field : "",
			 field, f->problems.count ? f->problems.items[0].message : "");
	assert_int_equal(f->problems.items[0].kind, PROBLEM_FIELD);
	assert_string_equal(f->problems.items[0].znode, "/c/sites/shop");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
