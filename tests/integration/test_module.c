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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_module.h"
#include "rig_nginx.h"

#define KEYS 150
#define POOL 200 /* addresses that servers are made of */
#define ROUND 60 /* changes of an upstream between two reloads */
#define WORKERS 2

/* --- a model of the upstreams ---------------------------------------------------------------- */

struct model_server {
	char name[32];
	struct module_server s; /* its name points to the one above it only while it is used */
};

struct model {
	const char *name, *directives;
	enum module_context context;
	bool keyed;   /* a key leads to one server */
	bool backups; /* the method takes backup servers */
	struct model_server servers[POOL];
	size_t count;
	int port; /* stream: it listens there */
};

#define MODEL(n, d, c, k, b)                                                                       \
	{                                                                                          \
		.name = n, .directives = d, .context = c, .keyed = k, .backups = b                 \
	}
#define HTTP(n, d, k, b) MODEL(n, d, MODULE_HTTP, k, b)
#define STREAM(n, d, k, b) MODEL(n, d, MODULE_STREAM, k, b)

static struct model models[] = {
	HTTP("rr", "", false, true),
	HTTP("rr_keepalive", "keepalive 4;", false, true),
	HTTP("least", "least_conn;", false, true),
	HTTP("least_keepalive", "least_conn; keepalive 4;", false, true),
	HTTP("ip", "ip_hash;", true, false),
	HTTP("hash", "hash $arg_k;", true, false),
	HTTP("ring", "hash $arg_k consistent;", true, false),
	HTTP("ring_keepalive", "hash $arg_k consistent; keepalive 4;", true, false),
	HTTP("random", "random;", false, false),
	HTTP("two", "random two;", false, false),
	STREAM("s_rr", "", false, true),
	STREAM("s_least", "least_conn;", false, true),
	STREAM("s_hash", "hash $remote_addr;", true, false),
	STREAM("s_ring", "hash $remote_addr consistent;", true, false),
	STREAM("s_random", "random;", false, false),
	STREAM("s_two", "random two;", false, false),
};

static struct module_text text(const char *s)
{
	return (struct module_text){ s, strlen(s) };
}

static struct module_server server_of(const struct model_server *m)
{
	struct module_server s = m->s;

	s.name = text(m->name);
	return s;
}

static uint64_t digest_of(const struct model *m)
{
	uint64_t digest = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct module_server s = server_of(&m->servers[i]);

		digest += module_server_digest(&s);
	}
	return digest;
}

static uint64_t order_of(const struct model *m)
{
	uint64_t order = 0;

	for (unsigned backup = 0; backup < 2; backup++) {
		for (size_t i = 0; i < m->count; i++) {
			struct module_server s = server_of(&m->servers[i]);

			if (s.backup == backup)
				order = module_order_digest(order, module_server_digest(&s));
		}
	}
	return order;
}

static void put_upstream(struct buf *b, const struct model *m)
{
	buf_printf(b, "upstream %s {\n\tzone %s 512k;\n\t%s\n", m->name, m->name, m->directives);
	for (size_t i = 0; i < m->count; i++) {
		const struct module_server *s = &m->servers[i].s;

		buf_printf(
			b,
			"\tserver %s weight=%u max_conns=%u max_fails=%u fail_timeout=%us%s%s;\n",
			m->servers[i].name, s->weight, s->max_conns, s->max_fails, s->fail_timeout,
			s->backup ? " backup" : "", s->down ? " down" : "");
	}
	buf_puts(b, "}\n");
}

/* --- nginx ----------------------------------------------------------------------------------- */

static struct {
	struct rig_nginx nginx;
	struct rig_module daemon;
	int backend, http; /* ports */
	pid_t backend_pid;
	uint64_t cycle;
	const char *gate;
} the;

/* The http server: one location for each upstream. */
static void put_http_server(struct buf *b)
{
	buf_printf(b,
		   "server {\n\tlisten 127.0.0.1:%d;\n\tproxy_http_version 1.1;\n"
		   "\tproxy_set_header Connection \"\";\n"
		   "\tadd_header X-Upstream $upstream_addr always;\n",
		   the.http);
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		if (models[i].context == MODULE_HTTP)
			buf_printf(b, "\tlocation /%s { proxy_pass http://%s; }\n", models[i].name,
				   models[i].name);
	}
	buf_puts(b, "}\n");
}

static void write_texts(void)
{
	struct buf http = BUF_INIT, stream = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		const struct model *m = &models[i];

		put_upstream(m->context == MODULE_HTTP ? &http : &stream, m);
		if (m->context == MODULE_STREAM)
			buf_printf(&stream, "server { listen 127.0.0.1:%d; proxy_pass %s; }\n",
				   m->port, m->name);
	}
	put_http_server(&http);
	rig_write(rig_path("nginx/state/live/http.conf"), "%s", buf_str(&http));
	rig_write(rig_path("nginx/state/live/stream.conf"), "%s", buf_str(&stream));
	buf_fini(&http);
	buf_fini(&stream);
}

/* Some servers refuse connections: nothing listens on their port. */
static bool refusing;

static void fill_server(struct model_server *m, unsigned address)
{
	*m = (struct model_server){ .s = { .weight = 1, .max_fails = 1, .fail_timeout = 10 } };
	snprintf(m->name, sizeof(m->name), "127.1.%u.%u:%d", address / 100, address % 100 + 1,
		 refusing && address % 6 == 1 ? 1 : the.backend);
}

static void start_with(size_t servers)
{
	const char *http = rig_module_file("ngx_http_zknginx_module.so");
	const char *stream = rig_module_file("ngx_stream_zknginx_module.so");

	the.backend = rig_port();
	the.http = rig_port();
	the.gate = rig_path("gate");
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		models[i].port = rig_port();
		models[i].count = servers;
		for (size_t j = 0; j < servers; j++)
			fill_server(&models[i].servers[j], (unsigned)j);
	}
	the.backend_pid = rig_module_backend(the.backend, the.gate);
	rig_nginx_init(&the.nginx, "nginx");
	the.nginx.main_text = rig_path("x");
	the.nginx.connections = 2048;
	if (asprintf((char **)&the.nginx.main_text, "load_module %s;\nload_module %s;", http,
		     stream) < 0)
		die("asprintf: %m");
	if (mkdir(the.nginx.state, 0755) < 0 || mkdir(rig_path("nginx/state/live"), 0755) < 0)
		die("%s: %m", the.nginx.state);
	write_texts();
	rig_nginx_configure(&the.nginx);
}

static int set_up(void **state UNUSED)
{
	rig_module_listen(&the.daemon, "daemon.sock");
	return 0;
}

static int tear_down(void **state UNUSED)
{
	rig_nginx_stop(&the.nginx);
	rig_module_close(&the.daemon);
	if (the.backend_pid)
		rig_stop(the.backend_pid, SIGKILL);
	the.backend_pid = 0;
	free((char *)the.nginx.main_text);
	the.nginx = (struct rig_nginx){ .pid = 0 };
	rig_clean();
	return 0;
}

static void start(size_t servers)
{
	start_with(servers);
	rig_nginx_start(&the.nginx);
	the.cycle = rig_module_settle(&the.daemon, WORKERS, 0);
}

static void reload(void)
{
	write_texts();
	rig_nginx_send_hup(&the.nginx);
	the.cycle = rig_module_settle(&the.daemon, WORKERS, the.cycle);
}

/* --- random changes -------------------------------------------------------------------------- */

static unsigned seed;

static unsigned random_below(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

static size_t count_of(const struct model *m, bool backup)
{
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++)
		count += m->servers[i].s.backup == backup;
	return count;
}

static bool has(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->servers[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A method that finds too many servers down takes the next one in turn, and no key decides. */
static void vary(const struct model *m, struct module_server *s)
{
	static const unsigned limits[] = { 0, 100, 1000 }, times[] = { 1, 10, 30 };

	s->weight = 1 + random_below(5);
	s->max_conns = limits[random_below(3)];
	s->max_fails = random_below(4);
	s->fail_timeout = times[random_below(3)];
	s->down = m->count > 8 && random_below(12) == 0;
}

/* The server in front of the place `at`, in the list of `backup`; "": none. */
static const char *before(const struct model *m, size_t at, bool backup)
{
	while (at--) {
		if (m->servers[at].s.backup == backup)
			return m->servers[at].name;
	}
	return "";
}

static bool add_one(struct model *m, struct module_op *op)
{
	size_t at = random_below((unsigned)m->count + 1);
	struct model_server added;

	fill_server(&added, random_below(POOL));
	if (has(m, added.name) || m->count == POOL)
		return false;
	vary(m, &added.s);
	added.s.backup = m->backups && random_below(4) == 0;
	memmove(&m->servers[at + 1], &m->servers[at], (m->count - at) * sizeof(added));
	m->servers[at] = added;
	m->count++;
	*op = (struct module_op){ MODULE_ADD, server_of(&m->servers[at]),
				  text(before(m, at, added.s.backup)) };
	return true;
}

static bool delete_one(struct model *m, struct module_op *op)
{
	static char name[32];
	size_t at = random_below((unsigned)m->count);

	if (!m->servers[at].s.backup && count_of(m, false) == 1)
		return false;
	strcpy(name, m->servers[at].name);
	m->count--;
	memmove(&m->servers[at], &m->servers[at + 1], (m->count - at) * sizeof(m->servers[at]));
	*op = (struct module_op){ .verb = MODULE_DELETE, .server = { .name = text(name) } };
	return true;
}

static bool set_one(struct model *m, struct module_op *op)
{
	size_t at = random_below((unsigned)m->count);

	vary(m, &m->servers[at].s);
	*op = (struct module_op){ .verb = MODULE_SET, .server = server_of(&m->servers[at]) };
	return true;
}

/* The lists grow and shrink in turn, so that they pass 1, 64 and 128 servers. */
static bool change_one(struct model *m, struct module_op *op, bool grow)
{
	unsigned dice = random_below(10);

	if (dice < 2)
		return set_one(m, op);
	return (dice < 8) == grow ? add_one(m, op) : delete_one(m, op);
}

static void change(struct model *m, bool grow)
{
	struct rig_worker *w = rig_module_worker(&the.daemon, m->context, random_below(WORKERS));
	uint64_t digest = digest_of(m);
	struct module_answer answer;
	struct module_op op;

	if (!change_one(m, &op, grow))
		return;
	answer = rig_module_change(&the.daemon, w, m->name, digest, &op, 1);
	if (answer.result != MODULE_DONE)
		fail_msg("%s: %s", m->name, module_result_text(answer.result));
	assert_int_equal(answer.done, 1);
	assert_true(answer.digest == digest_of(m));
}

/* --- what is compared ------------------------------------------------------------------------ */

static void put_lists(struct buf *b, const struct model *m, unsigned worker)
{
	struct rig_worker *w = rig_module_worker(&the.daemon, m->context, worker);
	struct rig_dump *d = rig_module_dump(&the.daemon, w, m->name);

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

static const char *ask(const struct model *m, unsigned key)
{
	char path[64], source[32];

	snprintf(path, sizeof(path), "/%s?k=%u", m->name, key);
	snprintf(source, sizeof(source), "127.%u.%u.9", 2 + key / 50, key);
	return rig_module_ask(m->context == MODULE_HTTP ? the.http : m->port, path, source);
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
	for (unsigned key = 0; any && key < KEYS; key++) {
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
	struct rig_worker *w = rig_module_worker(&the.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&the.daemon, w, m->name);

	assert_true(d->lists.room >= rig_module_upstream(w, m->name)->capacity);
	rig_module_dump_free(d);
}

static unsigned conns_of(const struct model *m)
{
	struct rig_worker *w = rig_module_worker(&the.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&the.daemon, w, m->name);
	unsigned conns = 0;

	for (size_t i = 0; i < d->count; i++)
		conns += d->conns[i];
	rig_module_dump_free(d);
	return conns;
}

/* A worker looks again when it has a request. */
static bool is_fresh(const struct model *m, unsigned worker)
{
	struct rig_worker *w = rig_module_worker(&the.daemon, m->context, worker);
	struct rig_dump *d = rig_module_dump(&the.daemon, w, m->name);
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
	eventually(NULL, conns_of(m) == 0);
	for (unsigned i = 0; i < WORKERS; i++)
		put_lists(&b, m, i);
	copy = strdup(buf_str(&b));
	buf_fini(&b);
	return copy;
}

static void assert_hello(const struct model *m)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct rig_worker *w = rig_module_worker(&the.daemon, m->context, i);
		const struct module_upstream *u = rig_module_upstream(w, m->name);

		assert_int_equal(u->reason, MODULE_DYNAMIC);
		assert_int_equal(u->servers, m->count);
		assert_true(u->capacity >= m->count);
		assert_true(u->digest == digest_of(m));
		assert_true(u->order == order_of(m));
	}
}

static void one_round(bool grow, unsigned changes)
{
	char *live[ARRAY_SIZE(models)], *reloaded;

	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		for (unsigned n = 0; n < changes; n++)
			change(&models[i], grow);
		live[i] = describe(&models[i]);
	}
	reload();
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		assert_hello(&models[i]);
		assert_room(&models[i]);
		reloaded = describe(&models[i]);
		if (strcmp(live[i], reloaded) != 0)
			fail_msg("%s:\nlive:\n%s\nafter a reload:\n%s", models[i].name, live[i],
				 reloaded);
		free(live[i]);
		free(reloaded);
	}
}

static void any_changes_give_what_a_reload_of_the_same_text_gives(void **state UNUSED)
{
	const char *changes = getenv("MODULE_CHANGES"), *number = getenv("MODULE_SEED");
	unsigned left = changes ? (unsigned)atoi(changes) : 2 * ROUND;

	seed = number ? (unsigned)atoi(number) : 1;
	start(2);
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		assert_hello(&models[i]);
	for (bool grow = true; left; grow = !grow) {
		unsigned now = left < 4 * ROUND ? left < ROUND ? left : ROUND : 4 * ROUND;

		one_round(grow, now);
		left -= now;
	}
}

/* --- answers --------------------------------------------------------------------------------- */

static struct module_answer try_op(const char *upstream, uint64_t digest, struct module_op op)
{
	struct rig_worker *w = rig_module_worker(&the.daemon, MODULE_HTTP, 0);

	return rig_module_change(&the.daemon, w, upstream, digest, &op, 1);
}

static struct module_op add_op(const char *name, const char *after)
{
	return (struct module_op){
		MODULE_ADD,
		{ .name = text(name), .weight = 1, .max_fails = 1, .fail_timeout = 10 },
		text(after)
	};
}

static void a_change_that_cannot_be_made_changes_nothing(void **state UNUSED)
{
	struct model *m = &models[0];
	const char *first = m->servers[0].name;
	struct module_op delete_last = { .verb = MODULE_DELETE },
			 set_none = add_op("10.0.0.1:80", "");
	uint64_t digest;
	struct module_answer a;
	struct buf before = BUF_INIT, after = BUF_INIT;

	start(1);
	digest = digest_of(m);
	delete_last.server.name = text(first);
	set_none.verb = MODULE_SET;
	put_lists(&before, m, 0);
	assert_int_equal(try_op("none", digest, add_op("10.0.0.1:80", "")).result,
			 MODULE_NO_UPSTREAM);
	assert_int_equal(try_op("rr", digest + 1, add_op("10.0.0.1:80", "")).result,
			 MODULE_OTHER_DIGEST);
	assert_int_equal(try_op("rr", digest, add_op(first, "")).result, MODULE_EXISTS);
	assert_int_equal(try_op("rr", digest, add_op("10.0.0.1:80", "10.0.0.2:80")).result,
			 MODULE_NO_SERVER);
	assert_int_equal(try_op("rr", digest, add_op("host.example:80", "")).result,
			 MODULE_BAD_ADDRESS);
	assert_int_equal(try_op("rr", digest, set_none).result, MODULE_NO_SERVER);
	a = try_op("rr", digest, delete_last);
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
	struct model *m = &models[0];
	struct module_op ops[2];
	struct rig_worker *w;
	uint32_t pid;

	start(1);
	ops[0] = add_op("10.0.0.1:80", "");
	ops[1] = ops[0];
	ops[1].server.weight = 0;
	w = rig_module_worker(&the.daemon, MODULE_HTTP, 0);
	assert_int_equal(rig_module_change(&the.daemon, w, "rr", digest_of(m), ops, 2).result,
			 MODULE_BAD_CHANGE);
	pid = w->pid;
	rig_module_send(w, "GET / HTTP/1.0\r\n\r\n", 18);
	eventually(NULL, (rig_module_turn(&the.daemon), w->fd < 0));
	/* it calls again, and nothing was changed */
	rig_module_settle(&the.daemon, WORKERS, 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		w = rig_module_worker(&the.daemon, MODULE_HTTP, i);
		if (w->pid == pid)
			assert_true(rig_module_upstream(w, "rr")->digest == digest_of(m));
	}
	assert_int_equal(rig_nginx_get(the.http, "/rr", NULL, NULL), 200);
}

/* 512k are enough for about 600 servers. What does not fit is refused, and what was there works. */
static void a_full_zone_refuses_servers_until_others_left(void **state UNUSED)
{
	struct model *m = &models[0];
	uint64_t digest;
	struct module_answer a = { .result = MODULE_DONE };
	struct module_op delete_one = { .verb = MODULE_DELETE, .server.name = text("10.0.0.1:80") };
	unsigned n = 0;
	char name[32];

	start(1);
	digest = digest_of(m);
	while (a.result == MODULE_DONE && n < 2000) {
		snprintf(name, sizeof(name), "10.0.%u.%u:80", n / 200, n % 200 + 1);
		a = try_op("rr", digest, add_op(name, ""));
		digest = a.digest;
		n += a.result == MODULE_DONE;
	}
	assert_int_equal(a.result, MODULE_NO_MEMORY);
	assert_true(n > 200 && n < 2000);
	a = try_op("rr", digest, delete_one);
	assert_int_equal(a.result, MODULE_DONE);
	/* the room of the one that left suffices for any other */
	assert_int_equal(try_op("rr", a.digest, add_op("10.9.9.9:80", "")).result, MODULE_DONE);
}

/* --- requests in flight ---------------------------------------------------------------------- */

#define FLIGHTS 24

/* Add servers with these addresses: 127.NET.0.1 and so on. */
static void add_many(const struct model *m, unsigned net, unsigned count, uint64_t *digest)
{
	char name[32];

	for (unsigned i = 0; i < count; i++) {
		struct module_answer a;

		snprintf(name, sizeof(name), "127.%u.0.%u:%d", net, i + 1, the.backend);
		a = try_op(m->name, *digest, add_op(name, ""));
		assert_int_equal(a.result, MODULE_DONE);
		*digest = a.digest;
	}
}

static void delete_all_of_the_text(const struct model *m, uint64_t *digest)
{
	for (size_t i = 0; i < m->count; i++) {
		struct module_op op = { .verb = MODULE_DELETE };
		struct module_answer a;

		op.server.name = text(m->servers[i].name);
		a = try_op(m->name, *digest, op);
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
	if (!has(m, first))
		fail_msg("never tried first: %s", first);
	assert_false(has(m, second));
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

	start(60);
	digest = digest_of(m);
	snprintf(path, sizeof(path), "/%s/slow", m->name);
	for (unsigned i = 0; i < FLIGHTS; i++)
		flights[i] = rig_module_request(the.http, path, "127.0.0.1");
	eventually(NULL, conns_of(m) == FLIGHTS);
	add_many(m, 11, 140, &digest);
	delete_all_of_the_text(m, &digest);
	add_many(m, 12, 100, &digest);
	assert_int_equal(conns_of(m), 0);
	rig_write(the.gate, "1");
	eventually(NULL, conns_of(m) == FLIGHTS);
	add_many(m, 13, 60, &digest);
	rig_write(the.gate, "2");
	for (unsigned i = 0; i < FLIGHTS; i++)
		assert_flight(m, flights[i]);
	eventually(NULL, conns_of(m) == 0);
}

static void a_request_outlives_its_server_and_any_growth(void **state UNUSED)
{
	a_request_outlives(&models[0]);
}

static void a_request_of_least_conn_outlives_its_server(void **state UNUSED)
{
	a_request_outlives(&models[2]);
}

static void a_request_of_random_outlives_its_server(void **state UNUSED)
{
	a_request_outlives(&models[8]);
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
	struct rig_worker *w = rig_module_worker(&the.daemon, m->context, random_below(WORKERS));
	struct model before = *m;
	uint64_t digest = digest_of(m);

	if (!change_one(m, &op, grow))
		return;
	if (strcmp(m->servers[0].name, first.name) != 0 || m->servers[0].s.down) {
		*m = before;
		return;
	}
	a = rig_module_change(&the.daemon, w, m->name, digest, &op, 1);
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
	char path[64];
	const char *head, *body;

	snprintf(path, sizeof(path), "/%s?k=%u", m->name, key);
	body = rig_module_answer(rig_module_request(m->context == MODULE_HTTP ? the.http : m->port,
						    path, "127.0.0.1"),
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
	seed = number;
	for (;;)
		ask_in_storm(t, &models[random_below(ARRAY_SIZE(models))], random_below(1000));
}

static void storm(unsigned changes)
{
	for (unsigned n = 0; n < changes; n++) {
		for (size_t i = 0; i < ARRAY_SIZE(models); i++)
			change_in_storm(&models[i], models[i].count < 40 + 50 * (n / 50 % 2));
		if (n % 100 == 99)
			reload();
	}
}

static void no_request_fails_while_servers_come_and_go(void **state UNUSED)
{
	const char *changes = getenv("MODULE_STORM");
	struct tally *tallies = mmap(NULL, CLIENTS * sizeof(*tallies), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t clients[CLIENTS];

	seed = 3;
	refusing = true;
	start(40);
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
	refusing = false;
	munmap(tallies, CLIENTS * sizeof(*tallies));
	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		eventually(NULL, conns_of(&models[i]) == 0);
}

/* --- without a daemon ------------------------------------------------------------------------ */

static void nginx_serves_without_a_daemon_and_greets_one_that_comes(void **state UNUSED)
{
	rig_module_close(&the.daemon);
	start_with(2);
	rig_nginx_start(&the.nginx);
	assert_int_equal(rig_nginx_get(the.http, "/ring?k=1", NULL, NULL), 200);
	rig_module_listen(&the.daemon, "daemon.sock");
	rig_module_settle(&the.daemon, WORKERS, 0);
	assert_hello(&models[0]);
}

static void a_worker_that_was_killed_is_followed_by_one_that_knows_the_changes(void **state UNUSED)
{
	struct rig_worker *w;

	seed = 7;
	start(3);
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		for (unsigned n = 0; n < 30; n++)
			change(&models[i], true);
	}
	w = rig_module_worker(&the.daemon, MODULE_HTTP, 0);
	assert_int_equal(kill((pid_t)w->pid, SIGKILL), 0);
	eventually(NULL, (rig_module_turn(&the.daemon), w->fd < 0));
	rig_module_settle(&the.daemon, WORKERS, 0);
	w = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		char *live;

		w = rig_module_worker(&the.daemon, models[i].context, 0);
		live = describe(&models[i]);
		free(live);
		change(&models[i], false);
	}
	one_round(true, 5);
}

static void a_server_that_is_listed_twice_leaves_its_upstream_to_reloads(void **state UNUSED)
{
	struct model *m = &models[0];
	const struct module_upstream *u;

	start_with(2);
	m->servers[1] = m->servers[0];
	write_texts();
	rig_nginx_start(&the.nginx);
	rig_module_settle(&the.daemon, WORKERS, 0);
	u = rig_module_upstream(rig_module_worker(&the.daemon, MODULE_HTTP, 0), "rr");
	assert_int_equal(u->reason, MODULE_LISTED_TWICE);
	assert_int_equal(try_op("rr", 0, add_op("10.0.0.1:80", "")).result, MODULE_NOT_DYNAMIC);
	assert_int_equal(rig_nginx_get(the.http, "/rr", NULL, NULL), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(any_changes_give_what_a_reload_of_the_same_text_gives),
		TEST(a_change_that_cannot_be_made_changes_nothing),
		TEST(a_malformed_change_is_refused_whole_and_nonsense_ends_the_connection),
		TEST(a_full_zone_refuses_servers_until_others_left),
		TEST(a_request_outlives_its_server_and_any_growth),
		TEST(a_request_of_least_conn_outlives_its_server),
		TEST(a_request_of_random_outlives_its_server),
		TEST(no_request_fails_while_servers_come_and_go),
		TEST(nginx_serves_without_a_daemon_and_greets_one_that_comes),
		TEST(a_worker_that_was_killed_is_followed_by_one_that_knows_the_changes),
		TEST(a_server_that_is_listed_twice_leaves_its_upstream_to_reloads),
	};

	return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
