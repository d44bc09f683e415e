/*
 * What the relay costs: the same work on the same ZooKeeper, in turns through the relay and
 * directly (direct.c).
 *
 *	mirror	the session and the mirror alone: reads all znodes; hears of one edit
 *	daemon	zknginxd with nginx: from its start until nginx runs all; from an edit until it is
 *		served
 *
 * Medians, and the ratio of the two. Usage: bench_relay [ZNODES]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "../faults/usage.h"
#include "../integration/rig_host.h"
#include "../integration/rig_mirror.h"
#include "direct.h"

#define MIRROR_ROUNDS 7
#define DAEMON_ROUNDS 3
#define EDITS 15 /* in each round */
#define SERVERS_AN_UPSTREAM 50
#define CONFIG "/nginx/config"

enum way { RELAY, DIRECT, WAYS };

struct series {
	double values[256];
	size_t count;
};

/* By way, in ms. */
static struct {
	struct series cold[WAYS], cpu[WAYS], edit[WAYS];
} mirror, whole;

static struct rig_host host;
static struct rig_mirror rig;
static int port;

static void add(struct series *s, double value)
{
	if (s->count < ARRAY_SIZE(s->values))
		s->values[s->count++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(struct series *s)
{
	qsort(s->values, s->count, sizeof(s->values[0]), compare);
	return s->count ? s->values[s->count / 2] : 0;
}

static void print(const char *what, struct series s[static WAYS])
{
	double relay = median(&s[RELAY]), direct = median(&s[DIRECT]);

	printf("%-28s %10.2f %10.2f %8.3f\n", what, relay, direct, direct > 0 ? relay / direct : 0);
	fflush(stdout);
}

static double since(uint64_t start)
{
	return (double)(rig_now() - start) / 1000.0;
}

static char *server_path(int i)
{
	static char path[128];

	snprintf(path, sizeof(path), CONFIG "/upstreams/u%d/10.%d.%d.%d:8080",
		 i / SERVERS_AN_UPSTREAM, i >> 16, (i >> 8) & 255, i & 255);
	return path;
}

static void fill(int servers)
{
	char path[128];

	rig_zk_create(host.zk, CONFIG "/upstreams", NULL);
	for (int i = 0; i < servers; i++) {
		if (i % SERVERS_AN_UPSTREAM == 0) {
			snprintf(path, sizeof(path), CONFIG "/upstreams/u%d",
				 i / SERVERS_AN_UPSTREAM);
			rig_zk_send_create(host.zk, path, "{\"balance\": \"least_conn\"}");
		}
		rig_zk_send_create(host.zk, server_path(i),
				   "weight=5 max_fails=3 fail_timeout=15s");
	}
	if (rig_zk_drain(host.zk))
		die("the znodes could not be created");
}

/* --- the session and the mirror --------------------------------------------------------------- */

static double own_cpu(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000.0 +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000.0;
}

static void edit_mirrored(struct watcher *w, enum way way, int i)
{
	char data[32];
	uint64_t start;

	snprintf(data, sizeof(data), "weight=%d", 10 + i);
	rig_zk_set(host.zk, server_path(0), data);
	start = rig_now();
	while (!watcher_has(w, server_path(0), data))
		sd_event_run(rig.base.loop, UINT64_MAX);
	add(&mirror.edit[way], since(start));
}

static void mirror_round(enum way way)
{
	const struct mirror_root root = { CONFIG, 3 };
	struct watcher *w = &rig.watched;
	uint64_t start = rig_now();
	double cpu = own_cpu();

	direct_set(way == DIRECT);
	watcher_start_at(w, rig_zookeeper_hosts(host.zookeeper), WATCH_LIMIT, &root, 1);
	while (!mirror_is_complete(w->mirror))
		sd_event_run(rig.base.loop, UINT64_MAX);
	add(&mirror.cold[way], since(start));
	add(&mirror.cpu[way], own_cpu() - cpu);
	for (int i = 0; i < EDITS; i++)
		edit_mirrored(w, way, i);
	watcher_stop(w);
	direct_set(false);
}

static void bench_mirror(void)
{
	if (sd_event_new(&rig.base.loop) < 0)
		die("sd-event: no loop");
	rig.base.server = host.zookeeper;
	rig.watched.rig = rig.fresh.rig = &rig;
	rig.timeout = LONG_TIMEOUT;
	for (int round = 0; round < MIRROR_ROUNDS; round++) {
		mirror_round(round % 2 ? RELAY : DIRECT);
		mirror_round(round % 2 ? DIRECT : RELAY);
	}
	sd_event_unref(rig.base.loop);
	print("mirror: cold start, ms", mirror.cold);
	print("mirror: cold start, CPU ms", mirror.cpu);
	print("mirror: one edit, ms", mirror.edit);
}

/* --- the daemon ------------------------------------------------------------------------------- */

static void await_text(const char *text)
{
	uint64_t give_up = rig_now() + RIG_PATIENCE;

	while (!rig_nginx_says(port, text)) {
		if (rig_now() > give_up)
			die("nginx does not say %s", text);
		usleep(500);
	}
}

static void await_rest(void)
{
	eventually(NULL, rig_host_is(&host, "applied"));
	rig_wait(NULL, 300 * USEC_PER_MSEC);
}

static void start_daemon(enum way way)
{
	if (way == DIRECT)
		setenv("BENCH_DIRECT", "1", 1);
	rig_host_start_daemon(&host);
	unsetenv("BENCH_DIRECT");
}

/* The state directory is new, so that nothing is known. */
static void daemon_round(enum way way, unsigned round)
{
	char text[32];
	uint64_t start;

	rig_nginx_stop(&host.nginx);
	if (rig_run(NULL, (char *[]){ "rm", "-rf", host.nginx.state, NULL }))
		die("%s cannot be removed", host.nginx.state);
	snprintf(text, sizeof(text), "cold %u %d", round, way);
	rig_host_set_site(&host, port, text);
	start = rig_now();
	start_daemon(way);
	eventually(NULL, rig_host_live(&host, "http.conf"));
	rig_nginx_start(&host.nginx);
	await_text(text);
	add(&whole.cold[way], since(start));
	add(&whole.cpu[way], usage_cpu(host.daemon) * 1000.0);
	for (int i = 0; i < EDITS; i++) {
		await_rest();
		snprintf(text, sizeof(text), "edit %u %d %d", round, way, i);
		rig_host_set_site(&host, port, text);
		start = rig_now();
		await_text(text);
		add(&whole.edit[way], since(start));
	}
	rig_host_stop_daemon(&host, SIGTERM);
}

static void bench_daemon(void)
{
	port = rig_port();
	for (unsigned round = 0; round < DAEMON_ROUNDS; round++) {
		daemon_round(round % 2 ? RELAY : DIRECT, round);
		daemon_round(round % 2 ? DIRECT : RELAY, round);
	}
	print("daemon: cold start, ms", whole.cold);
	print("daemon: cold start, CPU ms", whole.cpu);
	print("daemon: one edit, ms", whole.edit);
}

int main(int argc, char **argv)
{
	int znodes = argc > 1 ? atoi(argv[1]) : 100000;

	rig_host_init_at(&host, "bench",
			 rig_zookeeper_start(&(struct rig_zookeeper_options){ .heap = "-Xmx2g" }));
	fill(znodes);
	printf("The cost of the relay, %d znodes, medians:\n%-28s %10s %10s %8s\n", znodes, "",
	       "relay", "direct", "ratio");
	bench_mirror();
	bench_daemon();
	rig_host_fini(&host);
	rig_clean();
	return 0;
}
