/*
 * How long a scrape of /metrics takes while edits are deployed, and what scrapes cost an edit.
 *
 * 500 upstreams, as many as have metrics of their own, with 10 servers each. Every other edit is
 * made while a client scrapes ten times a second, so that what else the machine does hits both
 * alike. Nothing is asserted; figures are printed. Usage: bench_scrape
 */
#include "../integration/rig.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "../integration/rig_host.h"

#define UPSTREAMS 500
#define SERVERS 10 /* an upstream */
#define EDITS 60
#define PAUSE 100000 /* microseconds between two scrapes */
#define SCRAPES_MOST 100000

static struct rig_host host;
static int port;

/* Of the client that scrapes, seen by the one that edits. */
struct scrapes {
	volatile bool wanted;
	size_t count, bytes;
	double ms[SCRAPES_MOST];
};

static void rest(long usec)
{
	ppoll(NULL, 0, &(struct timespec){ .tv_nsec = usec * 1000 }, NULL);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double quantile(double *ms, size_t count, double share)
{
	if (!count)
		return 0;
	qsort(ms, count, sizeof(*ms), compare);
	return ms[(size_t)(share * (double)(count - 1) + 0.5)];
}

/* --- scrapes ---------------------------------------------------------------------------------- */

static size_t scrape(void)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char piece[65536];
	size_t size = 0;
	ssize_t n;

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    write(fd, request, sizeof(request) - 1) < 0)
		die("the metrics cannot be scraped");
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		size += (size_t)n;
	close(fd);
	return size;
}

static void scrape_for_ever(struct scrapes *s)
{
	while (s->count < SCRAPES_MOST) {
		uint64_t start = rig_now();

		if (s->wanted) {
			s->bytes = scrape();
			s->ms[s->count++] = (double)(rig_now() - start) / 1000.0;
		}
		rest(PAUSE);
	}
	exit(0);
}

/* --- edits ------------------------------------------------------------------------------------ */

static char *server_path(int i)
{
	return rig_text("/nginx/config/upstreams/u%03d/10.0.%d.%d:8080", i / SERVERS, i / 250,
			i % 250);
}

static void fill(void)
{
	rig_zk_create(host.zk, "/nginx/config/upstreams", NULL);
	for (int i = 0; i < UPSTREAMS * SERVERS; i++) {
		if (i % SERVERS == 0)
			rig_zk_send_create(host.zk,
					   rig_text("/nginx/config/upstreams/u%03d", i / SERVERS),
					   "");
		rig_zk_send_create(host.zk, server_path(i), "weight=5");
	}
	if (rig_zk_drain(host.zk))
		die("the znodes could not be created");
}

/* What the daemon itself says of the last change. */
static double edit(int i)
{
	long before = rig_host_status_number(&host, "change.generation");

	rig_zk_set(host.zk, server_path(i * 7 % (UPSTREAMS * SERVERS)),
		   rig_text("weight=%d", 10 + i));
	eventually(NULL, rig_host_status_number(&host, "change.generation") > before &&
				 rig_host_is(&host, "applied"));
	return json_number_value(
		json_object_get(json_object_get(rig_host_status(&host), "change"), "total_ms"));
}

static void print(const char *what, double *ms)
{
	printf("%-16s %d edits: median %6.1f ms, 95 %% %6.1f ms\n", what, EDITS / 2,
	       quantile(ms, EDITS / 2, 0.5), quantile(ms, EDITS / 2, 0.95));
}

static void bench(struct scrapes *s)
{
	double ms[2][EDITS / 2];
	pid_t scraper = fork();

	if (scraper == 0)
		scrape_for_ever(s);
	for (int i = 0; i < EDITS; i++) {
		s->wanted = i & 1;
		ms[i & 1][i / 2] = edit(i);
	}
	kill(scraper, SIGKILL);
	waitpid(scraper, NULL, 0);
	print("without scrapes", ms[0]);
	print("with scrapes", ms[1]);
	printf("%zu scrapes of %zu bytes: median %.2f ms, 95 %% %.2f ms, 99 %% %.2f ms, most %.2f "
	       "ms\n",
	       s->count, s->bytes, quantile(s->ms, s->count, 0.5), quantile(s->ms, s->count, 0.95),
	       quantile(s->ms, s->count, 0.99), quantile(s->ms, s->count, 1));
}

int main(void)
{
	struct scrapes *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	rig_host_init(&host, "bench");
	port = rig_port();
	rig_host_settings(&host, rig_text("metrics = { listen = \"127.0.0.1:%d\"; };", port));
	fill();
	rig_host_start(&host);
	eventually(NULL,
		   rig_host_is(&host, "applied") &&
			   rig_host_status_number(&host, "zookeeper.nodes") > UPSTREAMS * SERVERS);
	rig_zk_set(host.zk, server_path(0), "weight=9"); /* the first has no time */
	eventually(NULL, rig_host_status_number(&host, "change.generation") > 0);
	bench(s);
	rig_host_fini(&host);
	rig_clean();
	return 0;
}
