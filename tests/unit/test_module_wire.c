/* What the modules of nginx and the daemon say to each other: what is written is read, and anything
 * else is malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <zknginx/macros.h>

#include "core/wire/module_wire.h"

static struct module_text text(const char *s)
{
	return (struct module_text){ s, strlen(s) };
}

static void assert_text(struct module_text t, const char *expected)
{
	assert_int_equal(t.size, strlen(expected));
	assert_memory_equal(t.data, expected, t.size);
}

static const struct module_server server = {
	.name = { "10.0.0.1:80", 11 },
	.weight = 3,
	.max_conns = 7,
	.max_fails = 2,
	.fail_timeout = 10,
	.down = true,
};

/* A change with one op of each verb. */
static size_t write_change(unsigned char *data, size_t room)
{
	struct module_writer w = { .data = data, .room = room };
	const struct module_change c = { 17, text("shop"), UINT64_C(0x1122334455667788), 3 };
	const struct module_op ops[] = {
		{ MODULE_ADD, server, text("10.0.0.0:80") },
		{ .verb = MODULE_SET, .server = server },
		{ .verb = MODULE_DELETE, .server = { .name = text("10.0.0.9:80") } },
	};

	module_begin(&w, MODULE_CHANGE);
	module_put_change(&w, &c);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		module_put_op(&w, &ops[i]);
	return module_end(&w) ? w.size : 0;
}

static bool read_change(const void *data, size_t size)
{
	struct module_reader r = module_reader(data, size);
	struct module_change c = module_get_change(&r);

	for (uint32_t i = 0; i < c.ops && !r.malformed; i++)
		module_get_op(&r);
	return module_is_read(&r);
}

static void a_change_is_read_as_it_was_written(void **state UNUSED)
{
	unsigned char data[512];
	size_t size = write_change(data, sizeof(data));
	struct module_reader r = module_reader(data, size);
	struct module_change c = module_get_change(&r);
	struct module_op op = module_get_op(&r);
	enum module_kind kind;

	assert_int_equal(module_frame_size(data, size, &kind), size);
	assert_int_equal(kind, MODULE_CHANGE);
	assert_int_equal(c.id, 17);
	assert_text(c.upstream, "shop");
	assert_true(c.digest == UINT64_C(0x1122334455667788));
	assert_int_equal(c.ops, 3);
	assert_int_equal(op.verb, MODULE_ADD);
	assert_text(op.after, "10.0.0.0:80");
	assert_text(op.server.name, "10.0.0.1:80");
	assert_int_equal(op.server.weight, 3);
	assert_int_equal(op.server.max_conns, 7);
	assert_int_equal(op.server.max_fails, 2);
	assert_int_equal(op.server.fail_timeout, 10);
	assert_true(op.server.down);
	assert_false(op.server.backup);
	op = module_get_op(&r);
	assert_int_equal(op.verb, MODULE_SET);
	op = module_get_op(&r);
	assert_int_equal(op.verb, MODULE_DELETE);
	assert_text(op.server.name, "10.0.0.9:80");
	assert_true(module_is_read(&r));
}

static void a_hello_is_read_as_it_was_written(void **state UNUSED)
{
	unsigned char data[512];
	struct module_writer w = { .data = data, .room = sizeof(data) };
	const struct module_hello h = { MODULE_PROTOCOL,    MODULE_STREAM, 4711,
					UINT64_C(1) << 40,  1022001,       text("0.1.0"),
					text("8,4,8,00010") };
	struct module_reader r;
	struct module_hello read;

	module_begin(&w, MODULE_HELLO);
	module_put_hello(&w, &h);
	assert_true(module_end(&w));
	r = module_reader(data, w.size);
	read = module_get_hello(&r);
	assert_true(module_is_read(&r));
	assert_int_equal(read.protocol, MODULE_PROTOCOL);
	assert_int_equal(read.context, MODULE_STREAM);
	assert_int_equal(read.pid, 4711);
	assert_true(read.cycle == UINT64_C(1) << 40);
	assert_int_equal(read.nginx, 1022001);
	assert_text(read.module_version, "0.1.0");
	assert_text(read.signature, "8,4,8,00010");
}

static void the_other_frames_are_read_as_they_were_written(void **state UNUSED)
{
	unsigned char data[512];
	struct module_writer w = { .data = data, .room = sizeof(data) };
	struct module_reader r;
	struct module_upstream u;
	struct module_answer a;

	module_begin(&w, MODULE_UPSTREAM);
	module_put_upstream(&w, &(struct module_upstream){ text("shop"), MODULE_ZONE_FULL, 5, 682,
							   UINT64_MAX, 9 });
	assert_true(module_end(&w));
	r = module_reader(data, w.size);
	u = module_get_upstream(&r);
	assert_true(module_is_read(&r));
	assert_text(u.name, "shop");
	assert_int_equal(u.reason, MODULE_ZONE_FULL);
	assert_int_equal(u.servers, 5);
	assert_int_equal(u.capacity, 682);
	assert_true(u.digest == UINT64_MAX && u.order == 9);

	w.size = 0;
	module_begin(&w, MODULE_ANSWER);
	module_put_answer(&w, &(struct module_answer){ 3, MODULE_BUSY, 2, 77 });
	assert_true(module_end(&w));
	r = module_reader(data, w.size);
	a = module_get_answer(&r);
	assert_true(module_is_read(&r));
	assert_true(a.id == 3 && a.result == MODULE_BUSY && a.done == 2 && a.digest == 77);
}

static void a_state_is_read_as_it_was_written(void **state UNUSED)
{
	unsigned char data[512];
	struct module_writer w = { .data = data, .room = sizeof(data) };
	struct module_reader r;
	struct module_state s;

	module_begin(&w, MODULE_STATE);
	module_put_state(&w,
			 &(struct module_state){ text("shop"), text("10.0.0.1:80"), 3, 2, true });
	assert_true(module_end(&w));
	r = module_reader(data, w.size);
	s = module_get_state(&r);
	assert_true(module_is_read(&r));
	assert_text(s.upstream, "shop");
	assert_text(s.server, "10.0.0.1:80");
	assert_true(s.connections == 3 && s.failures == 2 && s.available);
	data[w.size - 1] = 2;
	r = module_reader(data, w.size);
	module_get_state(&r);
	assert_false(module_is_read(&r));
}

static void a_frame_that_is_cut_short_is_malformed(void **state UNUSED)
{
	unsigned char data[512];
	size_t size = write_change(data, sizeof(data));

	assert_true(read_change(data, size));
	for (size_t cut = MODULE_FRAME_HEAD; cut < size; cut++) {
		unsigned char *copy = malloc(cut); /* so that a sanitizer sees its end */

		assert_non_null(copy);
		memcpy(copy, data, cut);
		assert_false(read_change(copy, cut));
		free(copy);
	}
	assert_false(read_change(data, size + 1));
}

static void a_head_tells_the_length_or_is_malformed(void **state UNUSED)
{
	unsigned char data[512];
	size_t size = write_change(data, sizeof(data));
	enum module_kind kind;

	assert_int_equal(module_frame_size(data, 7, &kind), 0);
	assert_int_equal(module_frame_size(data, size - 1, &kind), 0);
	data[4] = 0;
	assert_true(module_frame_size(data, size, &kind) == MODULE_MALFORMED);
	data[4] = MODULE_CHANGE;
	data[6] = 1;
	assert_true(module_frame_size(data, size, &kind) == MODULE_MALFORMED);
	data[6] = 0;
	data[0] = 1; /* longer than any frame */
	assert_true(module_frame_size(data, size, &kind) == MODULE_MALFORMED);
	memcpy(data, (unsigned char[]){ 0, 0, 0, 7 }, 4); /* shorter than its head */
	assert_true(module_frame_size(data, size, &kind) == MODULE_MALFORMED);
}

/* Each byte of a change, with each value: nothing is read beyond the end, whatever it says. */
static void no_byte_makes_the_reader_pass_the_end(void **state UNUSED)
{
	unsigned char data[512];
	size_t size = write_change(data, sizeof(data));
	unsigned char *copy = malloc(size);

	assert_non_null(copy);
	for (size_t i = MODULE_FRAME_HEAD; i < size; i++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(copy, data, size);
			copy[i] = (unsigned char)value;
			read_change(copy, size);
		}
	}
	free(copy);
}

static void a_frame_that_does_not_fit_leaves_nothing(void **state UNUSED)
{
	static unsigned char data[MODULE_FRAME_MAX + 4096];
	struct module_writer w = { .data = data, .room = sizeof(data) };
	struct module_op op = { .verb = MODULE_SET, .server = server };

	for (size_t room = 0; room < 120; room++)
		assert_int_equal(write_change(data, room), 0);
	module_begin(&w, MODULE_PING);
	module_put_id(&w, 1);
	assert_true(module_end(&w));
	module_begin(&w, MODULE_CHANGE);
	while (w.size <= MODULE_FRAME_MAX + 100)
		module_put_op(&w, &op);
	assert_false(module_end(&w)); /* it fits the buffer, and is longer than any frame */
	assert_int_equal(w.size, 12);
}

static void a_digest_differs_with_each_property(void **state UNUSED)
{
	struct module_server others[] = { server, server, server, server, server, server, server };

	others[0].weight++;
	others[1].max_conns++;
	others[2].max_fails++;
	others[3].fail_timeout++;
	others[4].backup = true;
	others[5].down = false;
	others[6].name = text("10.0.0.2:80");
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(module_server_digest(&others[i]) != module_server_digest(&server));
	assert_true(module_order_digest(module_order_digest(0, 1), 2) !=
		    module_order_digest(module_order_digest(0, 2), 1));
}

static void each_reason_and_result_has_a_text(void **state UNUSED)
{
	for (unsigned i = 0; i < MODULE_REASON_COUNT; i++)
		assert_non_null(module_reason_text(i));
	for (unsigned i = 0; i < MODULE_RESULT_COUNT; i++)
		assert_non_null(module_result_text(i));
	assert_string_equal(module_reason_text(MODULE_REASON_COUNT), "unknown");
	assert_string_equal(module_result_text(MODULE_RESULT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_read_as_it_was_written),
		cmocka_unit_test(a_hello_is_read_as_it_was_written),
		cmocka_unit_test(the_other_frames_are_read_as_they_were_written),
		cmocka_unit_test(a_state_is_read_as_it_was_written),
		cmocka_unit_test(a_frame_that_is_cut_short_is_malformed),
		cmocka_unit_test(a_head_tells_the_length_or_is_malformed),
		cmocka_unit_test(no_byte_makes_the_reader_pass_the_end),
		cmocka_unit_test(a_frame_that_does_not_fit_leaves_nothing),
		cmocka_unit_test(a_digest_differs_with_each_property),
		cmocka_unit_test(each_reason_and_result_has_a_text),
	};

	return cmocka_run_group_tests_name("module_wire", tests, NULL, NULL);
}
