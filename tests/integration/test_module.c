/*
 * The modules of nginx, in a real nginx, with a server in the place of the daemon: after any
 * changes of servers the lists are what a reload of the same text makes of them, and each key leads
 * to the same server. MODULE_CHANGES=10000 for more changes of each upstream than the 120 of this
 * test; MODULE_SEED for others.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "rig_upstreams.h"

#define WORKERS RIG_WORKERS
#define KEYS 150
#define DRAWS 20 /* requests where no key decides */
#define ROUND 60 /* changes of an upstream between two reloads */

/* --- changes ---------------------------------------------------------------------------------- */

struct posted {
	struct rig_worker *w;
	uint32_t id;
};

static struct posted post(struct model *m, bool grow)
{
	struct rig_worker *w =
		rig_module_worker(&rig_upstreams.daemon, m->context, rig_random(WORKERS));
	uint64_t digest = model_digest(m);
	struct module_op op;

	model_change(m, &op, grow);
	return (struct posted){ w, rig_module_post(w, m->name, digest, &op, 1) };
}

static void collect(const struct model *m, struct posted p)
{
	struct module_answer answer = rig_module_collect(&rig_upstreams.daemon, p.w, p.id);

	if (answer.result != MODULE_DONE)
		fail_msg("%s: %s", m->name, module_result_text(answer.result));
	assert_int_equal(answer.done, 1);
	assert_true(answer.digest == model_digest(m));
}

/* Changes of each upstream. */
static void change_all(bool grow, unsigned changes)
{
	struct posted posted[ARRAY_SIZE(rig_models)];

	while (changes--) {
		for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
			posted[i] = post(&rig_models[i], grow);
		for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
			collect(&rig_models[i], posted[i]);
	}
}

static const char *ask(const struct model *m, unsigned key)
{
	char path[64], source[32];

	snprintf(path, sizeof(path), "/%s?k=%u", m->name, key);
	snprintf(source, sizeof(source), "127.%u.%u.9", 2 + key / 50, key);
	return rig_module_ask(m->context == MODULE_HTTP ? rig_upstreams.http : m->port, path,
			      source);
}

/* --- what is compared ------------------------------------------------------------------------ */

static void put_lists(struct buf *b, const struct model *m, unsigned worker)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, worker);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);

	buf_printf(b, "own %016llx\n", (unsigned long long)d->lists.own);
	buf_printf(b, "number %u weight %u tries %u single %u weighted %u backups %u, tries %u\n",
		   d->lists.number, d->lists.total_weight, d->lists.tries, d->lists.single,
		   d->lists.weighted, d->lists.backups, d->lists.backup_tries);
	for (size_t i = 0; i < d->count; i++) {
		const struct module_server *s = &d->servers[i];

		buf_printf(b, "%s %u %u %u %u%s%s conns %u\n", s->name.data, s->weight,
			   s->max_conns, s->max_fails, s->fail_timeout, s->backup ? " backup" : "",
			   s->down ? " down" : "", d->conns[i]);
	}
	rig_module_dump_free(d);
}

static bool may_answer(const struct model *m, const char *address)
{
	for (size_t i = 0; i < m->count; i++) {
		const char *name = m->servers[i].name;

		if (!m->servers[i].s.down && strncmp(name, address, strlen(address)) == 0 &&
		    name[strlen(address)] == ':')
			return true;
	}
	return false;
}

/* Every answer comes from a server that is there; for a key it is always the same one. */
static void put_answers(struct buf *b, const struct model *m)
{
	bool any = false;

	for (size_t i = 0; i < m->count; i++)
		any = any || !m->servers[i].s.down;
	for (unsigned key = 0; any && key < (m->keyed ? KEYS : DRAWS); key++) {
		const char *answer = ask(m, key);

		if (!may_answer(m, answer))
			fail_msg("%s: \"%s\" answered key %u", m->name, answer, key);
		if (m->keyed)
			buf_printf(b, "%u %s\n", key, answer);
	}
}

/* A request that began before the list grew must have room for what it tries after that. */
static void assert_room(const struct model *m)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);

	assert_true(d->lists.room >= rig_module_upstream(w, m->name)->capacity);
	rig_module_dump_free(d);
}

/* A worker looks again when it has a request. */
static bool is_fresh(const struct model *m, unsigned worker)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, worker);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);
	bool fresh = d->lists.own != 0;

	rig_module_dump_free(d);
	return fresh;
}

static char *describe(const struct model *m)
{
	struct buf b = BUF_INIT;
	char *copy;

	for (unsigned i = 0; i < WORKERS; i++)
		eventually(NULL, (ask(m, 0), is_fresh(m, i)));
	put_answers(&b, m);
	eventually(NULL, rig_upstreams_conns(m) == 0);
	for (unsigned i = 0; i < WORKERS; i++)
		put_lists(&b, m, i);
	copy = strdup(buf_str(&b));
	buf_fini(&b);
	return copy;
}

static void assert_hello(const struct model *m)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct rig_worker *w =
			rig_module_worker(&rig_upstreams.daemon, m->context, i);
		const struct module_upstream *u = rig_module_upstream(w, m->name);

		assert_int_equal(u->reason, MODULE_DYNAMIC);
		assert_int_equal(u->servers, m->count);
		assert_true(u->capacity >= m->count);
		assert_true(u->digest == model_digest(m));
		assert_true(u->order == model_order(m));
	}
}

static void one_round(bool grow, unsigned changes)
{
	char *live[ARRAY_SIZE(rig_models)], *reloaded;

	change_all(grow, changes);
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		live[i] = describe(&rig_models[i]);
	rig_upstreams_reload();
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		assert_hello(&rig_models[i]);
		assert_room(&rig_models[i]);
		reloaded = describe(&rig_models[i]);
		if (strcmp(live[i], reloaded) != 0)
			fail_msg("%s:\nlive:\n%s\nafter a reload:\n%s", rig_models[i].name, live[i],
				 reloaded);
		free(live[i]);
		free(reloaded);
	}
}

static void any_changes_give_what_a_reload_of_the_same_text_gives(void **state UNUSED)
{
	const char *changes = getenv("MODULE_CHANGES"), *number = getenv("MODULE_SEED");
	unsigned left = changes ? (unsigned)atoi(changes) : 2 * ROUND;

	rig_upstreams.seed = number ? (unsigned)atoi(number) : 1;
	rig_upstreams_start(2);
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		assert_hello(&rig_models[i]);
	for (bool grow = true; left; grow = !grow) {
		unsigned now = left < 1000 ? left < ROUND ? left : ROUND : 1000;

		one_round(grow, now);
		left -= now;
	}
}

/* --- answers --------------------------------------------------------------------------------- */

static void a_change_that_cannot_be_made_changes_nothing(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	const char *first = m->servers[0].name;
	struct module_op delete_last = { .verb = MODULE_DELETE },
			 set_none = rig_upstreams_add_op("10.0.0.1:80", "");
	uint64_t digest;
	struct module_answer a;
	struct buf before = BUF_INIT, after = BUF_INIT;

	rig_upstreams_start(1);
	digest = model_digest(m);
	delete_last.server.name = module_text_of(first);
	set_none.verb = MODULE_SET;
	put_lists(&before, m, 0);
	assert_int_equal(
		rig_upstreams_try("none", digest, rig_upstreams_add_op("10.0.0.1:80", "")).result,
		MODULE_NO_UPSTREAM);
	assert_int_equal(
		rig_upstreams_try("rr", digest + 1, rig_upstreams_add_op("10.0.0.1:80", "")).result,
		MODULE_OTHER_DIGEST);
	assert_int_equal(rig_upstreams_try("rr", digest, rig_upstreams_add_op(first, "")).result,
			 MODULE_EXISTS);
	assert_int_equal(
		rig_upstreams_try("rr", digest, rig_upstreams_add_op("10.0.0.1:80", "10.0.0.2:80"))
			.result,
		MODULE_NO_SERVER);
	assert_int_equal(
		rig_upstreams_try("rr", digest, rig_upstreams_add_op("host.example:80", "")).result,
		MODULE_BAD_ADDRESS);
	assert_int_equal(rig_upstreams_try("rr", digest, set_none).result, MODULE_NO_SERVER);
	a = rig_upstreams_try("rr", digest, delete_last);
	assert_int_equal(a.result, MODULE_LAST);
	assert_true(a.digest == digest);
	put_lists(&after, m, 0);
	assert_string_equal(buf_str(&before), buf_str(&after));
	buf_fini(&before);
	buf_fini(&after);
}

static void
a_malformed_change_is_refused_whole_and_nonsense_ends_the_connection(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	struct module_op ops[2];
	struct rig_worker *w;
	uint32_t pid;
	unsigned ended;

	rig_upstreams_start(1);
	ops[0] = rig_upstreams_add_op("10.0.0.1:80", "");
	ops[1] = ops[0];
	ops[1].server.weight = 0;
	w = rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, 0);
	assert_int_equal(
		rig_module_change(&rig_upstreams.daemon, w, "rr", model_digest(m), ops, 2).result,
		MODULE_BAD_CHANGE);
	pid = w->pid;
	ended = rig_upstreams.daemon.ended;
	rig_module_send(w, "GET / HTTP/1.0\r\n\r\n", 18);
	eventually(NULL,
		   (rig_module_turn(&rig_upstreams.daemon), rig_upstreams.daemon.ended > ended));
	/* it calls again, and nothing was changed */
	rig_module_settle(&rig_upstreams.daemon, WORKERS, 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		w = rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, i);
		if (w->pid == pid)
			assert_true(rig_module_upstream(w, "rr")->digest == model_digest(m));
	}
	assert_int_equal(rig_nginx_get(rig_upstreams.http, "/rr", NULL, NULL), 200);
}

/* 512k are enough for about 600 servers. What does not fit is refused, and what was there works. */
static void a_full_zone_refuses_servers_until_others_left(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	uint64_t digest;
	struct module_answer a = { .result = MODULE_DONE };
	struct module_op delete_one = { .verb = MODULE_DELETE,
					.server.name = module_text_of("10.0.0.1:80") };
	unsigned n = 0;
	char name[32];

	rig_upstreams_start(1);
	digest = model_digest(m);
	while (a.result == MODULE_DONE && n < 2000) {
		snprintf(name, sizeof(name), "10.0.%u.%u:80", n / 200, n % 200 + 1);
		a = rig_upstreams_try("rr", digest, rig_upstreams_add_op(name, ""));
		digest = a.digest;
		n += a.result == MODULE_DONE;
	}
	assert_int_equal(a.result, MODULE_NO_MEMORY);
	assert_true(n > 200 && n < 2000);
	a = rig_upstreams_try("rr", digest, delete_one);
	assert_int_equal(a.result, MODULE_DONE);
	/* the room of the one that left suffices for any other */
	assert_int_equal(
		rig_upstreams_try("rr", a.digest, rig_upstreams_add_op("10.9.9.9:80", "")).result,
		MODULE_DONE);
}

/* The texts of nginx have no room for longer ones. */
static void servers_with_longer_names_take_the_place_of_those_that_left(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	struct rig_dump *d;
	uint64_t digest;
	char name[32];

	rig_upstreams_start(40);
	digest = model_digest(m);
	for (unsigned i = 0; i < 39; i++) {
		struct module_op op = { .verb = MODULE_DELETE,
					.server.name = module_text_of(m->servers[i].name) };

		digest = rig_upstreams_try("rr", digest, op).digest;
		snprintf(name, sizeof(name), "127.100.100.%u:30000", 100 + i);
		digest = rig_upstreams_try("rr", digest, rig_upstreams_add_op(name, "")).digest;
	}
	d = rig_module_dump(&rig_upstreams.daemon,
			    rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, 0), "rr");
	assert_int_equal(d->lists.number, 40);
	assert_int_equal(d->lists.entries, 40);
	rig_module_dump_free(d);
}

static void assert_as_reloaded(const struct model *m)
{
	char *live = describe(m), *reloaded;

	rig_upstreams_reload();
	reloaded = describe(m);
	assert_string_equal(live, reloaded);
	free(live);
	free(reloaded);
}

/* nginx treats an only server in another way, unless there is a backup server. */
static void the_only_server_is_single_unless_there_is_a_backup(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	struct module_op op;

	rig_upstreams_start(1);
	model_fill(&m->servers[1], 1);
	m->servers[1].s.backup = true;
	op = rig_upstreams_add_op(m->servers[1].name, "");
	op.server.backup = true;
	assert_int_equal(rig_upstreams_try(m->name, model_digest(m), op).result, MODULE_DONE);
	m->count = 2;
	assert_as_reloaded(m);
	op.verb = MODULE_DELETE;
	assert_int_equal(rig_upstreams_try(m->name, model_digest(m), op).result, MODULE_DONE);
	m->count = 1;
	assert_as_reloaded(m);
}

static void servers_of_each_kind_of_address_give_what_a_reload_gives(void **state UNUSED)
{
	struct model *m = &rig_models[6]; /* a ring is made of the texts */
	const char *const names[] = { "[::1]:8080", "unix:/nowhere/socket", "127.9.9.9" };

	rig_upstreams_start(2);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct module_op op = rig_upstreams_add_op(names[i], m->servers[m->count - 1].name);

		op.server.down = true;
		assert_int_equal(rig_upstreams_try(m->name, model_digest(m), op).result,
				 MODULE_DONE);
		model_fill(&m->servers[m->count], 0);
		strcpy(m->servers[m->count].name, names[i]);
		m->servers[m->count++].s.down = true;
	}
	assert_as_reloaded(m);
	assert_hello(m);
}

/* Weights that are multiplied, and divided again a moment later, with requests in between. */
static void scale(const struct model *m, uint64_t *digest, unsigned factor)
{
	struct module_op ops[ARRAY_SIZE(m->servers)];
	struct module_answer a;

	for (size_t i = 0; i < m->count; i++) {
		ops[i] = rig_upstreams_add_op(m->servers[i].name, "");
		ops[i].verb = MODULE_SET;
		ops[i].server = m->servers[i].s;
		ops[i].server.name = module_text_of(m->servers[i].name);
		ops[i].server.weight *= factor;
	}
	a = rig_module_change(&rig_upstreams.daemon,
			      rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, 0), m->name,
			      *digest, ops, m->count);
	assert_int_equal(a.result, MODULE_DONE);
	*digest = a.digest;
}

static void equal_weights(struct model *m, uint64_t *digest)
{
	for (size_t i = 0; i < m->count; i++) {
		m->servers[i].s.weight = 1;
		m->servers[i].s.down = false;
		m->servers[i].s.max_conns = 0;
	}
	scale(m, digest, 1);
}

/* The turns that a server is owed are not multiplied: else some would get no requests for long. */
static void scaled_weights_leave_whose_turn_it_is(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	unsigned answers[4] = { 0 };
	uint64_t digest;

	rig_upstreams_start(ARRAY_SIZE(answers));
	digest = model_digest(m);
	equal_weights(m, &digest);
	ask(m, 0);
	scale(m, &digest, 1000);
	ask(m, 0);
	ask(m, 0);
	scale(m, &digest, 1);
	for (unsigned n = 0; n < 20; n++) {
		const char *answer = ask(m, 0);

		for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
			answers[i] += strncmp(m->servers[i].name, answer, strlen(answer)) == 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		assert_in_range(answers[i], 4, 6);
}

/* --- without a daemon ------------------------------------------------------------------------ */

static void nginx_serves_without_a_daemon_and_greets_one_that_comes(void **state UNUSED)
{
	rig_module_close(&rig_upstreams.daemon);
	rig_upstreams_prepare(2);
	rig_nginx_start(&rig_upstreams.nginx);
	assert_int_equal(rig_nginx_get(rig_upstreams.http, "/ring?k=1", NULL, NULL), 200);
	rig_module_listen(&rig_upstreams.daemon, "daemon.sock");
	rig_module_settle(&rig_upstreams.daemon, WORKERS, 0);
	assert_hello(&rig_models[0]);
}

static void a_worker_that_was_killed_is_followed_by_one_that_knows_the_changes(void **state UNUSED)
{
	rig_upstreams.seed = 7;
	rig_upstreams_start(3);
	change_all(true, 30);
	rig_upstreams_kill_worker();
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		free(describe(&rig_models[i]));
	change_all(false, 1);
	one_round(true, 5);
}

static void a_server_that_is_listed_twice_leaves_its_upstream_to_reloads(void **state UNUSED)
{
	struct model *m = &rig_models[0];
	const struct module_upstream *u;

	rig_upstreams_prepare(2);
	m->servers[1] = m->servers[0];
	rig_upstreams_write();
	rig_nginx_start(&rig_upstreams.nginx);
	rig_module_settle(&rig_upstreams.daemon, WORKERS, 0);
	u = rig_module_upstream(rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, 0), "rr");
	assert_int_equal(u->reason, MODULE_LISTED_TWICE);
	assert_int_equal(rig_upstreams_try("rr", 0, rig_upstreams_add_op("10.0.0.1:80", "")).result,
			 MODULE_NOT_DYNAMIC);
	assert_int_equal(rig_nginx_get(rig_upstreams.http, "/rr", NULL, NULL), 200);
}

/* RIG_NGINX=… for another nginx than the installed one, with the modules that were built for it. */
static void a_newer_nginx_than_is_known_is_left_to_reloads(void **state UNUSED)
{
	const struct rig_worker *w;

	rig_upstreams_start(2);
	w = rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, 0);
	if (w->nginx < 1027003)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		const struct model *m = &rig_models[i];

		w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
		assert_int_equal(rig_module_upstream(w, m->name)->reason, MODULE_UNKNOWN_NGINX);
		assert_true(*ask(m, 1));
	}
	assert_int_equal(rig_upstreams_try("rr", 0, rig_upstreams_add_op("10.0.0.1:80", "")).result,
			 MODULE_NOT_DYNAMIC);
	rig_upstreams_reload();
	assert_true(*ask(&rig_models[0], 1));
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, rig_upstreams_set_up, rig_upstreams_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_changes_give_what_a_reload_of_the_same_text_gives),
		TEST(a_change_that_cannot_be_made_changes_nothing),
		TEST(a_malformed_change_is_refused_whole_and_nonsense_ends_the_connection),
		TEST(a_full_zone_refuses_servers_until_others_left),
		TEST(servers_with_longer_names_take_the_place_of_those_that_left),
		TEST(the_only_server_is_single_unless_there_is_a_backup),
		TEST(servers_of_each_kind_of_address_give_what_a_reload_gives),
		TEST(scaled_weights_leave_whose_turn_it_is),
		TEST(nginx_serves_without_a_daemon_and_greets_one_that_comes),
		TEST(a_worker_that_was_killed_is_followed_by_one_that_knows_the_changes),
		TEST(a_server_that_is_listed_twice_leaves_its_upstream_to_reloads),
		TEST(a_newer_nginx_than_is_known_is_left_to_reloads),
	};

	return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
