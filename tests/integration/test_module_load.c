/*
 * Requests while the modules of nginx change servers: those that are on a server that goes, and
 * those of clients that never stop, while nginx is reloaded, its workers are killed, and the daemon
 * ends. MODULE_STORM=6250 for 100,000 changes in place of 2,400.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zknginx/buf.h>

#include "rig_clients.h"
#include "rig_upstreams.h"

#define WORKERS RIG_WORKERS

/* --- requests in flight ---------------------------------------------------------------------- */

#define FLIGHTS 24

/* Add servers with these addresses: 127.NET.0.1 and so on. */
static void add_many(const struct model *m, unsigned net, unsigned count, uint64_t *digest)
{
	char name[32];

	for (unsigned i = 0; i < count; i++) {
		struct module_answer a;

		snprintf(name, sizeof(name), "127.%u.0.%u:%d", net, i + 1, rig_upstreams.backend);
		a = rig_upstreams_try(m->name, *digest, rig_upstreams_add_op(name, ""));
		assert_int_equal(a.result, MODULE_DONE);
		*digest = a.digest;
	}
}

static void delete_all_of_the_text(const struct model *m, uint64_t *digest)
{
	for (size_t i = 0; i < m->count; i++) {
		struct module_op op = { .verb = MODULE_DELETE };
		struct module_answer a;

		op.server.name = module_text_of(m->servers[i].name);
		a = rig_upstreams_try(m->name, *digest, op);
		assert_int_equal(a.result, MODULE_DONE);
		*digest = a.digest;
	}
}

/* The log names the first server, which was removed, and the second one, which answered. */
static void assert_flight(const struct model *m, int flight)
{
	char first[64], second[64];
	const char *head, *body = rig_module_answer(flight, &head);
	const char *log = strstr(head, "X-Upstream: ");

	assert_non_null(log);
	if (sscanf(log, "X-Upstream: %63[^,], %63[^\r]", first, second) != 2)
		fail_msg("not two servers: %s", head);
	if (!model_has(m, first))
		fail_msg("never tried first: %s", first);
	assert_false(model_has(m, second));
	assert_true(*body && strncmp(second, body, strlen(body)) == 0);
}

/*
 * Requests are on servers that are removed, while the list grows past 64 and 128. No server that
 * comes takes their place. Then their servers close the connections, and they go to others; the
 * places of the first ones are used again; and at the end the log still names both.
 */
static void a_request_outlives(struct model *m)
{
	int flights[FLIGHTS];
	char path[64];
	uint64_t digest;

	rig_upstreams_start(60);
	digest = model_digest(m);
	snprintf(path, sizeof(path), "/%s/slow", m->name);
	for (unsigned i = 0; i < FLIGHTS; i++)
		flights[i] = rig_module_request(rig_upstreams.http, path, "127.0.0.1");
	eventually(NULL, rig_upstreams_conns(m) == FLIGHTS);
	add_many(m, 11, 140, &digest);
	delete_all_of_the_text(m, &digest);
	add_many(m, 12, 100, &digest);
	assert_int_equal(rig_upstreams_conns(m), 0);
	rig_write(rig_upstreams.gate, "1");
	eventually(NULL, rig_upstreams_conns(m) == FLIGHTS);
	add_many(m, 13, 60, &digest);
	rig_write(rig_upstreams.gate, "2");
	for (unsigned i = 0; i < FLIGHTS; i++)
		assert_flight(m, flights[i]);
	eventually(NULL, rig_upstreams_conns(m) == 0);
}

static void a_request_outlives_its_server_and_any_growth(void **state UNUSED)
{
	a_request_outlives(&rig_models[0]);
}

static void a_request_of_least_conn_outlives_its_server(void **state UNUSED)
{
	a_request_outlives(&rig_models[2]);
}

static void a_request_of_random_outlives_its_server(void **state UNUSED)
{
	a_request_outlives(&rig_models[8]);
}

/* --- another try after a change -------------------------------------------------------------- */

/* The server that the only request of this upstream is on. */
static struct module_text busy_server(const struct model *m)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);
	struct module_text name = { NULL, 0 };

	for (size_t i = 0; i < m->count; i++) {
		if (i < d->count && d->conns[i])
			name = module_text_of(m->servers[i].name);
	}
	rig_module_dump_free(d);
	assert_non_null(name.data);
	return name;
}

static bool has_answer(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* A request is on a server that is removed. Then that server ends the connection. */
static void a_request_loses_its_server(const struct model *m)
{
	struct module_op op = { .verb = MODULE_DELETE };
	const char *head, *body;
	char path[64];
	int flight;

	snprintf(path, sizeof(path), "/%s/slow?k=1", m->name);
	rig_write(rig_upstreams.gate, "0");
	flight = rig_module_request(rig_upstreams.http, path, "127.0.0.1");
	eventually(NULL, rig_upstreams_conns(m) == 1);
	op.server.name = busy_server(m);
	assert_int_equal(rig_upstreams_try(m->name, model_digest(m), op).result, MODULE_DONE);
	assert_int_equal(rig_upstreams_conns(m), 0);
	rig_write(rig_upstreams.gate, "1");
	eventually(NULL, rig_upstreams_conns(m) == 1 || has_answer(flight));
	rig_write(rig_upstreams.gate, "2");
	body = rig_module_answer(flight, &head);
	if (strncmp(head, "HTTP/1.1 200", 12) != 0 || !*body ||
	    strncmp(body, op.server.name.data, strlen(body)) == 0)
		fail_msg("%s: removed %s, answer %s", m->name, op.server.name.data, head);
	eventually(NULL, rig_upstreams_conns(m) == 0);
}

static void every_request_loses_its_server(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		if (rig_models[i].context == MODULE_HTTP)
			a_request_loses_its_server(&rig_models[i]);
	}
}

/* nginx allows an only server no other try; this request began when there were two. */
static void a_request_goes_on_to_the_only_server_that_stays(void **state UNUSED)
{
	rig_upstreams_start(2);
	every_request_loses_its_server();
}

/* What was tried is not what now has its place in the list. */
static void a_request_goes_on_to_a_server_that_moved_to_the_place_of_its_own(void **state UNUSED)
{
	rig_upstreams_prepare(3);
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		rig_models[i].servers[0].s.weight = 100;
		rig_models[i].servers[2].s.down = true;
	}
	rig_upstreams_write();
	rig_nginx_start(&rig_upstreams.nginx);
	rig_upstreams.cycle = rig_module_settle(&rig_upstreams.daemon, WORKERS, 0);
	every_request_loses_its_server();
}

/* --- a storm --------------------------------------------------------------------------------- */

#define CLIENTS 4

/* What a zone had when nginx made it, and the most since then. */
struct past {
	uint32_t memory;
	size_t servers, most;
};

static struct past pasts[ARRAY_SIZE(rig_models)];
static unsigned long done; /* changes */

/* A change that is under way. */
struct posted {
	struct rig_worker *w;
	uint32_t id;
};

/* One of six servers refuses connections. The first one never does, and stays. */
static struct posted post_in_storm(struct model *m, bool grow)
{
	struct rig_worker *w =
		rig_module_worker(&rig_upstreams.daemon, m->context, rig_random(WORKERS));
	const struct model before = *m;
	struct module_op op;

	model_change(m, &op, grow);
	while (strcmp(m->servers[0].name, before.servers[0].name) != 0 || m->servers[0].s.down) {
		*m = before;
		model_change(m, &op, grow);
	}
	return (struct posted){ w, rig_module_post(w, m->name, model_digest(&before), &op, 1) };
}

static void collect_in_storm(const struct model *m, struct posted p)
{
	struct module_answer a = rig_module_collect(&rig_upstreams.daemon, p.w, p.id);

	if (a.result != MODULE_DONE)
		fail_msg("%s: %s", m->name, module_result_text(a.result));
	done++;
}

/* A change of each upstream. */
static void change_all(size_t target)
{
	struct posted posted[ARRAY_SIZE(rig_models)];

	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		posted[i] = post_in_storm(&rig_models[i], rig_models[i].count < target);
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		collect_in_storm(&rig_models[i], posted[i]);
		if (rig_models[i].count > pasts[i].most)
			pasts[i].most = rig_models[i].count;
	}
}

static bool is_answer_of_its_server(const struct model *m, const char *head, const char *body)
{
	const char *log = strstr(head, "X-Upstream: ");
	char *end = log ? strchr(log, '\r') : NULL, last[64] = "";

	if (!*body || strncmp(head, "HTTP/1.1 200", 12) != 0)
		return false;
	if (m->context == MODULE_STREAM)
		return true;
	if (!end)
		return false;
	while (end > log && *end != ' ')
		end--;
	sscanf(end, " %63[^:]", last);
	return strcmp(last, body) == 0;
}

/* A client that begins: not as the others, and without their share in the daemon's connections. */
static void begin_client(unsigned number)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	rig_upstreams.seed = number;
	rig_module_leave(&rig_upstreams.daemon);
}

static const struct model *some_model(unsigned number)
{
	begin_client(number);
	return &rig_models[rig_random(ARRAY_SIZE(rig_models))];
}

static bool ask_in_storm(unsigned number, const char **head)
{
	const struct model *m = some_model(number);
	unsigned key = number * 1000 + rig_random(1000);
	char path[64], source[32];
	const char *body;

	snprintf(path, sizeof(path), "/%s%s?k=%u", m->name, rig_random(8) ? "" : "/pause", key);
	/* each address has its own ports, of which one alone would run out */
	snprintf(source, sizeof(source), "127.%u.%u.1", 20 + key % 10, 1 + key % 1000 / 10);
	body = rig_module_answer(
		rig_module_request(m->context == MODULE_HTTP ? rig_upstreams.http : m->port, path,
				   source),
		head);
	return is_answer_of_its_server(m, *head, body);
}

/* A removed server is used again, unless a request is on it: a zone has no more entries and takes
 * no more memory than its upstream had servers at once, and a few. What a killed worker had counted
 * stays counted. */
static void assert_flat(const struct model *m, const struct past *past, unsigned kills)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);
	size_t few = (size_t)(2 * CLIENTS) * (1 + kills);
	size_t memory = past->memory + (past->most + few - past->servers) * 1024 + 16384;

	if (d->lists.entries > past->most + few)
		fail_msg("%s: %u entries, never more than %zu servers", m->name, d->lists.entries,
			 past->most);
	if (d->lists.memory > memory)
		fail_msg("%s: %u bytes of the zone, expected %zu", m->name, d->lists.memory,
			 memory);
	rig_module_dump_free(d);
}

static void begin_past(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		struct model *m = &rig_models[i];
		struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
		struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);

		pasts[i] = (struct past){ d->lists.memory, m->count, m->count };
		rig_module_dump_free(d);
	}
}

/* So many changes of each upstream. */
static void gust(unsigned changes, size_t target, unsigned kills)
{
	for (unsigned n = 0; n < changes; n++)
		change_all(target);
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		assert_flat(&rig_models[i], &pasts[i], kills);
}

static void kill_worker(struct rig_clients *c)
{
	rig_clients_begin_kill(c);
	rig_upstreams_kill_worker();
	rig_clients_end_kill(c);
}

/* The daemon ends, and comes again. */
static void lose_daemon(void)
{
	rig_module_close(&rig_upstreams.daemon);
	rig_module_listen(&rig_upstreams.daemon, "daemon.sock");
	rig_module_settle(&rig_upstreams.daemon, WORKERS, 0);
}

#define GUST 50u /* at least */

static void blow(struct rig_clients *c, unsigned changes)
{
	unsigned kills = 0, gust_of = changes / 40 > GUST ? changes / 40 : GUST;

	begin_past();
	for (unsigned n = 1; changes; n++) {
		unsigned now = changes < gust_of ? changes : gust_of;

		gust(now, n % 6 < 3 ? 90 : 30, kills);
		rig_clients_check(c);
		changes -= now;
		if (n % 3 == 1) {
			kill_worker(c);
			kills++;
		} else if (n % 3 == 2) {
			lose_daemon();
		} else if (n % 9 == 0 || !changes) {
			rig_upstreams_reload();
			begin_past();
			kills = 0;
		}
	}
}

static void no_request_fails_while_servers_come_and_go(void **state UNUSED)
{
	const char *changes = getenv("MODULE_STORM");
	struct rig_clients *c;

	rig_upstreams.seed = 3;
	rig_upstreams.refusing = true;
	rig_upstreams_start(40);
	c = rig_clients_start(CLIENTS, ask_in_storm);
	blow(c, changes ? (unsigned)atoi(changes) : 3 * GUST);
	rig_clients_check(c);
	rig_clients_stop(c);
	print_message("%lu changes\n", done);
	rig_upstreams.refusing = false;
	/* those that a killed worker had counted are in no new zone */
	rig_upstreams_reload();
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		eventually(NULL, rig_upstreams_conns(&rig_models[i]) == 0);
	/* a worker that died, or left a connection open at its exit */
	if (rig_upstreams_alert())
		fail_msg("%s", rig_upstreams_alert());
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, rig_upstreams_set_up, rig_upstreams_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_outlives_its_server_and_any_growth),
		TEST(a_request_of_least_conn_outlives_its_server),
		TEST(a_request_of_random_outlives_its_server),
		TEST(a_request_goes_on_to_the_only_server_that_stays),
		TEST(a_request_goes_on_to_a_server_that_moved_to_the_place_of_its_own),
		TEST(no_request_fails_while_servers_come_and_go),
	};

	return cmocka_run_group_tests_name("module_load", tests, NULL, NULL);
}
