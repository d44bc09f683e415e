/*
 * Discovery as a whole: applications that register themselves in a real ZooKeeper, one of
 * them with Apache Curator's own client, become what a real nginx serves from, and no way in
 * which they leave takes an upstream away from it.
 *
 * $CURATOR_CLASSPATH is where the Registrar of curator/ and Curator's jar are.
 */
#include "rig.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define UPSTREAMS CONFIG "/upstreams"
#define BACKENDS 4

static struct rig_host host;
static int port;              /* of the site of a test */
static int backend[BACKENDS]; /* "one", "two", … answer here */

static const char *const backend_says[BACKENDS] = { "one", "two", "three", "four" };

static int start(struct rig_zookeeper *z)
{
	struct buf text = BUF_INIT;

	rig_host_init_at(&host, "web1", z);
	port = rig_port();
	for (size_t i = 0; i < BACKENDS; i++) {
		backend[i] = rig_port();
		buf_printf(&text, "server { listen 127.0.0.1:%d; return 200 %s; }\n", backend[i],
			   backend_says[i]);
	}
	host.nginx.http_text = rig_path("backends.conf");
	rig_write(host.nginx.http_text, "%s", buf_str(&text));
	host.nginx.http_text = rig_read(host.nginx.http_text);
	buf_fini(&text);
	rig_nginx_configure(&host.nginx);
	rig_zk_create(host.zk, CONFIG, NULL);
	return 0;
}

static int setup(void **state UNUSED)
{
	return start(rig_zookeeper_start(NULL));
}

/* A server that looks for empty containers often enough to be waited for. */
static int setup_with_containers(void **state UNUSED)
{
	static const char *const jvm[] = { "-Dznode.container.checkIntervalMs=200", NULL };

	return start(rig_zookeeper_start(&(struct rig_zookeeper_options){ .jvm = jvm }));
}

static int teardown(void **state UNUSED)
{
	rig_host_fini(&host);
	rig_clean();
	return 0;
}

/* --- what is written, and what is served ----------------------------------------------------- */

/* A site on this port whose every request goes to the upstream. */
static void write_site(const char *znode, int on, const char *upstream)
{
	char json[256];

	snprintf(
		json, sizeof(json),
		"{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"proxy\":\"%s\"}]}",
		on, upstream);
	rig_zk_set(host.zk, znode, json);
}

/* An upstream that discovers; `more` are further fields, with their comma, or "". */
static void write_upstream(const char *name, const char *discover, const char *more)
{
	char path[128], json[1024];

	snprintf(path, sizeof(path), UPSTREAMS "/%s", name);
	snprintf(json, sizeof(json), "{\"discover\":%s%s}", discover, more);
	rig_zk_set(host.zk, path, json);
}

/* A registration of the format "address" for a port of 127.0.0.1. */
static void register_port(struct rig_zk *app, const char *path, int on)
{
	char znode[256];

	snprintf(znode, sizeof(znode), "%s/127.0.0.1:%d", path, on);
	rig_zk_create_ephemeral(app, znode, NULL);
}

static void deregister_port(struct rig_zk *app, const char *path, int on)
{
	char znode[256];

	snprintf(znode, sizeof(znode), "%s/127.0.0.1:%d", path, on);
	rig_zk_delete(app, znode);
}

/* The block of this upstream in a http.conf, its closing brace left out; "" when there is none. */
static const char *block_in(const char *config, const char *upstream)
{
	static char block[65536];
	char head[128];
	const char *from, *end;

	snprintf(head, sizeof(head), "\nupstream %s {\n", upstream);
	from = config ? strstr(config, head) : NULL;
	end = from ? strstr(from, "\n}") : NULL;
	snprintf(block, sizeof(block), "%.*s", end ? (int)(end - from) : 0, from ?: "");
	return block;
}

/* Is this, "ADDRESS" or "ADDRESS PARAMETERS", one of its servers? */
static bool has_server(const char *upstream, const char *server)
{
	char line[256];

	snprintf(line, sizeof(line), "    server %s;", server);
	return strstr(block_in(rig_host_live(&host, "http.conf"), upstream), line) != NULL;
}

static bool has_port(const char *upstream, int on)
{
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%d", on);
	return has_server(upstream, address);
}

static size_t count_servers(const char *upstream)
{
	const char *at = block_in(rig_host_live(&host, "http.conf"), upstream);
	size_t n = 0;

	while ((at = strstr(at, "\n    server ")) != NULL) {
		at++;
		n++;
	}
	return n;
}

/* Did the site ever answer something else than 200 to this many requests? */
static bool answers(int on, unsigned times)
{
	while (times--) {
		if (rig_nginx_get(on, "/", NULL, NULL) != 200)
			return false;
	}
	return true;
}

/* Was there a generation, of those that are kept, with nobody in this upstream? */
static bool was_ever_unavailable(const char *upstream)
{
	glob_t found = { 0 };
	bool was = false;
	char *pattern = xasprintf("%s/generations/*/http.conf", host.nginx.state);

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		was = was || strstr(block_in(rig_read(found.gl_pathv[i]), upstream),
				    "No server is to be had");
	globfree(&found);
	free(pattern);
	return was;
}

static bool all_is_applied(void)
{
	return rig_host_is(&host, "applied") && rig_host_problem_count(&host) == 0;
}

/* --- Curator's own client -------------------------------------------------------------------- */

struct registrar {
	pid_t pid;
	int input; /* the writing end of its standard input */
	char *log;
};

/* Registers one instance a port as the service "shop" below /services. */
static struct registrar registrar_start(int first, int second)
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
	command = xasprintf("exec java -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp %s "
			    "Registrar %s /services shop 127.0.0.1 %d %d <%s",
			    classpath, rig_zookeeper_hosts(host.zookeeper), first, second, input);
	r.pid = rig_start(r.log, (char *[]){ "sh", "-c", command, NULL });
	free(command);
	eventually(NULL, strstr(rig_read(r.log), "registered\n"));
	return r;
}

/* It closes its discovery, and leaves by itself. */
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

static size_t count_children(const char *path)
{
	char **names = rig_zk_children(host.zk, path);
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

/* One upstream keeps its last servers, the other one lets all of them go. */
static void curator_registers_closes_and_is_killed(void **state UNUSED)
{
	int fleeting = rig_port();
	struct registrar first, second;

	rig_host_settings(&host, "guard: { window = \"0s\"; };");
	write_upstream("shop", SHOP, "");
	write_upstream("fleeting", SHOP, ",\"on_empty\":\"unavailable\",\"max_shrink\":100");
	write_site(CONFIG "/sites/shop", port, "shop");
	write_site(CONFIG "/sites/fleeting", fleeting, "fleeting");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_get(port, "/", NULL, NULL) == 502);

	first = registrar_start(backend[0], backend[1]);
	second = registrar_start(backend[2], backend[3]);
	eventually(NULL, all_is_applied() && count_servers("shop") == 4);
	for (size_t i = 0; i < BACKENDS; i++) {
		assert_true(has_port("shop", backend[i]));
		eventually(NULL, rig_nginx_says(port, backend_says[i]));
	}

	registrar_close(&first); /* its instances are gone with its last word */
	assert_int_equal(count_children("/services/shop"), 2);
	eventually(NULL, all_is_applied() && count_servers("shop") == 2);
	assert_true(has_port("shop", backend[2]) && has_port("shop", backend[3]));
	assert_true(answers(port, 4));

	registrar_kill(&second); /* nobody says a word: the session has to time out */
	eventually(NULL, rig_nginx_get(fleeting, "/", NULL, NULL) == 502);
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_host_has_problem(&host, UPSTREAMS "/shop", "guard", "previous", "2 of 2"));
	assert_true(has_port("shop", backend[2]) && has_port("shop", backend[3]));
	assert_true(answers(port, 4));
	eventually(NULL, !rig_zk_exists(host.zk, "/services/shop")); /* the container goes too */

	first = registrar_start(backend[0], backend[2]);
	eventually(NULL, all_is_applied() && count_servers("shop") == 2);
	assert_true(has_port("shop", backend[0]) && has_port("shop", backend[2]));
	eventually(NULL, rig_nginx_says(fleeting, "one"));
	registrar_close(&first);
}

/* --- the formats ------------------------------------------------------------------------------ */

/* What applications write, and the server that it has to become. */
static const struct {
	const char *format, *path, *discover, *child, *data, *server;
} registrations[] = {
	{ "curator", "/services/orders", "", "7c1e",
	  "{\"name\":\"orders\",\"id\":\"7c1e\",\"address\":\"10.1.0.1\",\"port\":8080,"
	  "\"sslPort\":null,\"payload\":null,\"registrationTimeUTC\":1700000000000,"
	  "\"serviceType\":\"DYNAMIC\",\"uriSpec\":null}",
	  "10.1.0.1:8080" },
	{ "nerve", "/nerve/web", "", "i-1_0000000012",
	  "{\"host\":\"10.2.0.1\",\"port\":\"8080\",\"name\":\"i-1\",\"labels\":{\"az\":\"a\"}}",
	  "10.2.0.1:8080" },
	{ "serverset", "/aurora/www/prod/web", ",\"endpoint\":\"http\"", "member_0000000007",
	  "{\"serviceEndpoint\":{\"host\":\"10.3.0.1\",\"port\":31000},\"additionalEndpoints\":"
	  "{\"http\":{\"host\":\"10.3.0.1\",\"port\":31001}},\"status\":\"ALIVE\",\"shard\":0}",
	  "10.3.0.1:31001" },
	{ "address", "/pools/web", "", "10.4.0.1:8080", "max_fails=3",
	  "10.4.0.1:8080 max_fails=3" },
	{ "data", "/app/servers", "", "server-0000000001", "10.5.0.1:8080\n", "10.5.0.1:8080" },
	{ "registrator", "/registrator/web", "", "10.6.0.1:32001",
	  "{\"Name\":\"web\",\"IP\":\"10.6.0.1\",\"PublicPort\":32001,\"PrivatePort\":80,"
	  "\"ContainerID\":\"c0ffee\",\"Tags\":[\"prod\"],\"Attrs\":{}}",
	  "10.6.0.1:32001" },
	{ "dubbo", "/dubbo/org.example.Cart", "",
	  "providers/tri%3A%2F%2F10.7.0.1%3A50051%2Forg.example.Cart%3Fside%3Dprovider",
	  "10.0.0.77", "10.7.0.1:50051" },
	{ "solr", "/solr/live_nodes", "", "10.8.0.1:8983_solr", NULL, "10.8.0.1:8983" },
	{ "json", "/microservices/greeter", ",\"keys\":{\"url\":\"endpoints\"}", "7b1c",
	  "{\"id\":\"7b1c\",\"name\":\"greeter\",\"metadata\":null,\"endpoints\":"
	  "[\"grpc://10.9.0.1:9000\",\"http://10.9.0.1:8000\"]}",
	  "10.9.0.1:8000" },
	{ "auto", "/nerve/found", "",
	  "base64_60_"
	  "eyJob3N0IjoiMTAuMTAuMC4xIiwicG9ydCI6ODA4MCwibmFtZSI6ImkifQ==_0000000003",
	  "{\"host\":\"10.10.0.1\",\"port\":8080,\"name\":\"i\"}", "10.10.0.1:8080" },
};

/* The first format whose upstream is not of this one server, or NULL. */
static const char *not_served(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(registrations); i++) {
		if (count_servers(registrations[i].format) != 1 ||
		    !has_server(registrations[i].format, registrations[i].server))
			return registrations[i].format;
	}
	return NULL;
}

static void every_format_becomes_servers(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	char text[512];

	rig_host_start(&host);
	for (size_t i = 0; i < ARRAY_SIZE(registrations); i++) {
		snprintf(text, sizeof(text), "{\"path\":\"%s\",\"format\":\"%s\"%s}",
			 registrations[i].path, registrations[i].format, registrations[i].discover);
		write_upstream(registrations[i].format, text, "");
		snprintf(text, sizeof(text), "%s/%s", registrations[i].path,
			 registrations[i].child);
		rig_zk_create_ephemeral(app, text, registrations[i].data);
	}
	eventually(NULL, all_is_applied() && !not_served());
	rig_zk_close(app);
	eventually(NULL, rig_host_problem_count(&host) == ARRAY_SIZE(registrations));
	assert_null(not_served());
}

/* --- paths ------------------------------------------------------------------------------------ */

#define POOL "{\"path\":\"/pools/shop\",\"format\":\"address\"}"

static void a_path_appears_vanishes_and_returns(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	unsigned reloads;
	char *output;

	rig_host_start(&host);
	/* the path is not there: that holds up neither the upstream nor anything else */
	write_upstream("shop", POOL, "");
	write_site(CONFIG "/sites/shop", port, "shop");
	eventually(NULL, rig_nginx_get(port, "/", NULL, NULL) == 502);
	eventually(NULL, rig_host_has_problem(&host, UPSTREAMS "/shop", "guard", "absent", "502"));
	assert_int_equal(rig_host_run(&host, &output, "--dry-run", NULL), 0);

	register_port(app, "/pools/shop", backend[0]);
	register_port(app, "/pools/shop", backend[1]);
	eventually(NULL, all_is_applied() && count_servers("shop") == 2);
	assert_true(answers(port, 4));

	reloads = rig_nginx_reloads(&host.nginx);
	rig_zk_close(app);
	rig_zk_delete_all(host.zk, "/pools");
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_host_has_problem(&host, UPSTREAMS "/shop", "guard", "previous", "2 of 2"));
	assert_int_equal(count_servers("shop"), 2);
	assert_true(answers(port, 4));

	app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	register_port(app, "/pools/shop", backend[0]);
	register_port(app, "/pools/shop", backend[1]);
	eventually(NULL, all_is_applied() && count_servers("shop") == 2);
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads); /* the same bytes all along */
	rig_zk_close(app);
}

/* The paths of an upstream change; one of the new ones may not be read, which is told first. */
static void a_change_of_path_never_passes_through_nothing(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	char path[64];

	register_port(app, "/pools/shop", backend[0]);
	register_port(app, "/new/shop", backend[1]);
	for (int i = 0; i < 2000; i++) {
		snprintf(path, sizeof(path), "/new/shop/10.0.%d.%d:80", i / 200, i % 200 + 1);
		rig_zk_send_create(app, path, "backup");
	}
	assert_int_equal(rig_zk_drain(app), 0);
	rig_zk_create(host.zk, "/forbidden", NULL);
	rig_zk_auth(host.zk, "digest", "operator:secret");
	rig_zk_restrict(host.zk, "/forbidden", true);
	write_upstream("shop", POOL, "");
	write_site(CONFIG "/sites/shop", port, "shop");
	rig_host_start(&host);
	eventually(NULL, rig_nginx_says(port, "one"));

	write_upstream("shop", "[{\"path\":\"/forbidden\"},{\"path\":\"/new/shop\"}]", "");
	eventually(NULL, rig_nginx_says(port, "two"));
	eventually(NULL, rig_host_has_problem(&host, "/forbidden", "access", "absent", ""));
	assert_int_equal(count_servers("shop"), 2001);
	assert_false(was_ever_unavailable("shop"));
	rig_zk_close(app);
}

static void a_forbidden_path_keeps_its_last_good(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	unsigned reloads;

	write_upstream("shop", POOL, "");
	write_site(CONFIG "/sites/shop", port, "shop");
	register_port(app, "/pools/shop", backend[0]);
	register_port(app, "/pools/shop", backend[1]);
	rig_host_start(&host);
	eventually(NULL, all_is_applied() && count_servers("shop") == 2);

	rig_zk_auth(host.zk, "digest", "operator:secret");
	rig_zk_restrict(host.zk, "/pools/shop", true);
	reloads = rig_nginx_reloads(&host.nginx);
	rig_host_stop_daemon(&host, SIGKILL); /* a server tells nobody of a new ACL */
	rig_host_start_daemon(&host);
	eventually(NULL, rig_host_has_problem(&host, "/pools/shop", "access", "previous", ""));
	eventually(NULL, rig_host_is(&host, "degraded"));
	assert_int_equal(count_servers("shop"), 2);
	assert_true(answers(port, 4));
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	/* the others go on */
	write_upstream("other", "{\"path\":\"/pools/other\",\"format\":\"address\"}", "");
	register_port(app, "/pools/other", backend[3]);
	eventually(NULL, has_port("other", backend[3]));
	assert_int_equal(count_servers("shop"), 2);

	rig_zk_restrict(host.zk, "/pools/shop", false);
	register_port(app, "/pools/shop", backend[2]);
	eventually(NULL, all_is_applied() && count_servers("shop") == 3);
	assert_false(was_ever_unavailable("shop"));
	rig_zk_close(app);
}

/* --- registrations ---------------------------------------------------------------------------- */

#define NERVE "{\"path\":\"/nerve/web\",\"format\":\"nerve\"}"

static void register_nerve(struct rig_zk *app, const char *name, const char *host_text, int on)
{
	char path[64], json[128];

	snprintf(path, sizeof(path), "/nerve/web/%s", name);
	snprintf(json, sizeof(json), "{\"host\":\"%s\",\"port\":%d,\"name\":\"i\"}", host_text, on);
	rig_zk_set(app, path, json);
}

static void one_bad_registration_drops_no_other(void **state UNUSED)
{
	write_upstream("web", NERVE, "");
	write_site(CONFIG "/sites/web", port, "web");
	register_nerve(host.zk, "a", "127.0.0.1", backend[0]);
	register_nerve(host.zk, "b", "127.0.0.1; include /etc/passwd", backend[1]);
	register_nerve(host.zk, "c", "127.0.0.1", backend[2]);
	rig_host_start(&host);
	eventually(NULL, rig_host_has_problem(&host, "/nerve/web", "discovery", "absent",
					      "1 of 3 registrations"));
	assert_int_equal(rig_host_problem_count(&host), 1);
	assert_true(has_port("web", backend[0]) && has_port("web", backend[2]));
	assert_int_equal(count_servers("web"), 2);
	assert_null(strstr(rig_host_live(&host, "http.conf"), "passwd"));
	eventually(NULL, rig_host_is(&host, "degraded"));

	register_nerve(host.zk, "b", "127.0.0.1", backend[1]); /* mended */
	eventually(NULL, all_is_applied() && count_servers("web") == 3);
	rig_zk_set(host.zk, "/nerve/web/a", "{\"host\":"); /* one that was good keeps serving */
	rig_zk_delete(host.zk, "/nerve/web/c");
	eventually(NULL, rig_host_has_problem(&host, "/nerve/web", "discovery", "previous",
					      "1 of 2 registrations"));
	eventually(NULL, count_servers("web") == 2);
	assert_true(has_port("web", backend[0]) && has_port("web", backend[1]));
	rig_zk_delete(host.zk, "/nerve/web/a");
	eventually(NULL, all_is_applied() && count_servers("web") == 1);
	assert_true(answers(port, 4));
}

/* --- the daemon goes, the registrations stay ---------------------------------------------------
 */

static void a_restart_of_the_daemon_reloads_nothing(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	const char *before;
	unsigned reloads;

	write_upstream("shop", POOL, "");
	write_site(CONFIG "/sites/shop", port, "shop");
	register_port(app, "/pools/shop", backend[0]);
	register_port(app, "/pools/shop", backend[1]);
	rig_host_start(&host);
	eventually(NULL, all_is_applied() && count_servers("shop") == 2);
	reloads = rig_nginx_reloads(&host.nginx);
	before = rig_host_live(&host, "http.conf");

	for (size_t i = 0; i < 2; i++) {
		rig_host_stop_daemon(&host, i ? SIGKILL : SIGTERM);
		unlink(rig_path("web1.state/status.json"));
		rig_host_start_daemon(&host);
		eventually(NULL, rig_host_status_number(&host, "zookeeper.nodes") > 0);
		eventually(NULL, all_is_applied());
	}
	assert_string_equal(rig_host_live(&host, "http.conf"), before);
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);

	/* all of them go while it is away: it holds what nginx runs */
	rig_host_stop_daemon(&host, SIGKILL);
	unlink(rig_path("web1.state/status.json"));
	rig_zk_close(app);
	rig_host_start_daemon(&host);
	eventually(NULL,
		   rig_host_has_problem(&host, UPSTREAMS "/shop", "guard", "previous", "2 of 2"));
	assert_string_equal(rig_host_live(&host, "http.conf"), before);
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	assert_true(answers(port, 4));
}

/* --- very many at once ------------------------------------------------------------------------ */

#define POOLS 50
#define POOL_SIZE 100

static int pool_ports[POOL_SIZE];

/* nginx itself answers on all ports of a pool. */
static void listen_on_pool_ports(void)
{
	struct buf text = BUF_INIT;
	char *file = rig_path("pool.conf");

	buf_printf(&text, "%sserver {\n", host.nginx.http_text);
	for (size_t i = 0; i < POOL_SIZE; i++) {
		pool_ports[i] = rig_port();
		buf_printf(&text, "listen 127.0.0.1:%d;\n", pool_ports[i]);
	}
	buf_puts(&text, "return 200 pool;\n}\n");
	rig_write(file, "%s", buf_str(&text));
	host.nginx.http_text = rig_read(file);
	buf_fini(&text);
	rig_nginx_configure(&host.nginx);
}

static void write_pools(void)
{
	struct buf site = BUF_INIT;
	char name[32], discover[128];

	buf_printf(&site, "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[", port);
	for (int i = 0; i < POOLS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(discover, sizeof(discover),
			 "{\"path\":\"/pools/u%d\",\"format\":\"address\"}", i);
		write_upstream(name, discover, "");
		snprintf(discover, sizeof(discover), "/pools/u%d", i);
		rig_zk_create(host.zk, discover, NULL);
		buf_printf(&site, "%s{\"path\":\"/u%d/\",\"proxy\":\"u%d\"}", i ? "," : "", i, i);
	}
	buf_puts(&site, "]}");
	rig_zk_set(host.zk, CONFIG "/sites/pools", buf_str(&site));
	buf_fini(&site);
}

static struct rig_zk *register_pools(void)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
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

static bool all_pools_are_full(void)
{
	char name[32];

	for (int i = 0; i < POOLS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		if (count_servers(name) != POOL_SIZE)
			return false;
	}
	return true;
}

static bool all_pools_answer(void)
{
	char path[32];

	for (int i = 0; i < POOLS; i++) {
		snprintf(path, sizeof(path), "/u%d/", i);
		if (rig_nginx_get(port, path, NULL, NULL) != 200)
			return false;
	}
	return true;
}

static void the_owner_of_all_registrations_dies(void **state UNUSED)
{
	struct rig_zk *app;
	const char *full;
	unsigned reloads;

	listen_on_pool_ports();
	write_pools();
	app = register_pools();
	rig_host_start(&host);
	eventually(NULL, all_is_applied() && all_pools_are_full());
	assert_true(all_pools_answer());
	full = rig_host_live(&host, "http.conf");
	reloads = rig_nginx_reloads(&host.nginx);

	rig_zk_close(app);
	eventually(NULL, rig_host_problem_count(&host) == POOLS);
	assert_true(rig_host_is(&host, "held"));
	for (int i = 0; i < POOLS; i++) {
		char path[64];

		snprintf(path, sizeof(path), UPSTREAMS "/u%d", i);
		assert_true(rig_host_has_problem(&host, path, "guard", "previous", "100 of 100"));
	}
	assert_string_equal(rig_host_live(&host, "http.conf"), full);
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	assert_true(all_pools_answer());

	app = register_pools();
	eventually(NULL, all_is_applied() && all_pools_are_full());
	assert_string_equal(rig_host_live(&host, "http.conf"), full);
	assert_int_equal(rig_nginx_reloads(&host.nginx), reloads);
	assert_true(all_pools_answer());
	rig_zk_close(app);
}

/* One after the other leaves by its own will: each is taken out, and nothing is held. */
static void those_who_leave_one_by_one_are_let_go(void **state UNUSED)
{
	struct rig_zk *app = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));

	rig_host_settings(&host, "guard: { window = \"0s\"; };");
	write_upstream("shop", POOL, "");
	write_site(CONFIG "/sites/shop", port, "shop");
	for (size_t i = 0; i < BACKENDS; i++)
		register_port(app, "/pools/shop", backend[i]);
	rig_host_start(&host);
	for (size_t i = 0; i < BACKENDS - 1; i++) {
		eventually(NULL, all_is_applied() && count_servers("shop") == BACKENDS - i);
		assert_true(answers(port, 4));
		deregister_port(app, "/pools/shop", backend[i]);
	}
	eventually(NULL, all_is_applied() && count_servers("shop") == 1);
	eventually(NULL, rig_nginx_says(port, "four"));
	deregister_port(app, "/pools/shop", backend[BACKENDS - 1]); /* but the last one is held */
	eventually(NULL, rig_host_is(&host, "held"));
	assert_true(rig_nginx_says(port, "four"));
	rig_zk_close(app);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(curator_registers_closes_and_is_killed,
						setup_with_containers, teardown),
		TEST(every_format_becomes_servers),
		TEST(a_path_appears_vanishes_and_returns),
		TEST(a_change_of_path_never_passes_through_nothing),
		TEST(a_forbidden_path_keeps_its_last_good),
		TEST(one_bad_registration_drops_no_other),
		TEST(those_who_leave_one_by_one_are_let_go),
		TEST(a_restart_of_the_daemon_reloads_nothing),
		TEST(the_owner_of_all_registrations_dies),
	};

	return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
