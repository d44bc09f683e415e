/* Shared by the tests of upstreams and of their servers. */
#ifndef TESTS_UNIT_UPSTREAM_FIXTURE_H
#define TESTS_UNIT_UPSTREAM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/decode/decode.h"

struct fixture {
	struct arena *arena;
	struct problems problems;
	struct upstream upstream;
	struct server server;
};

static UNUSED int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .arena = arena_new() };
	f.upstream.defaults =
		(struct server_params){ .weight = UNSET, .max_fails = UNSET, .max_conns = UNSET };
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

static UNUSED bool upstream_of_bytes(struct fixture *f, const char *data, size_t size)
{
	struct znode z = { .path = "/c/upstreams/shop", .data = data, .size = size };

	f->problems.count = 0;
	return decode_upstream(f->arena, &z, NULL, &f->upstream, &f->problems);
}

static UNUSED bool upstream(struct fixture *f, const char *json)
{
	return upstream_of_bytes(f, json, strlen(json));
}

static UNUSED bool server_of(struct fixture *f, const char *name, const char *data, size_t size)
{
	struct znode z = { .data = data, .size = size };

	z.path = arena_printf(f->arena, "/c/upstreams/shop/%s", name);
	f->problems.count = 0;
	return decode_server(f->arena, &z, &f->upstream, &f->server, &f->problems);
}

static UNUSED bool server(struct fixture *f, const char *data)
{
	return server_of(f, "10.0.0.1:80", data, strlen(data));
}

/* Exactly one problem, of this field. */
static UNUSED void expect_field(const struct fixture *f, const char *field)
{
	assert_int_equal(f->problems.count, 1);
	assert_int_equal(f->problems.items[0].kind, PROBLEM_FIELD);
	assert_string_equal(f->problems.items[0].field, field);
	assert_true(f->problems.items[0].message[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
