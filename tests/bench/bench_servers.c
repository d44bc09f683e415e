/*
 * How long a server takes from ZooKeeper to the first request that it serves, without a reload and
 * with one, among N servers. One znode of two is set, so that the other server of its upstream
 * answers; the time is that from the acknowledged write to the first answer of the other server.
 * Requests are sent one after the other, each on its own connection.
 *
 *	floor	a client with a watch gets the event of a write and reads the znode
 *	module	the workers get the servers from the daemon
 *	reload	the same daemon, with nginx.servers = "reload"
 *
 * Each edit has a floor of its own, directly before it. Nothing is asserted; figures are printed.
 * Usage: bench_servers [N …], with ZKNGINX_MODULES as the modules' directory
 */
#include "../integration/rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/err.h>

#include "../integration/rig_host.h"
#include "../integration/rig_module.h"
#include "nginx/master.h"

#define EDITS 50
#define WORKERS 2 /* as rig_nginx starts it */
#define SERVERS_AN_UPSTREAM 50
#define PROBE "/nginx/config/upstreams/probe"

static struct rig_host host;
static int site, backend;
static zhandle_t *watcher;

static void rest(long usec)
{
	ppoll(NULL, 0, &(struct timespec){ .tv_nsec = usec * 1000 }, NULL);
}

/* --- figures --------------------------------------------------------------------------------- */

struct series {
	double ms[EDITS];
	size_t count;
};

static void add(struct series *s, double ms)
{
	if (s->count < EDITS)
		s->ms[s->count++] = ms;
}

static double ms_since(uint64_t start)
{
	return (double)(rig_now() - start) / 1000.0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* share: 0.5 = median */
static double quantile(struct series *s, double share)
{
	if (!s->count)
		return 0;
	qsort(s->ms, s->count, sizeof(s->ms[0]), compare);
	return s->ms[(size_t)(share * (double)(s->count - 1) + 0.5)];
}

/* Of all threads of the process; ms. */
static double cpu_of(pid_t pid)
{
	char path[320];
	double all = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	for (const struct dirent *d; tasks && (d = readdir(tasks));) {
		char *text;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, d->d_name);
		text = d->d_name[0] == '.' ? NULL : rig_read(path);
		all += text ? strtod(text, NULL) / 1e6 : 0;
	}
	if (tasks)
		closedir(tasks);
	return all;
}

static double cpu_of_workers(const struct master *m)
{
	struct workers w;
	double all = 0;

	master_workers(m, &w);
	for (size_t i = 0; i < w.serving_count; i++)
		all += cpu_of(w.serving[i]);
	return all;
}

static double peak_mb(pid_t pid)
{
	char *status = rig_read(rig_text("/proc/%d/status", pid));
	char *line = status ? strstr(status, "VmHWM:") : NULL;

	return line ? strtod(line + 6, NULL) / 1024.0 : 0;
}

/* --- the floor ------------------------------------------------------------------------------- */

static volatile bool heard;

static void on_watch(zhandle_t *z UNUSED, int type UNUSED, int state UNUSED, const char *p UNUSED,
		     void *ctx UNUSED)
{
	heard = true;
}

static void floor_once(struct series *s)
{
	char buffer[64];
	int size = sizeof(buffer);
	uint64_t start;

	heard = false;
	zoo_wget(watcher, "/floor", on_watch, NULL, buffer, &size, NULL);
	rig_zk_set(host.zk, "/floor", "x");
	start = rig_now();
	while (!heard)
		;
	size = sizeof(buffer);
	zoo_get(watcher, "/floor", 0, buffer, &size, NULL);
	add(s, ms_since(start));
}

/* --- the host -------------------------------------------------------------------------------- */

/* nginx -t runs as another user, who has to be able to read the modules. */
static char *copy_of_module(const char *name)
{
	char *to = rig_path("%s", name);
	char *argv[] = { "cp", (char *)rig_module_file(name), to, NULL };

	if (rig_run(NULL, argv) != 0)
		die("%s cannot be copied", name);
	return to;
}

static char *server_path(int i)
{
	return rig_text("/nginx/config/upstreams/u%d/10.%d.%d.%d:8080", i / SERVERS_AN_UPSTREAM,
			i >> 16, (i >> 8) & 255, i & 255);
}

static const char *probed(int n)
{
	return rig_text(PROBE "/127.1.0.%d:%d", n, backend);
}

static void fill(int servers)
{
	rig_zk_create(host.zk, "/nginx/config/upstreams", NULL);
	for (int i = 0; i < servers; i++) {
		if (i % SERVERS_AN_UPSTREAM == 0)
			rig_zk_send_create(
				host.zk,
				rig_text("/nginx/config/upstreams/u%d", i / SERVERS_AN_UPSTREAM),
				"{\"balance\": \"least_conn\"}");
		rig_zk_send_create(host.zk, server_path(i),
				   "weight=5 max_fails=3 fail_timeout=15s");
	}
	if (rig_zk_drain(host.zk))
		die("the znodes could not be created");
	rig_zk_set(host.zk, PROBE, "");
	rig_zk_set(host.zk, probed(1), "");
	rig_zk_set(host.zk, probed(2), "backup");
	rig_zk_set(host.zk, "/nginx/config/sites/s",
		   rig_text("{\"listen\":[\"127.0.0.1:%d\"],\"locations\":"
			    "[{\"path\":\"/\",\"proxy\":\"probe\"}]}",
			    site));
	rig_zk_create(host.zk, "/floor", NULL);
}

/* The two servers are of this nginx as well. */
static void configure_nginx(void)
{
	char *http = copy_of_module("ngx_http_zknginx_module.so");
	char *stream = copy_of_module("ngx_stream_zknginx_module.so");

	setenv("ZKNGINX_MODULE_SOCKET", rig_path("bench.run/nginx.sock"), 1);
	host.nginx.main_text = rig_text("load_module %s;\nload_module %s;", http, stream);
	host.nginx.http_text = rig_text("server { listen 127.1.0.1:%d; return 200 one; }\n"
					"server { listen 127.1.0.2:%d; return 200 two; }",
					backend, backend);
	host.nginx.connections = 8192;
	rig_nginx_configure(&host.nginx);
}

/* How the status says that the servers come to nginx. */
static bool is_updated(const char *way)
{
	json_t *list = json_object_get(rig_host_status(&host), "upstreams");
	const json_t *first = json_array_get(list, 0);
	const char *text = json_string_value(json_object_get(first, "update"));

	return text && strcmp(text, way) == 0;
}

static void start(int servers)
{
	rig_host_init_at(&host, "bench",
			 rig_zookeeper_start(&(struct rig_zookeeper_options){ .heap = "-Xmx2g" }));
	site = rig_port();
	backend = rig_port();
	configure_nginx();
	fill(servers);
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied") &&
				 rig_host_status_number(&host, "zookeeper.nodes") > servers);
	eventually(NULL, is_updated("live"));
	zoo_set_debug_level((ZooLogLevel)0);
	watcher = zookeeper_init(rig_zookeeper_hosts(host.zookeeper), NULL, 10000, NULL, NULL, 0);
	while (zoo_state(watcher) != ZOO_CONNECTED_STATE)
		rest(1000);
}

static void use_reload(void)
{
	host.nginx_settings = "servers = \"reload\";";
	rig_host_settings(&host, NULL);
	kill(host.daemon, SIGHUP);
	eventually(NULL, !is_updated("live"));
}

static void generation(char out[static 64])
{
	ssize_t size = readlink(rig_text("%s/live", host.nginx.state), out, 63);

	out[size < 0 ? 0 : size] = '\0';
}

static bool is_other_generation(const char *than)
{
	char now[64];

	generation(now);
	return strcmp(now, than) != 0;
}

/* Until nothing more happens: the files are new, nginx has let its old workers go. */
static void await_quiet(const struct master *m, const char *before)
{
	struct workers w;

	do {
		rest(5000);
		master_workers(m, &w);
	} while (w.leaving || w.children != WORKERS || !is_other_generation(before));
	eventually(NULL, rig_host_is(&host, "applied"));
	rest(200000);
}

/* --- requests -------------------------------------------------------------------------------- */

/* Is this the answer to a request on a connection of its own? */
static bool answers(const char *text)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)site) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[4096];
	size_t size = 0;
	ssize_t n;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		die("port %d: %m", site);
	while ((n = recv(fd, answer + size, sizeof(answer) - 1 - size, 0)) > 0)
		size += (size_t)n;
	answer[size] = '\0';
	close(fd);
	return size > strlen(text) && strcmp(answer + size - strlen(text), text) == 0;
}

/* --- an edit --------------------------------------------------------------------------------- */

struct way {
	struct series floor, time, cpu, cpu_of_workers; /* until it is served */
	double daemon, workers;                         /* until all is done; sums */
};

/* Turn 0: the second server answers; turn 1: the first one again. */
static void edit(const struct master *m, struct way *w, int turn)
{
	double daemon = cpu_of(host.daemon), workers = cpu_of_workers(m);
	char before[64];
	uint64_t start;

	generation(before);
	rig_zk_set(host.zk, probed(1), turn ? "" : "down");
	start = rig_now();
	while (!answers(turn ? "one" : "two"))
		rest(50);
	add(&w->time, ms_since(start));
	add(&w->cpu, cpu_of(host.daemon) - daemon);
	add(&w->cpu_of_workers, cpu_of_workers(m) - workers);
	await_quiet(m, before);
	w->daemon += cpu_of(host.daemon) - daemon;
	w->workers += cpu_of_workers(m) - workers;
}

static void edits(const struct master *m, struct way *w)
{
	for (int i = 0; i < EDITS; i++) {
		floor_once(&w->floor);
		edit(m, w, i % 2);
	}
}

static void print(int servers, const char *name, struct way *w, unsigned reloads)
{
	double floor = quantile(&w->floor, 0.5);

	printf("%7d | %-6s | %6.2f %6.2f | %8.2f %8.2f | %8.2f | %7.2f %7.2f | %8.2f | %7u | "
	       "%6.1f\n",
	       servers, name, floor, quantile(&w->floor, 0.95), quantile(&w->time, 0.5),
	       quantile(&w->time, 0.95), 1.5 * floor + 1, quantile(&w->cpu, 0.5),
	       quantile(&w->cpu_of_workers, 0.5), w->daemon / EDITS, reloads, peak_mb(host.daemon));
	fflush(stdout);
}

static void bench(int servers)
{
	struct way module = { 0 }, reload = { 0 };
	struct master m = { .pidfd = -1 };
	unsigned before, between;
	struct err e;

	start(servers);
	if (master_find(host.nginx.pid_file, "/usr/sbin/nginx", &m, &e) < 0)
		die("%s", e.text);
	await_quiet(&m, "");
	before = rig_nginx_reloads(&host.nginx);
	edits(&m, &module);
	between = rig_nginx_reloads(&host.nginx);
	print(servers, "module", &module, between - before);
	use_reload();
	edits(&m, &reload);
	print(servers, "reload", &reload, rig_nginx_reloads(&host.nginx) - between);
	zookeeper_close(watcher);
	master_fini(&m);
	rig_host_fini(&host);
	rig_clean();
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 100, 1000, 10000, 100000 };

	printf("One server of an upstream set among N servers, %d edits each: from the "
	       "acknowledged write to the first\nrequest served by the new set. Times and CPU in "
	       "ms; CPU until it is served, and of the daemon for all of\nan edit, with the "
	       "files.\n"
	       "        |        |     floor     |    served         | 1.5 floor |       CPU       "
	       "|   CPU    |         |\n"
	       "      N | way    | median    p95 |   median      p95 |    + 1    |  daemon workers "
	       "| with files | reloads | RSS MB\n",
	       EDITS);
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			bench(atoi(argv[i]));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		bench(sizes[i]);
	return 0;
}
