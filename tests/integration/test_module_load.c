/*
 * Requests while the modules of nginx change servers: those that are on a server that goes, and
 * those of clients that never stop. MODULE_STORM=6250 for 100,000 changes in place of 2,400.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <zknginx/buf.h>

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

/* --- a storm --------------------------------------------------------------------------------- */

#define CLIENTS 4

struct tally {
	unsigned long requests, failures;
	char failure[300];
};

/* One of six servers refuses connections. The first one never does, and stays. */
static void change_in_storm(struct model *m, bool grow)
{
	struct model_server first = m->servers[0];
	struct module_op op;
	struct module_answer a;
	struct rig_worker *w =
		rig_module_worker(&rig_upstreams.daemon, m->context, rig_random(WORKERS));
	struct model before = *m;
	uint64_t digest = model_digest(m);

	if (!model_change(m, &op, grow))
		return;
	if (strcmp(m->servers[0].name, first.name) != 0 || m->servers[0].s.down) {
		*m = before;
		return;
	}
	a = rig_module_change(&rig_upstreams.daemon, w, m->name, digest, &op, 1);
	if (a.result != MODULE_DONE)
		fail_msg("%s: %s", m->name, module_result_text(a.result));
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

static void ask_in_storm(struct tally *t, const struct model *m, unsigned key)
{
	char path[64], source[32];
	const char *head, *body;

	snprintf(path, sizeof(path), "/%s?k=%u", m->name, key);
	/* each address has its own ports, of which one alone would run out */
	snprintf(source, sizeof(source), "127.%u.%u.1", 20 + key % 10, 1 + key / 10);
	body = rig_module_answer(
		rig_module_request(m->context == MODULE_HTTP ? rig_upstreams.http : m->port, path,
				   source),
		&head);
	t->requests++;
	if (is_answer_of_its_server(m, head, body))
		return;
	t->failures++;
	snprintf(t->failure, sizeof(t->failure), "%s: %.250s", m->name, head);
}

static pid_t start_client(struct tally *t, unsigned number)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rig_upstreams.seed = number;
	for (;;)
		ask_in_storm(t, &rig_models[rig_random(ARRAY_SIZE(rig_models))], rig_random(1000));
}

/* A removed server is used again, unless a request is on it: a zone has no more entries than its
 * upstream had servers at once, and a few. */
static void assert_flat(const struct model *m, size_t most)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);

	if (d->lists.entries > most + 2 * CLIENTS)
		fail_msg("%s: %u entries, never more than %zu servers", m->name, d->lists.entries,
			 most);
	rig_module_dump_free(d);
}

/* Changes of all upstreams between two reloads. */
static void gust(unsigned changes, size_t target)
{
	size_t most[ARRAY_SIZE(rig_models)] = { 0 };

	for (unsigned n = 0; n < changes; n++) {
		for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
			struct model *m = &rig_models[i];

			most[i] = m->count > most[i] ? m->count : most[i];
			change_in_storm(m, m->count < target);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		assert_flat(&rig_models[i], most[i] + 1);
	rig_upstreams_reload();
}

#define GUST 150u

static void storm(unsigned changes)
{
	for (unsigned n = 0; changes; n++) {
		unsigned now = changes < GUST ? changes : GUST;

		gust(now, n % 2 ? 90 : 30);
		changes -= now;
	}
}

static void no_request_fails_while_servers_come_and_go(void **state UNUSED)
{
	const char *changes = getenv("MODULE_STORM");
	struct tally *tallies = mmap(NULL, CLIENTS * sizeof(*tallies), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t clients[CLIENTS];

	rig_upstreams.seed = 3;
	rig_upstreams.refusing = true;
	rig_upstreams_start(40);
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = start_client(&tallies[i], i);
	storm(changes ? (unsigned)atoi(changes) : 150);
	for (unsigned i = 0; i < CLIENTS; i++) {
		rig_stop(clients[i], SIGKILL);
		assert_true(tallies[i].requests > 0);
		print_message("%lu requests\n", tallies[i].requests);
		if (tallies[i].failures)
			fail_msg("%lu of %lu requests failed: %s", tallies[i].failures,
				 tallies[i].requests, tallies[i].failure);
	}
	rig_upstreams.refusing = false;
	/* a worker that died, or left a connection open at its exit */
	assert_null(strstr(rig_read(rig_upstreams.nginx.error_log), "[alert]"));
	munmap(tallies, CLIENTS * sizeof(*tallies));
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++)
		eventually(NULL, rig_upstreams_conns(&rig_models[i]) == 0);
}

#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(name, rig_upstreams_set_up, rig_upstreams_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_outlives_its_server_and_any_growth),
		TEST(a_request_of_least_conn_outlives_its_server),
		TEST(a_request_of_random_outlives_its_server),
		TEST(no_request_fails_while_servers_come_and_go),
	};

	return cmocka_run_group_tests_name("module_load", tests, NULL, NULL);
}
