/*
 * How long an edit takes: from the acknowledged write of one server znode among N until nginx
 * runs a full set of new workers. The same run measures the lower bound, on the same files:
 *
 *	watch	a client with a watch gets the event of the write and reads the znode
 *	test	plain `nginx -t` of the same configuration
 *	reload	SIGHUP until the new workers run
 *
 * An edit and the lower bound alternate, so that what else the machine does falls on both.
 * Nothing is asserted; figures are printed. Usage: bench_edit [N …]
 */
#include "../integration/rig.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/err.h>

#include "../integration/rig_host.h"
#include "nginx/master.h"

#define EDITS 50
#define WORKERS 2 /* as rig_nginx starts it */
#define SERVERS_AN_UPSTREAM 50

static struct rig_host host;

static void rest(long usec)
{
	ppoll(NULL, 0, &(struct timespec){ .tv_nsec = usec * 1000 }, NULL);
}

struct series {
	double ms[EDITS];
	size_t count;
};

static void add(struct series *s, uint64_t since)
{
	if (s->count < EDITS)
		s->ms[s->count++] = (double)(rig_now() - since) / 1000.0;
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

static char *server_path(int i)
{
	static char path[128];

	snprintf(path, sizeof(path), "/nginx/config/upstreams/u%d/10.%d.%d.%d:8080",
		 i / SERVERS_AN_UPSTREAM, i >> 16, (i >> 8) & 255, i & 255);
	return path;
}

static void fill(int servers)
{
	char path[128];

	rig_zk_create(host.zk, "/nginx/config/upstreams", NULL);
	for (int i = 0; i < servers; i++) {
		if (i % SERVERS_AN_UPSTREAM == 0) {
			snprintf(path, sizeof(path), "/nginx/config/upstreams/u%d",
				 i / SERVERS_AN_UPSTREAM);
			rig_zk_send_create(host.zk, path, "{\"balance\": \"least_conn\"}");
		}
		rig_zk_send_create(host.zk, server_path(i),
				   "weight=5 max_fails=3 fail_timeout=15s");
	}
	if (rig_zk_drain(host.zk))
		die("the znodes could not be created");
}

/* --- the floor ------------------------------------------------------------------------------ */

static volatile bool heard;

static void on_watch(zhandle_t *z UNUSED, int type UNUSED, int state UNUSED, const char *p UNUSED,
		     void *ctx UNUSED)
{
	heard = true;
}

static void floor_watch(zhandle_t *z, const char *path, const char *data, struct series *s)
{
	char buffer[1024];
	int size = sizeof(buffer);
	uint64_t start;

	heard = false;
	zoo_wget(z, path, on_watch, NULL, buffer, &size, NULL);
	rig_zk_set(host.zk, path, data);
	start = rig_now();
	while (!heard)
		;
	size = sizeof(buffer);
	zoo_get(z, path, 0, buffer, &size, NULL);
	add(s, start);
}

static void floor_test(struct series *s)
{
	uint64_t start = rig_now();

	rig_run(NULL, (char *[]){ "nginx", "-t", "-c", host.nginx.config, "-e",
				  rig_path("bench.log"), NULL });
	add(s, start);
}

/* As many new workers as there were old ones. (These go 100 ms later, by nginx's own clock.) */
static bool has_new_set(const struct master *m, const struct workers *old)
{
	struct workers now;
	size_t fresh = 0;

	master_workers(m, &now);
	for (size_t i = 0; i < now.serving_count; i++)
		fresh += !workers_have(old, now.serving[i]);
	return !now.starting && fresh >= old->serving_count;
}

static void await_new_workers(const struct master *m, const struct workers *old)
{
	uint64_t give_up = rig_now() + RIG_PATIENCE;

	while (!has_new_set(m, old)) {
		if (rig_now() > give_up)
			die("no new workers");
		rest(200);
	}
}

static void floor_reload(const struct master *m, struct series *s)
{
	struct workers old;
	uint64_t start;

	master_workers(m, &old);
	start = rig_now();
	kill(m->pid, SIGHUP);
	await_new_workers(m, &old);
	add(s, start);
}

/* --- ours ----------------------------------------------------------------------------------- */

static void ours_edit(const struct master *m, const char *path, const char *data, struct series *s)
{
	struct workers old;
	uint64_t start;

	master_workers(m, &old);
	rig_zk_set(host.zk, path, data);
	start = rig_now();
	await_new_workers(m, &old);
	add(s, start);
}

static double cpu_seconds(pid_t pid)
{
	char path[64];
	unsigned long user = 0, system = 0;
	char *stat, *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = rig_read(path);
	end = stat ? strrchr(stat, ')') : NULL;
	if (!end || sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			   &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double peak_mb(pid_t pid)
{
	char path[64];
	char *status, *line;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = rig_read(path);
	line = status ? strstr(status, "VmHWM:") : NULL;
	return line ? strtod(line + 6, NULL) / 1024.0 : 0;
}

/* Until nothing more happens: nginx has let its old workers go and the daemon is at rest. */
static void await_quiet(const struct master *m)
{
	struct workers w;

	do {
		eventually(NULL, rig_host_is(&host, "applied"));
		master_workers(m, &w);
		rest(2000);
	} while (w.leaving || w.children != WORKERS ||
		 strcmp(rig_host_status_text(&host, "revision.seen"),
			rig_host_status_text(&host, "revision.applied")) != 0);
}

/* From ZooKeeper's return, after a kill -9, until an edit has reached nginx again; in seconds. */
static double zookeeper_restart(const struct master *m, int servers)
{
	struct workers old;
	uint64_t start;

	master_workers(m, &old);
	rig_zookeeper_kill(host.zookeeper);
	rig_zookeeper_restart(host.zookeeper);
	start = rig_now();
	rig_zk_close(host.zk);
	host.zk = rig_zk_connect(rig_zookeeper_hosts(host.zookeeper));
	rig_zk_set(host.zk, server_path(servers / 2), "weight=99");
	await_new_workers(m, &old);
	return (double)(rig_now() - start) / 1e6;
}

static void bench(int servers)
{
	struct series watch = { 0 }, test = { 0 }, reload = { 0 }, ours = { 0 };
	double cold, again, floor, median, cpu = 0;
	struct master m = { .pidfd = -1 };
	struct err e;
	zhandle_t *z;
	long requests;
	uint64_t start;

	rig_host_init_at(&host, "bench",
			 rig_zookeeper_start(&(struct rig_zookeeper_options){ .heap = "-Xmx2g" }));
	fill(servers);
	start = rig_now();
	rig_host_start(&host);
	eventually(NULL, rig_host_is(&host, "applied") &&
				 rig_host_status_number(&host, "zookeeper.nodes") > servers);
	cold = (double)(rig_now() - start) / 1e6;
	if (master_find(host.nginx.pid_file, "/usr/sbin/nginx", &m, &e) < 0)
		die("%s", e.text);
	zoo_set_debug_level((ZooLogLevel)0);
	z = zookeeper_init(rig_zookeeper_hosts(host.zookeeper), NULL, 10000, NULL, NULL, 0);
	while (zoo_state(z) != ZOO_CONNECTED_STATE)
		rest(1000);
	await_quiet(&m);
	requests = rig_host_status_number(&host, "zookeeper.requests");
	rig_zk_create(host.zk, "/floor", NULL);
	for (int i = 0; i < EDITS; i++) {
		double before = cpu_seconds(host.daemon);
		char data[64];

		snprintf(data, sizeof(data), "weight=%d", 10 + i);
		ours_edit(&m, server_path(i * 7 % servers), data, &ours);
		await_quiet(&m);
		cpu += (cpu_seconds(host.daemon) - before) / EDITS;
		floor_watch(z, "/floor", data, &watch);
		floor_test(&test);
		floor_reload(&m, &reload);
		await_quiet(&m);
	}
	eventually(NULL, rig_host_is(&host, "applied"));
	requests = rig_host_status_number(&host, "zookeeper.requests") - requests;
	again = zookeeper_restart(&m, servers);
	floor = quantile(&watch, 0.5) + quantile(&test, 0.5) + quantile(&reload, 0.5);
	median = quantile(&ours, 0.5);
	printf("%7d | %6.1f %7.1f %7.1f %8.1f | %8.1f %8.1f | %5.2f | %8.2f | %7.3f | %7.1f | "
	       "%6.1f | %7.1f\n",
	       servers, quantile(&watch, 0.5), quantile(&test, 0.5), quantile(&reload, 0.5), floor,
	       median, quantile(&ours, 0.95), median / floor, (double)requests / EDITS, cpu,
	       peak_mb(host.daemon), cold, again);
	fflush(stdout);
	zookeeper_close(z);
	master_fini(&m);
	rig_host_fini(&host);
	rig_clean();
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 100, 1000, 10000, 100000 };

	printf("One edit among N servers, %d edits each, medians. Times in ms, CPU in s an edit, "
	       "cold start and ZooKeeper restart in s.\n"
	       "        |               floor               |       zknginxd    |  ours / |        "
	       " |         |\n"
	       "      N |  watch    test  reload      sum |   median      p95 | floor | requests | "
	       "    CPU | RSS MB  |  cold  | restart\n",
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
