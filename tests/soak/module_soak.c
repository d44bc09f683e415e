/*
 * For a long time: servers that come and go in a real ZooKeeper, through the real daemon and the
 * modules of a real nginx, under clients that never stop. Meanwhile the daemon and workers of nginx
 * are killed, and others reload nginx. No request fails, except those of a worker that is killed;
 * and at the end nginx has what ZooKeeper has, without a reload.
 *
 * SOAK_MINUTES (10) and SOAK_SEED in the environment.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "../integration/rig_clients.h"
#include "../integration/rig_host.h"
#include "../integration/rig_module.h"

#define SERVERS 60

struct party {
	const char *name, *policy;
	int port;
	bool exists[SERVERS];
};

static struct party parties[] = {
	{ .name = "turns", .policy = "{\"zone\":\"256k\",\"keepalive\":4}" },
	{ .name = "closing", .policy = "{\"zone\":\"256k\",\"keepalive\":0}" },
	{ .name = "least", .policy = "{\"zone\":\"256k\",\"balance\":\"least_conn\"}" },
	{ .name = "keyed", .policy = "{\"zone\":\"256k\",\"balance\":\"ip_hash\"}" },
	{ .name = "drawn", .policy = "{\"zone\":\"256k\",\"balance\":\"random\"}" },
};

static struct rig_host h;
static struct rig_clients *clients;
static int backend;
static unsigned seed;
static struct {
	unsigned edits, daemons, hups;
} counts;

static unsigned draw(unsigned below)
{
	return (unsigned)rand_r(&seed) % below;
}

/* --- edits ------------------------------------------------------------------------------------ */

static const char *znode(const struct party *p, unsigned n)
{
	return rig_text("/nginx/config/upstreams/%s/127.1.0.%u:%d", p->name, n + 1, backend);
}

/* The first server stays. */
static void edit(void)
{
	struct party *p = &parties[draw(ARRAY_SIZE(parties))];
	unsigned n = 1 + draw(SERVERS - 1);

	counts.edits++;
	if (p->exists[n] && draw(4) == 0) {
		rig_zk_set(h.zk, znode(p, n), rig_text("{\"weight\":%u}", 1 + draw(5)));
		return;
	}
	if (p->exists[n])
		rig_zk_delete(h.zk, znode(p, n));
	else
		rig_zk_create(h.zk, znode(p, n), "");
	p->exists[n] = !p->exists[n];
}

static void set_config(struct party *p)
{
	p->port = rig_port();
	p->exists[0] = true;
	rig_zk_set(h.zk, rig_text("/nginx/config/upstreams/%s", p->name), p->policy);
	rig_zk_set(h.zk, znode(p, 0), "");
	rig_zk_set(h.zk, rig_text("/nginx/config/sites/%s", p->name),
		   rig_text("{\"listen\":[\"127.0.0.1:%d\"],\"locations\":"
			    "[{\"path\":\"/\",\"proxy\":\"%s\"}]}",
			    p->port, p->name));
}

/* --- what nginx has --------------------------------------------------------------------------- */

static bool all_live(void)
{
	json_t *list = json_object_get(rig_host_status(&h), "upstreams"), *u;
	size_t i, live = 0;

	json_array_foreach(list, i, u)
	{
		const char *way = json_string_value(json_object_get(u, "update"));

		live += way && strcmp(way, "live") == 0;
	}
	return live == ARRAY_SIZE(parties);
}

static bool is_on_disk(const struct party *p)
{
	const char *text = rig_host_live(&h, "http.conf"), *end;

	text = text ? strstr(text, rig_text("upstream %s {", p->name)) : NULL;
	end = text ? strchr(text, '}') : NULL;
	for (unsigned n = 0; end && n < SERVERS; n++) {
		const char *line = rig_text("server 127.1.0.%u:%d", n + 1, backend);

		if (p->exists[n] != (memmem(text, (size_t)(end - text), line, strlen(line)) != 0))
			return false;
	}
	return end != NULL;
}

static bool all_on_disk(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(parties); i++) {
		if (!is_on_disk(&parties[i]))
			return false;
	}
	return true;
}

/* --- faults ----------------------------------------------------------------------------------- */

/* Each client has its own upstream. */
static bool ask(unsigned number, const char **head)
{
	static unsigned n;
	const char *body =
		rig_module_answer(rig_module_request(parties[number].port, n % 8 ? "/" : "/pause",
						     rig_text("127.%u.%u.1", 20 + number, n % 250)),
				  head);

	n++;
	return strncmp(*head, "HTTP/1.1 200", 12) == 0 && strncmp(body, "127.1.0.", 8) == 0;
}

/* A worker of nginx: any child of the master. */
static pid_t some_worker(void)
{
	char *list =
		rig_read(rig_text("/proc/%d/task/%d/children", (int)h.nginx.pid, (int)h.nginx.pid));

	return list ? (pid_t)strtol(list, NULL, 10) : 0;
}

static void kill_worker(void)
{
	pid_t pid = some_worker();

	if (pid <= 0)
		return;
	rig_clients_begin_kill(clients);
	kill(pid, SIGKILL);
	eventually(NULL, some_worker() != pid);
	eventually(NULL, all_live());
	rig_clients_end_kill(clients);
}

static void kill_daemon(void)
{
	rig_host_stop_daemon(&h, SIGKILL);
	for (unsigned n = draw(20); n; n--)
		edit();
	rig_host_start_daemon(&h);
	counts.daemons++;
}

static void reload(void)
{
	rig_nginx_send_hup(&h.nginx);
	counts.hups++;
}

static void disturb(void)
{
	static void (*const faults[])(void) = { kill_worker, kill_daemon, reload };

	faults[draw(ARRAY_SIZE(faults))]();
	eventually(NULL, all_live());
	rig_clients_check(clients);
}

/* --- the test --------------------------------------------------------------------------------- */

static void no_request_fails_while_servers_come_and_go(void **state UNUSED)
{
	const char *minutes = getenv("SOAK_MINUTES");
	uint64_t end = rig_now() + strtoul(minutes ?: "10", NULL, 10) * 60 * USEC_PER_SEC;
	unsigned reloads;

	eventually(NULL, all_live() && all_on_disk());
	clients = rig_clients_start(ARRAY_SIZE(parties), ask);
	while (rig_now() < end) {
		for (unsigned n = 0; n < 100; n++)
			edit();
		disturb();
	}
	eventually(NULL, all_live() && all_on_disk());
	reloads = rig_nginx_reloads(&h.nginx);
	for (unsigned n = 0; n < 200; n++)
		edit();
	eventually(NULL, all_live() && all_on_disk());
	assert_int_equal(rig_nginx_reloads(&h.nginx), reloads);
	rig_clients_check(clients);
	print_message("%u edits, %u daemons killed, %u reloads by others\n", counts.edits,
		      counts.daemons, counts.hups);
}

static char *copy_of_module(const char *name)
{
	char *to = rig_path("%s", name);
	char *argv[] = { "cp", (char *)rig_module_file(name), to, NULL };

	assert_int_equal(rig_run(NULL, argv), 0);
	return to;
}

static int set_up(void **state UNUSED)
{
	char *http = copy_of_module("ngx_http_zknginx_module.so");
	char *stream = copy_of_module("ngx_stream_zknginx_module.so");

	backend = rig_port();
	rig_host_init(&h, "host");
	rig_module_backend(backend, rig_path("gate"));
	setenv("ZKNGINX_MODULE_SOCKET", rig_path("host.run/nginx.sock"), 1);
	h.nginx.connections = 4096;
	h.nginx.main_text = rig_text("load_module %s;\nload_module %s;", http, stream);
	rig_nginx_configure(&h.nginx);
	rig_host_settings(&h, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(parties); i++)
		set_config(&parties[i]);
	rig_host_start(&h);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	if (clients)
		rig_clients_stop(clients);
	rig_host_fini(&h);
	rig_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_request_fails_while_servers_come_and_go),
	};
	const char *given = getenv("SOAK_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	print_message("SOAK_SEED=%u\n", seed);
	return cmocka_run_group_tests_name("module_soak", tests, set_up, tear_down);
}
