/* See rig_upstreams.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_upstreams.h"

/* --- a model of the upstreams ---------------------------------------------------------------- */

#define MODEL(n, d, c, k, b)                                                                       \
	{                                                                                          \
		.name = n, .directives = d, .context = c, .keyed = k, .backups = b                 \
	}
#define HTTP(n, d, k, b) MODEL(n, d, MODULE_HTTP, k, b)
#define STREAM(n, d, k, b) MODEL(n, d, MODULE_STREAM, k, b)

struct model rig_models[RIG_MODELS] = {
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

struct module_text module_text_of(const char *s)
{
	return (struct module_text){ s, strlen(s) };
}

struct module_server model_server(const struct model_server *m)
{
	struct module_server s = m->s;

	s.name = module_text_of(m->name);
	return s;
}

uint64_t model_digest(const struct model *m)
{
	uint64_t digest = 0;

	for (size_t i = 0; i < m->count; i++) {
		struct module_server s = model_server(&m->servers[i]);

		digest += module_server_digest(&s);
	}
	return digest;
}

uint64_t model_order(const struct model *m)
{
	uint64_t order = 0;

	for (unsigned backup = 0; backup < 2; backup++) {
		for (size_t i = 0; i < m->count; i++) {
			struct module_server s = model_server(&m->servers[i]);

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

struct rig_upstreams rig_upstreams;

/* The http server: one location for each upstream. */
static void put_http_server(struct buf *b)
{
	buf_printf(b,
		   "server {\n\tlisten 127.0.0.1:%d;\n\tproxy_http_version 1.1;\n"
		   "\tproxy_set_header Connection \"\";\n"
		   "\tadd_header X-Upstream $upstream_addr always;\n",
		   rig_upstreams.http);
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		if (rig_models[i].context == MODULE_HTTP)
			buf_printf(b, "\tlocation /%s { proxy_pass http://%s; }\n",
				   rig_models[i].name, rig_models[i].name);
	}
	buf_puts(b, "}\n");
}

void rig_upstreams_write(void)
{
	struct buf http = BUF_INIT, stream = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		const struct model *m = &rig_models[i];

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

void model_fill(struct model_server *m, unsigned address)
{
	*m = (struct model_server){ .s = { .weight = 1, .max_fails = 1, .fail_timeout = 10 } };
	snprintf(m->name, sizeof(m->name), "127.1.%u.%u:%d", address / 100, address % 100 + 1,
		 rig_upstreams.refusing && address % 6 == 1 ? 1 : rig_upstreams.backend);
}

void rig_upstreams_prepare(size_t servers)
{
	const char *http = rig_module_file("ngx_http_zknginx_module.so");
	const char *stream = rig_module_file("ngx_stream_zknginx_module.so");

	rig_upstreams.backend = rig_port();
	rig_upstreams.http = rig_port();
	rig_upstreams.gate = rig_path("gate");
	for (size_t i = 0; i < ARRAY_SIZE(rig_models); i++) {
		rig_models[i].port = rig_port();
		rig_models[i].count = servers;
		for (size_t j = 0; j < servers; j++)
			model_fill(&rig_models[i].servers[j], (unsigned)j);
	}
	rig_upstreams.backend_pid = rig_module_backend(rig_upstreams.backend, rig_upstreams.gate);
	rig_nginx_init(&rig_upstreams.nginx, "nginx");
	rig_upstreams.nginx.main_text = rig_path("x");
	rig_upstreams.nginx.connections = 2048;
	if (asprintf((char **)&rig_upstreams.nginx.main_text, "load_module %s;\nload_module %s;",
		     http, stream) < 0)
		die("asprintf: %m");
	if (mkdir(rig_upstreams.nginx.state, 0755) < 0 ||
	    mkdir(rig_path("nginx/state/live"), 0755) < 0)
		die("%s: %m", rig_upstreams.nginx.state);
	rig_upstreams_write();
	rig_nginx_configure(&rig_upstreams.nginx);
}

int rig_upstreams_set_up(void **state UNUSED)
{
	rig_module_listen(&rig_upstreams.daemon, "daemon.sock");
	return 0;
}

const char *rig_upstreams_alert(void)
{
	const char *at = rig_read(rig_upstreams.nginx.error_log);

	while (at && (at = strstr(at, "[alert]"))) {
		size_t line = strcspn(at, "\n");

		if (!memmem(at, line, "exited on signal 9", 18))
			return at;
		at += line;
	}
	return NULL;
}

/* What a sanitizer says comes to the log, too, and ends the worker. */
static bool has_report(void)
{
	const char *alert = rig_upstreams.nginx.error_log ? rig_upstreams_alert() : NULL;

	if (alert)
		print_error("%.4000s\n", strstr(rig_read(rig_upstreams.nginx.error_log),
						"ERROR: AddressSanitizer")
						 ?: alert);
	return alert != NULL;
}

int rig_upstreams_tear_down(void **state UNUSED)
{
	bool report;

	rig_nginx_stop(&rig_upstreams.nginx);
	report = has_report();
	rig_module_close(&rig_upstreams.daemon);
	if (rig_upstreams.backend_pid)
		rig_stop(rig_upstreams.backend_pid, SIGKILL);
	rig_upstreams.backend_pid = 0;
	free((char *)rig_upstreams.nginx.main_text);
	rig_upstreams.nginx = (struct rig_nginx){ .pid = 0 };
	rig_clean();
	return report ? -1 : 0;
}

void rig_upstreams_start(size_t servers)
{
	rig_upstreams_prepare(servers);
	rig_nginx_start(&rig_upstreams.nginx);
	rig_upstreams.cycle = rig_module_settle(&rig_upstreams.daemon, RIG_WORKERS, 0);
}

void rig_upstreams_reload(void)
{
	rig_upstreams_write();
	rig_nginx_send_hup(&rig_upstreams.nginx);
	rig_upstreams.cycle =
		rig_module_settle(&rig_upstreams.daemon, RIG_WORKERS, rig_upstreams.cycle);
}

void rig_upstreams_kill_worker(void)
{
	struct rig_module *daemon = &rig_upstreams.daemon;
	unsigned ended = daemon->ended;

	if (kill((pid_t)rig_module_worker(daemon, MODULE_HTTP, 0)->pid, SIGKILL) < 0)
		die("kill: %m");
	eventually(NULL, (rig_module_turn(daemon),
			  daemon->ended >= ended + 2)); /* of http and of stream */
	rig_module_settle(daemon, RIG_WORKERS, 0);
}

/* --- random changes -------------------------------------------------------------------------- */

unsigned rig_random(unsigned n)
{
	return (unsigned)rand_r(&rig_upstreams.seed) % n;
}

static size_t count_of(const struct model *m, bool backup)
{
	size_t count = 0;

	for (size_t i = 0; i < m->count; i++)
		count += m->servers[i].s.backup == backup;
	return count;
}

bool model_has(const struct model *m, const char *name)
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

	s->weight = 1 + rig_random(5);
	s->max_conns = limits[rig_random(3)];
	s->max_fails = rig_random(4);
	s->fail_timeout = times[rig_random(3)];
	s->down = m->count > 8 && rig_random(12) == 0;
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
	size_t at = rig_random((unsigned)m->count + 1);
	struct model_server added;

	model_fill(&added, rig_random(RIG_POOL));
	if (model_has(m, added.name) || m->count == RIG_POOL)
		return false;
	vary(m, &added.s);
	added.s.backup = m->backups && rig_random(4) == 0;
	memmove(&m->servers[at + 1], &m->servers[at], (m->count - at) * sizeof(added));
	m->servers[at] = added;
	m->count++;
	*op = (struct module_op){ MODULE_ADD, model_server(&m->servers[at]),
				  module_text_of(before(m, at, added.s.backup)) };
	return true;
}

static bool delete_one(struct model *m, struct module_op *op)
{
	static char name[32];
	size_t at = rig_random((unsigned)m->count);

	if (!m->servers[at].s.backup && count_of(m, false) == 1)
		return false;
	strcpy(name, m->servers[at].name);
	m->count--;
	memmove(&m->servers[at], &m->servers[at + 1], (m->count - at) * sizeof(m->servers[at]));
	*op = (struct module_op){ .verb = MODULE_DELETE,
				  .server = { .name = module_text_of(name) } };
	return true;
}

static bool set_one(struct model *m, struct module_op *op)
{
	size_t at = rig_random((unsigned)m->count);

	vary(m, &m->servers[at].s);
	*op = (struct module_op){ .verb = MODULE_SET, .server = model_server(&m->servers[at]) };
	return true;
}

static bool try_change(struct model *m, struct module_op *op, bool grow)
{
	unsigned dice = rig_random(10);

	if (dice < 2)
		return set_one(m, op);
	return (dice < 8) == grow ? add_one(m, op) : delete_one(m, op);
}

/* The lists grow and shrink in turn, so that they pass 1, 64 and 128 servers. */
void model_change(struct model *m, struct module_op *op, bool grow)
{
	while (!try_change(m, op, grow))
		;
}

/* --- what tests ask ----------------------------------------------------------------------------
 */

unsigned rig_upstreams_conns(const struct model *m)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, m->context, 0);
	struct rig_dump *d = rig_module_dump(&rig_upstreams.daemon, w, m->name);
	unsigned conns = 0;

	for (size_t i = 0; i < d->count; i++)
		conns += d->conns[i];
	rig_module_dump_free(d);
	return conns;
}

struct module_answer rig_upstreams_try(const char *upstream, uint64_t digest, struct module_op op)
{
	struct rig_worker *w = rig_module_worker(&rig_upstreams.daemon, MODULE_HTTP, 0);

	return rig_module_change(&rig_upstreams.daemon, w, upstream, digest, &op, 1);
}

struct module_op rig_upstreams_add_op(const char *name, const char *after)
{
	return (struct module_op){
		MODULE_ADD,
		{ .name = module_text_of(name), .weight = 1, .max_fails = 1, .fail_timeout = 10 },
		module_text_of(after)
	};
}
