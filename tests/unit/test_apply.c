/* apply: which difference of two models needs a reload, and operations that are carried out as the
 * module of nginx does it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compose/compose.h"
#include "core/deploy/apply.h"
#include "core/render/render.h"
#include "tree_fixture.h"

/* --- a list, as the module keeps it ---------------------------------------------------------- */

#define MOST 64

struct half {
	struct module_server items[MOST];
	size_t count;
};

struct lists {
	struct half half[2];
};

static bool same(struct module_text a, struct module_text b)
{
	return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static struct module_server *find(struct lists *l, struct module_text name)
{
	for (unsigned h = 0; h < 2; h++) {
		for (size_t i = 0; i < l->half[h].count; i++) {
			if (same(l->half[h].items[i].name, name))
				return &l->half[h].items[i];
		}
	}
	return NULL;
}

static void add(struct lists *l, const struct module_op *op)
{
	struct half *h = &l->half[op->server.backup];
	size_t at = 0;

	assert_null(find(l, op->server.name));
	if (op->after.size) {
		struct module_server *before = find(l, op->after);

		assert_non_null(before);
		assert_int_equal(before->backup, op->server.backup);
		at = (size_t)(before - h->items) + 1;
	}
	assert_true(h->count < MOST);
	memmove(&h->items[at + 1], &h->items[at], (h->count - at) * sizeof(h->items[0]));
	h->items[at] = op->server;
	h->count++;
}

static void delete (struct lists *l, const struct module_op *op)
{
	struct module_server *s = find(l, op->server.name);
	struct half *h;
	size_t at;

	assert_non_null(s);
	h = &l->half[s->backup];
	at = (size_t)(s - h->items);
	assert_true(s->backup || h->count > 1); /* never the last one */
	h->count--;
	memmove(s, s + 1, (h->count - at) * sizeof(*s));
}

static void run(struct lists *l, const struct apply_upstream *u)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct module_op *op = &u->ops[i];

		if (op->verb == MODULE_ADD) {
			add(l, op);
		} else if (op->verb == MODULE_DELETE) {
			delete (l, op);
		} else {
			struct module_server *s = find(l, op->server.name);

			assert_non_null(s);
			assert_int_equal(s->backup, op->server.backup);
			*s = op->server;
		}
	}
}

static void fill(struct lists *l, const struct upstream *u, struct arena *a)
{
	size_t count;
	const struct module_server *s = apply_servers(&(struct apply_list){ u, NULL }, a, &count);

	*l = (struct lists){ 0 };
	assert_non_null(s);
	for (size_t i = 0; i < count; i++) {
		struct half *h = &l->half[s[i].backup];

		h->items[h->count++] = s[i];
	}
}

static uint64_t digest(const struct lists *l)
{
	uint64_t sum = 0;

	for (unsigned h = 0; h < 2; h++) {
		for (size_t i = 0; i < l->half[h].count; i++)
			sum += module_server_digest(&l->half[h].items[i]);
	}
	return sum;
}

static void assert_same_lists(const struct lists *got, const struct lists *wanted)
{
	for (unsigned h = 0; h < 2; h++) {
		assert_int_equal(got->half[h].count, wanted->half[h].count);
		for (size_t i = 0; i < got->half[h].count; i++) {
			const struct module_server *a = &got->half[h].items[i];
			const struct module_server *b = &wanted->half[h].items[i];

			assert_true(same(a->name, b->name));
			assert_int_equal(module_server_digest(a), module_server_digest(b));
		}
	}
}

/* --- random pairs ---------------------------------------------------------------------------- */

static unsigned seed;

static unsigned pick(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

static void shuffle(struct server *s, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = pick((unsigned)i);
		struct server t = s[i - 1];

		s[i - 1] = s[other];
		s[other] = t;
	}
}

static struct upstream random_upstream(struct arena *a, bool in_order)
{
	static const char *const times[] = { "10s", "1m", "30", "1h30m" };
	struct upstream u = { .name = "shop", .zone = "64k" };

	u.servers = arena_array(a, struct server, 20);
	for (unsigned i = 0; i < 20; i++) {
		if (pick(2))
			continue;
		u.servers[u.server_count++] = (struct server){
			.address = arena_printf(a, "10.0.0.%u:80", i),
			.params = { .weight = pick(4) ? 1 : 1 + pick(3),
				    .max_fails = 1,
				    .max_conns = pick(6) ? 0 : 5,
				    .fail_timeout = times[pick(8) ? 0 : pick(4)],
				    .backup = pick(4) == 0,
				    .down = pick(8) == 0 },
			.drained = pick(10) == 0,
		};
	}
	if (!in_order)
		shuffle(u.servers, u.server_count);
	if (pick(10) == 0)
		u.server_count = pick(2);
	return u;
}

static void check_pair(bool in_order)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct upstream before = random_upstream(a, in_order);
	struct upstream after = random_upstream(a, in_order);
	struct apply_upstream change;
	struct lists got, wanted;
	uint64_t old;

	assert_true(apply_operations(&(struct apply_list){ &before, NULL },
				     &(struct apply_list){ &after, NULL }, a, &change));
	fill(&got, &before, a);
	fill(&wanted, &after, a);
	old = digest(&got);
	run(&got, &change);
	assert_same_lists(&got, &wanted);
	assert_true(old + change.difference == digest(&wanted));
}

static void the_operations_make_the_new_list_of_the_old_one(void **state UNUSED)
{
	seed = 1;
	for (unsigned n = 0; n < 3000; n++)
		check_pair(true);
}

static void lists_in_another_order_become_the_new_list(void **state UNUSED)
{
	seed = 3;
	for (unsigned n = 0; n < 3000; n++)
		check_pair(false);
}

/* "+b after a", "-b", "=b" for each operation. */
static void expect_operations(const char *before, const char *after, const char *text)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_fini) struct buf out = BUF_INIT;
	const char *const both[] = { before, after };
	struct upstream u[2];
	struct apply_upstream change;

	for (unsigned n = 0; n < 2; n++) {
		u[n] = (struct upstream){ .servers = arena_array(arena, struct server, MOST) };
		for (const char *at = both[n]; *at; at++)
			u[n].servers[u[n].server_count++] = (struct server){
				.address = arena_printf(arena, "%c", *at | 32),
				.params = { .weight = (*at & 32) ? 1 : 2 },
			};
	}
	assert_true(apply_operations(&(struct apply_list){ &u[0], NULL },
				     &(struct apply_list){ &u[1], NULL }, arena, &change));
	for (size_t i = 0; i < change.count; i++) {
		const struct module_op *op = &change.ops[i];

		buf_printf(&out, "%s%c%.*s%s%.*s", i ? " " : "", "?+=-"[op->verb],
			   (int)op -> server.name.size, op->server.name.data,
			   op->after.size ? "/" : "", (int)op->after.size,
			   op->after.size ? op->after.data : "");
	}
	assert_string_equal(buf_str(&out), text);
}

static void a_change_is_as_few_operations_as_it_needs(void **state UNUSED)
{
	expect_operations("abc", "abc", "");
	expect_operations("abc", "abcd", "+d/c");
	expect_operations("bc", "abc", "+a");
	expect_operations("abc", "ac", "-b");
	expect_operations("abc", "aBc", "=b"); /* a capital has weight 2 */
	expect_operations("abc", "adec", "+d/a +e/d -b");
}

static void the_last_server_is_replaced_before_it_is_deleted(void **state UNUSED)
{
	expect_operations("a", "b", "+b -a");
	expect_operations("a", "", "+127.0.0.1:9 -a");
	expect_operations("", "a", "+a -127.0.0.1:9");
}

/* --- the decision ---------------------------------------------------------------------------- */

#define ROOT "/c"

struct made {
	struct model *model;
	struct bundle *bundle;
};

static struct bundle *draw(const struct model *m)
{
	return render(m, &(struct render_options){ .log_directory = "/var/log/nginx" });
}

static struct made make(const char *text)
{
	const struct policy policy = { .level = POLICY_SAFE };
	CLEANUP(tree_unrefp) struct tree *t = parse(text);
	struct made m = { .model = compose_accepted(t, ROOT, &policy, NULL) };

	m.bundle = draw(m.model);
	return m;
}

static void unmake(struct made *m)
{
	model_free(m->model);
	bundle_unref(m->bundle);
}

static enum apply_way decide(const char *before, const char *after)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct made from = make(before), to = make(after);
	struct apply out;

	apply_decide(&(struct apply_side){ from.model, &from.bundle->rest, NULL },
		     &(struct apply_side){ to.model, &to.bundle->rest, NULL }, arena, &out);
	assert_true((out.way == APPLY_RELOAD) == (out.why != NULL));
	assert_true((out.way == APPLY_SERVERS) == (out.count > 0));
	unmake(&from);
	unmake(&to);
	return out.way;
}

#define UPSTREAM(json) "/c/upstreams/shop\n\t" json "\n"
#define SERVER(address) "/c/upstreams/shop/" address "\n"
#define ZONED UPSTREAM("{\"zone\":\"64k\"}")
#define HEAVY "/c/upstreams/shop/10.0.0.1:80\n\tweight=5\n"

static void the_same_configuration_needs_nothing(void **state UNUSED)
{
	const char *text = ZONED SERVER("10.0.0.1:80");

	assert_int_equal(decide(text, text), APPLY_NOTHING);
}

static void servers_of_a_zone_need_no_reload(void **state UNUSED)
{
	assert_int_equal(decide(ZONED SERVER("10.0.0.1:80"),
				ZONED SERVER("10.0.0.1:80") SERVER("10.0.0.2:80")),
			 APPLY_SERVERS);
	assert_int_equal(decide(ZONED SERVER("10.0.0.1:80"), ZONED HEAVY), APPLY_SERVERS);
	assert_int_equal(decide(UPSTREAM("{}") SERVER("10.0.0.1:80"), UPSTREAM("{}") HEAVY),
			 APPLY_SERVERS);
}

static void servers_without_a_zone_need_a_reload(void **state UNUSED)
{
#define PLAIN UPSTREAM("{\"zone\":\"off\"}")
	assert_int_equal(decide(PLAIN SERVER("10.0.0.1:80"),
				PLAIN SERVER("10.0.0.1:80") SERVER("10.0.0.2:80")),
			 APPLY_RELOAD);
}

/* What the checks find is another source of `down`. */
static void a_failing_server_needs_no_reload(void **state UNUSED)
{
	static const struct check_failure failing[] = { { "shop", "10.0.0.1:80" } };
	static const char text[] = UPSTREAM("{\"check\":{\"panic\":100}}") SERVER("10.0.0.1:80");
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct made from = make(text), to = make(text);
	struct apply out;

	failures_apply(to.model, &(struct check_failures){ failing, 1 });
	bundle_unref(to.bundle);
	to.bundle = draw(to.model);
	apply_decide(&(struct apply_side){ from.model, &from.bundle->rest, NULL },
		     &(struct apply_side){ to.model, &to.bundle->rest, NULL }, arena, &out);
	assert_int_equal(out.way, APPLY_SERVERS);
	assert_int_equal(out.upstreams[0].count, 1);
	assert_int_equal(out.upstreams[0].ops[0].verb, MODULE_SET);
	assert_true(out.upstreams[0].ops[0].server.down);
	unmake(&from);
	unmake(&to);
}

static void any_other_line_needs_a_reload(void **state UNUSED)
{
	const char *before = ZONED SERVER("10.0.0.1:80");

	assert_int_equal(decide(before, UPSTREAM("{\"zone\":\"128k\"}") SERVER("10.0.0.1:80")),
			 APPLY_RELOAD);
	assert_int_equal(decide(before, UPSTREAM("{\"zone\":\"64k\",\"balance\":\"least_conn\"}")
						SERVER("10.0.0.2:80")),
			 APPLY_RELOAD);
	assert_int_equal(decide(before, "/c/upstreams/other\n\t{\"zone\":\"64k\"}\n" ZONED SERVER(
						"10.0.0.1:80")),
			 APPLY_RELOAD);
}

static void what_is_not_known_needs_a_reload(void **state UNUSED)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct made to = make(ZONED);
	struct apply out;

	apply_decide(&(struct apply_side){ 0 },
		     &(struct apply_side){ to.model, &to.bundle->rest, NULL }, arena, &out);
	assert_int_equal(out.way, APPLY_RELOAD);
	unmake(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_operations_make_the_new_list_of_the_old_one),
		cmocka_unit_test(lists_in_another_order_become_the_new_list),
		cmocka_unit_test(a_change_is_as_few_operations_as_it_needs),
		cmocka_unit_test(the_last_server_is_replaced_before_it_is_deleted),
		cmocka_unit_test(the_same_configuration_needs_nothing),
		cmocka_unit_test(servers_of_a_zone_need_no_reload),
		cmocka_unit_test(servers_without_a_zone_need_a_reload),
		cmocka_unit_test(a_failing_server_needs_no_reload),
		cmocka_unit_test(any_other_line_needs_a_reload),
		cmocka_unit_test(what_is_not_known_needs_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
