/*
 * How registrations leave a real ZooKeeper, and the effect on a real nginx: applications close (one
 * of them with Apache Curator's own client), are killed, leave one by one, and leave all at once.
 * In no case does nginx lose an upstream.
 *
 * $CURATOR_CLASSPATH is where the Registrar of curator/ and Curator's jar are.
 */
#include "rig.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_services.h"

#define POOL "{\"path\":\"/pools/shop\",\"format\":\"address\"}"

/* A server that deletes empty containers soon enough for a test to wait for it. */
static int setup_with_containers(void **state)
{
	static const char *const jvm[] = { "-Dznode.container.checkIntervalMs=200", NULL };

	return services_setup_at(
		state, rig_zookeeper_start(&(struct rig_zookeeper_options){ .jvm = jvm }));
}

/* --- Curator's own client -------------------------------------------------------------------- */

struct registrar {
	pid_t pid;
	int input; /* the writing end of its standard input */
	char *log;
};

/* Registers one instance a port as the service "shop" below /services. */
static struct registrar registrar_start(struct rig_services *s, int first, int second)
{
	static unsigned turn;
	struct registrar r = { .log = rig_path("registrar-%u.log", ++turn) };
	char *input = rig_path("registrar-%u.in", turn), *command;
	const char *classpath = getenv("CURATOR_CLASSPATH")
					?: "build/tests/integration/curator:"
					   "/usr/share/java/curator-x-discovery.jar";

	assert_int_equal(mkfifo(input, 0600), 0);
	r.input = open(input, O_RDWR | O_CLOEXEC);
	assert_true(r.input >= 0);
	command =
		xasprintf("exec java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp %s "
			  "Registrar %s /services shop 127.0.0.1 %d %d <%s",
			  classpath, rig_zookeeper_hosts(s->host.zookeeper), first, second, input);
	r.pid = rig_start(r.log, (char *[]){ "sh", "-c", command, NULL });
	free(command);
	eventually(NULL, strstr(rig_read(r.log), "registered\n"));
	return r;
}

/* It closes its discovery, and ends. */
static void registrar_close(struct registrar *r)
{
	int status = -1;

	assert_int_equal(write(r->input, "close\n", 6), 6);
	eventually(NULL, waitpid(r->pid, &status, WNOHANG) == r->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(r->input);
}

static void registrar_kill(struct registrar *r)
{
	rig_stop(r->pid, SIGKILL);
	close(r->input);
}

#define SHOP "{\"path\":\"/services/shop\",\"format\":\"curator\"}"

static size_t count_children(struct rig_services *s, const char *path)
{
	char **names = rig_zk_children(s->host.zk, path);
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

/* One upstream keeps its last servers, the other one lets all of them go. */
static void instances_of_curator_leave_when_they_close_or_are_killed(void **state)
{
	struct rig_services *s = *state;
	int fleeting = rig_port();
	struct registrar first, second;

	rig_host_settings(&s->host, "guard: { window = \"0s\"; };");
	services_upstream(s, "shop", SHOP, "");
	services_upstream(s, "fleeting", SHOP, ",\"on_empty\":\"unavailable\",\"max_shrink\":100");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	services_site(s, CONFIG "/sites/fleeting", fleeting, "fleeting");
	rig_host_start(&s->host);
	eventually(NULL, rig_nginx_get(s->port, "/", NULL, NULL) == 502);

	first = registrar_start(s, s->backend[0], s->backend[1]);
	second = registrar_start(s, s->backend[2], s->backend[3]);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 4);
	for (size_t i = 0; i < BACKENDS; i++) {
		assert_true(services_has_port(s, "shop", s->backend[i]));
		eventually(NULL, rig_nginx_says(s->port, backend_says[i]));
	}

	registrar_close(&first); /* its instances are deleted when it closes */
	assert_int_equal(count_children(s, "/services/shop"), 2);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 2);
	assert_true(services_has_port(s, "shop", s->backend[2]) &&
		    services_has_port(s, "shop", s->backend[3]));
	assert_true(services_answer(s->port, 4));

	registrar_kill(&second); /* nothing closes the session: it has to time out */
	eventually(NULL, rig_nginx_get(fleeting, "/", NULL, NULL) == 502);
	eventually(NULL, rig_host_is(&s->host, "held"));
	assert_true(
		rig_host_has_problem(&s->host, UPSTREAMS "/shop", "guard", "previous", "2 of 2"));
	assert_true(services_has_port(s, "shop", s->backend[2]) &&
		    services_has_port(s, "shop", s->backend[3]));
	assert_true(services_answer(s->port, 4));
	eventually(NULL,
		   !rig_zk_exists(s->host.zk, "/services/shop")); /* the container is deleted too */

	first = registrar_start(s, s->backend[0], s->backend[2]);
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 2);
	assert_true(services_has_port(s, "shop", s->backend[0]) &&
		    services_has_port(s, "shop", s->backend[2]));
	eventually(NULL, rig_nginx_says(fleeting, "one"));
	registrar_close(&first);
}

/* --- one by one ------------------------------------------------------------------------------ */

/* One after the other deregisters: each is removed from the upstream, and none is held. */
static void servers_that_leave_one_by_one_are_removed_but_for_the_last(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));

	rig_host_settings(&s->host, "guard: { window = \"0s\"; };");
	services_upstream(s, "shop", POOL, "");
	services_site(s, CONFIG "/sites/shop", s->port, "shop");
	for (size_t i = 0; i < BACKENDS; i++)
		services_register(app, "/pools/shop", s->backend[i]);
	rig_host_start(&s->host);
	for (size_t i = 0; i < BACKENDS - 1; i++) {
		eventually(NULL,
			   services_are_applied(s) && services_count(s, "shop") == BACKENDS - i);
		assert_true(services_answer(s->port, 4));
		services_deregister(app, "/pools/shop", s->backend[i]);
	}
	eventually(NULL, services_are_applied(s) && services_count(s, "shop") == 1);
	eventually(NULL, rig_nginx_says(s->port, "four"));
	services_deregister(app, "/pools/shop",
			    s->backend[BACKENDS - 1]); /* but the last one is held */
	eventually(NULL, rig_host_is(&s->host, "held"));
	assert_true(rig_nginx_says(s->port, "four"));
	rig_zk_close(app);
}

/* --- very many at once ------------------------------------------------------------------------ */

#define POOLS 50
#define POOL_SIZE 200

static int pool_ports[POOL_SIZE];

/* nginx itself answers on all ports of a pool. */
static void listen_on_pool_ports(struct rig_services *s)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, "server {\n");
	for (size_t i = 0; i < POOL_SIZE; i++) {
		pool_ports[i] = rig_port();
		buf_printf(&text, "listen 127.0.0.1:%d;\n", pool_ports[i]);
	}
	buf_puts(&text, "return 200 pool;\n}\n");
	services_nginx(s, buf_str(&text));
	buf_fini(&text);
}

/* With a minimum, a hold ends when all are back, and not when enough are back. */
static void write_pools(struct rig_services *s)
{
	struct buf site = BUF_INIT;
	char name[32], discover[128];

	buf_printf(&site, "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[", s->port);
	for (int i = 0; i < POOLS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(discover, sizeof(discover),
			 "{\"path\":\"/pools/u%d\",\"format\":\"address\"}", i);
		services_upstream(s, name, discover, ",\"min_servers\":100");
		snprintf(discover, sizeof(discover), "/pools/u%d", i);
		rig_zk_create(s->host.zk, discover, NULL);
		buf_printf(&site, "%s{\"path\":\"/u%d/\",\"proxy\":\"u%d\"}", i ? "," : "", i, i);
	}
	buf_puts(&site, "]}");
	rig_zk_set(s->host.zk, CONFIG "/sites/pools", buf_str(&site));
	buf_fini(&site);
}

static struct rig_zk *register_pools(struct rig_services *s)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(s->host.zookeeper));
	char path[64];

	for (int i = 0; i < POOLS; i++) {
		for (size_t j = 0; j < POOL_SIZE; j++) {
			snprintf(path, sizeof(path), "/pools/u%d/127.0.0.1:%d", i, pool_ports[j]);
			rig_zk_send_create_ephemeral(app, path, NULL);
		}
	}
	assert_int_equal(rig_zk_drain(app), 0);
	return app;
}

static bool all_pools_are_full(struct rig_services *s)
{
	char name[32];

	for (int i = 0; i < POOLS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		if (services_count(s, name) != POOL_SIZE)
			return false;
	}
	return true;
}

static bool all_pools_answer(struct rig_services *s)
{
	char path[32];

	for (int i = 0; i < POOLS; i++) {
		snprintf(path, sizeof(path), "/u%d/", i);
		if (rig_nginx_get(s->port, path, NULL, NULL) != 200)
			return false;
	}
	return true;
}

static void registrations_whose_owner_dies_are_held(void **state)
{
	struct rig_services *s = *state;
	struct rig_zk *app;
	const char *full;
	unsigned reloads;

	listen_on_pool_ports(s);
	write_pools(s);
	app = register_pools(s);
	rig_host_start(&s->host);
	eventually(NULL, services_are_applied(s) && all_pools_are_full(s));
	assert_true(all_pools_answer(s));
	full = rig_host_live(&s->host, "http.conf");
	reloads = rig_nginx_reloads(&s->host.nginx);

	rig_zk_close(app);
	eventually(NULL, rig_host_problem_count(&s->host) == POOLS);
	eventually(NULL, rig_host_is(&s->host, "held")); /* another run may be due: "deploying" */
	for (int i = 0; i < POOLS; i++) {
		char path[64];

		snprintf(path, sizeof(path), UPSTREAMS "/u%d", i);
		assert_true(
			rig_host_has_problem(&s->host, path, "guard", "previous", "200 of 200"));
	}
	assert_string_equal(rig_host_live(&s->host, "http.conf"), full);
	assert_int_equal(rig_nginx_reloads(&s->host.nginx), reloads);
	assert_true(all_pools_answer(s));

	app = register_pools(s);
	eventually(NULL, services_are_applied(s) && all_pools_are_full(s));
	assert_string_equal(rig_host_live(&s->host, "http.conf"), full);
	assert_int_equal(rig_nginx_reloads(&s->host.nginx), reloads);
	assert_true(all_pools_answer(s));
	rig_zk_close(app);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, services_setup, services_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			instances_of_curator_leave_when_they_close_or_are_killed,
			setup_with_containers, services_teardown),
		TEST(servers_that_leave_one_by_one_are_removed_but_for_the_last),
		TEST(registrations_whose_owner_dies_are_held),
	};

	return cmocka_run_group_tests_name("discovery-loss", tests, NULL, NULL);
}
