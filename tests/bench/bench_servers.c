/*
 * How long a server takes from ZooKeeper to the first request that it serves, without a reload and
 * with one, among N servers. One znode of two is set, so that the other server of its upstream
 * answers; the time is that from the acknowledged write to the first answer of the other server.
 * Requests are sent one after the other on a connection that is kept, and nginx keeps its own to
 * the servers: the processors are then free for what is measured.
 *
 *	floor	a client with a watch gets the event of a write and reads the znode
 *	module	the workers get the servers from the daemon
 *	in a row	the same, each edit 0.15 s after the one before, without the files
 *	reload	the same daemon, with nginx.servers = "reload"
 *
 * An edit of "module" and of "reload" begins when all is at rest. "In a row" no files come out, so
 * there the processor time with the files is 0. Each edit has a floor of its own, directly before
 * it. The floor's processes are small: a line below says what the machine takes to wake processes
 * as large as the daemon and a worker. Nothing is asserted; figures are printed.
 *
 * Usage: bench_servers [N …], with ZKNGINX_MODULES as the modules' directory
 */
#include "../integration/rig.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/err.h>

#include "module_host.h"
#include "wake.h"

#define EDITS 50
#define BETWEEN 150000L /* in a row; usec */
#define WORKERS 2       /* as rig_nginx starts it */

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

/* --- the floor ------------------------------------------------------------------------------- */

static volatile bool heard;

static void on_watch(zhandle_t *z UNUSED, int type UNUSED, int state UNUSED, const char *p UNUSED,
		     void *ctx UNUSED)
{
	heard = true;
}

static void open_watcher(void)
{
	rig_zk_create(module_host.zk, "/floor", NULL);
	zoo_set_debug_level((ZooLogLevel)0);
	watcher = zookeeper_init(rig_zookeeper_hosts(module_host.zookeeper), NULL, 10000, NULL,
				 NULL, 0);
	while (zoo_state(watcher) != ZOO_CONNECTED_STATE)
		rest(1000);
}

static void floor_once(struct series *s)
{
	char buffer[64];
	int size = sizeof(buffer);
	uint64_t start;

	heard = false;
	zoo_wget(watcher, "/floor", on_watch, NULL, buffer, &size, NULL);
	rig_zk_set(module_host.zk, "/floor", "x");
	start = rig_now();
	while (!heard)
		;
	size = sizeof(buffer);
	zoo_get(watcher, "/floor", 0, buffer, &size, NULL);
	add(s, ms_since(start));
}

static void generation(char out[static 64])
{
	ssize_t size = readlink(rig_text("%s/live", module_host.nginx.state), out, 63);

	out[size < 0 ? 0 : size] = '\0';
}

static bool is_other_generation(const char *than)
{
	char now[64];

	generation(now);
	return strcmp(now, than) != 0;
}

/* What a machine takes to wake processes like these is in the times above. */
static void print_wake(const struct master *m)
{
	double mb[WAKE_SIZES] = { 1, module_host_mb(module_host.daemon) }, ms[WAKE_SIZES];
	struct workers w;

	master_workers(m, &w);
	mb[2] = w.serving_count ? module_host_mb(w.serving[0]) : 1;
	wake_measure(mb, ms);
	printf("        | this machine wakes a process of 1 MB in %.2f ms, of %.0f MB (the daemon) "
	       "in %.2f ms, of %.0f MB (a worker) in %.2f ms\n",
	       ms[0], mb[1], ms[1], mb[2], ms[2]);
	fflush(stdout);
}

/* Until nothing more happens: the files are new, nginx has let its old workers go. */
static void await_quiet(const struct master *m, const char *before)
{
	struct workers w;

	do {
		rest(5000);
		master_workers(m, &w);
	} while (w.leaving || w.children != WORKERS || !is_other_generation(before));
	eventually(NULL, rig_host_is(&module_host, "applied"));
	rest(200000);
}

/* What was put off comes by a reload: until it has begun and is over. */
static void await_reload(const struct master *m, unsigned before)
{
	struct workers w;

	eventually(NULL, rig_nginx_reloads(&module_host.nginx) > before);
	do {
		rest(5000);
		master_workers(m, &w);
	} while (w.leaving || w.children != WORKERS);
	eventually(NULL, rig_host_is(&module_host, "applied"));
}

/* --- requests -------------------------------------------------------------------------------- */

static int connection = -1;

static void hang_up(void)
{
	if (connection >= 0)
		close(connection);
	connection = -1;
}

static void connect_to_site(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)module_host_site) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection < 0 || connect(connection, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("port %d: %m", module_host_site);
}

/* The body of an answer that is all there; NULL: it is not yet. */
static const char *body_of(const char *answer)
{
	const char *length = strstr(answer, "\r\nContent-Length: "),
		   *end = strstr(answer, "\r\n\r\n");

	if (!length || !end || strlen(end + 4) < strtoul(length + 18, NULL, 10))
		return NULL;
	return end + 4;
}

/* false: nginx has closed the connection, as a worker does that shuts down. */
static bool ask(const char *text, bool *is_it)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: probe\r\n\r\n";
	char answer[4096] = "";
	size_t size = 0;
	ssize_t n = send(connection, request, strlen(request), MSG_NOSIGNAL);

	while (n > 0 && !body_of(answer)) {
		n = recv(connection, answer + size, sizeof(answer) - 1 - size, 0);
		size += n > 0 ? (size_t)n : 0;
		answer[size] = '\0';
	}
	*is_it = n > 0 && strcmp(body_of(answer), text) == 0;
	return n > 0;
}

/* Is this the answer to a request? */
static bool answers(const char *text)
{
	bool is_it;

	if (connection < 0)
		connect_to_site();
	if (!ask(text, &is_it))
		hang_up();
	return is_it;
}

/* --- an edit --------------------------------------------------------------------------------- */

struct way {
	struct series floor, time, cpu, cpu_of_workers; /* until it is served */
	double daemon, workers;                         /* until all is done; sums */
};

/* Turn 0: the second server answers; turn 1: the first one again. */
static void edit_live(const struct master *m, struct way *w, int turn)
{
	double daemon = module_host_cpu(module_host.daemon),
	       workers = module_host_cpu_of_workers(m);
	uint64_t start;

	rig_zk_set(module_host.zk, module_host_probed(1), turn ? "" : "down");
	start = rig_now();
	while (!answers(turn ? "one" : "two"))
		rest(50);
	add(&w->time, ms_since(start));
	add(&w->cpu, module_host_cpu(module_host.daemon) - daemon);
	add(&w->cpu_of_workers, module_host_cpu_of_workers(m) - workers);
}

static void edit(const struct master *m, struct way *w, int turn)
{
	double daemon = module_host_cpu(module_host.daemon),
	       workers = module_host_cpu_of_workers(m);
	char before[64];

	generation(before);
	edit_live(m, w, turn);
	await_quiet(m, before);
	w->daemon += module_host_cpu(module_host.daemon) - daemon;
	w->workers += module_host_cpu_of_workers(m) - workers;
}

static void edits(const struct master *m, struct way *w)
{
	for (int i = 0; i < EDITS; i++) {
		floor_once(&w->floor);
		edit(m, w, i % 2);
	}
}

/* As when many servers restart. Processes that have slept for longer may be slow to wake. */
static void edits_in_a_row(const struct master *m, struct way *w)
{
	module_host_put_off_files();
	for (int i = 0; i < EDITS; i++) {
		floor_once(&w->floor);
		edit_live(m, w, i % 2);
		rest(BETWEEN);
	}
}

static void print(int servers, const char *name, struct way *w, unsigned reloads)
{
	double floor = quantile(&w->floor, 0.5);

	printf("%7d | %-8s | %6.2f %6.2f | %8.2f %8.2f | %8.2f | %7.2f %7.2f | %8.2f | %7u | "
	       "%6.1f\n",
	       servers, name, floor, quantile(&w->floor, 0.95), quantile(&w->time, 0.5),
	       quantile(&w->time, 0.95), 1.5 * floor + 1, quantile(&w->cpu, 0.5),
	       quantile(&w->cpu_of_workers, 0.5), w->daemon / EDITS, reloads,
	       module_host_peak_mb());
	fflush(stdout);
}

static void bench(int servers)
{
	struct way module = { 0 }, row = { 0 }, reload = { 0 };
	struct master m = { .pidfd = -1 };
	unsigned before, between;
	struct err e;

	module_host_start(servers);
	open_watcher();
	if (master_find(module_host.nginx.pid_file, "/usr/sbin/nginx", &m, &e) < 0)
		die("%s", e.text);
	await_quiet(&m, "");
	before = rig_nginx_reloads(&module_host.nginx);
	edits(&m, &module);
	between = rig_nginx_reloads(&module_host.nginx);
	print(servers, "module", &module, between - before);
	print_wake(&m);
	edits_in_a_row(&m, &row);
	print(servers, "in a row", &row, rig_nginx_reloads(&module_host.nginx) - between);
	module_host_use_reload();
	await_reload(&m, between);
	between = rig_nginx_reloads(&module_host.nginx);
	edits(&m, &reload);
	print(servers, "reload", &reload, rig_nginx_reloads(&module_host.nginx) - between);
	zookeeper_close(watcher);
	master_fini(&m);
	rig_host_fini(&module_host);
	rig_clean();
}

int main(int argc, char **argv)
{
	static const int sizes[] = { 100, 1000, 10000, 100000 };

	printf("One server of an upstream set among N servers, %d edits each: from the "
	       "acknowledged write to the first\nrequest served by the new set. Times and CPU in "
	       "ms; CPU until it is served, and of the daemon for all of\nan edit, with the "
	       "files.\n"
	       "        |          |     floor     |    served         | 1.5 floor |       CPU     "
	       "  "
	       "|   CPU    |         |\n"
	       "      N | way      | median    p95 |   median      p95 |    + 1    |  daemon "
	       "workers "
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
