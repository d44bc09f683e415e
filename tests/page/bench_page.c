/*
 * The page of `zknginxctl ui` with a large fleet: how long it takes to load, what it needs, and how
 * long a change takes from ZooKeeper to the screen. The hosts but one are copies of what a real
 * host has written into a real ZooKeeper; the upstreams are in its config.
 *
 * Nothing is asserted but that it works; figures are printed. $BENCH_HOSTS and $BENCH_UPSTREAMS.
 */
#include "../integration/rig_fleet.h"
#include "../integration/rig_ui.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zknginx/err.h>

#include "rig_browser.h"

#define ROUNDS 10
#define step(b, ...) rig_browser_step((b), __VA_ARGS__, NULL)

static size_t size_of(const char *variable, size_t otherwise)
{
	const char *given = getenv(variable);

	return given ? strtoul(given, NULL, 10) : otherwise;
}

/* The text with each `from` replaced. */
static void put_replaced(struct buf *out, const char *text, const char *from, const char *to)
{
	const char *at;

	for (; (at = strstr(text, from)); text = at + strlen(from)) {
		buf_put(out, text, (size_t)(at - text));
		buf_puts(out, to);
	}
	buf_puts(out, text);
}

/* Znodes that are created together. */
struct many {
	struct rig_zk_new *list;
	size_t count, room;
};

static void many_add(struct many *m, const char *path, const char *data, bool ephemeral)
{
	if (m->count == m->room) {
		m->room = m->room ? 2 * m->room : 1024;
		m->list = xrealloc(m->list, m->room * sizeof(*m->list));
	}
	m->list[m->count++] =
		(struct rig_zk_new){ rig_text("%s", path), rig_text("%s", data), ephemeral };
}

static void many_create(struct many *m, struct rig_fleet *f)
{
	rig_zk_create_many(f->zk, m->list, m->count);
	free(m->list);
	*m = (struct many){ 0 };
}

static void copy_znode(struct many *m, const char *directory, const char *text, size_t host,
		       bool ephemeral)
{
	CLEANUP(buf_fini) struct buf copy = BUF_INIT;

	put_replaced(&copy, text, "\"web1\"", rig_text("\"host-%04zu\"", host));
	many_add(m, rig_text(CLUSTER "/%s/host-%04zu", directory, host), buf_str(&copy), ephemeral);
}

static void grow(struct rig_fleet *f, size_t hosts, const char *member, const char *report)
{
	struct many m = { 0 };

	for (size_t i = 1; i < hosts; i++) {
		copy_znode(&m, "reports", report, i, false);
		copy_znode(&m, "members", member, i, true);
	}
	many_create(&m, f);
}

static void put_upstreams(struct rig_fleet *f, size_t count)
{
	struct many m = { 0 };

	for (size_t i = 0; i < count; i++) {
		const char *path = rig_text(CONFIG "/upstreams/service-%04zu", i);

		many_add(&m, path, "{\"balance\": \"least_conn\"}", false);
		for (unsigned k = 1; k <= 3; k++)
			many_add(&m, rig_text("%s/10.%zu.%zu.%u:8080", path, i / 250, i % 250, k),
				 "weight=5", false);
	}
	many_create(&m, f);
}

static long memory_of(pid_t pid, const char *field)
{
	char path[64];
	const char *text, *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	text = rig_read(path);
	at = text ? strstr(text, field) : NULL;
	return at ? strtol(at + strlen(field), NULL, 10) / 1024 : -1;
}

/* Processor time so far, in milliseconds. */
static double cpu_of(pid_t pid)
{
	const char *text = rig_read(rig_text("/proc/%d/stat", (int)pid));
	unsigned long user = 0, kernel = 0;

	if (text)
		sscanf(strrchr(text, ')') + 1,
		       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
	return 1000.0 * (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double seconds_since(uint64_t begin)
{
	return (double)(rig_now() - begin) / (double)USEC_PER_SEC;
}

/* One host says something else, and its tile is seen to say it. */
static void one_change(struct rig_fleet *f, struct rig_browser *b, const char *member, pid_t ui)
{
	double sum = 0, most = 0, cpu = cpu_of(ui), page = atof(step(b, "busy"));

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP(buf_fini) struct buf text = BUF_INIT, named = BUF_INIT;
		const char *state = i % 2 ? "applied" : "deploying";
		uint64_t begin;
		double took;

		put_replaced(&named, member, "\"web1\"", "\"host-0007\"");
		put_replaced(&text, buf_str(&named), "\"applied\"", rig_text("\"%s\"", state));
		step(b, "awaits", "host-0007", state);
		begin = rig_now();
		rig_zk_set(f->zk, CLUSTER "/members/host-0007", buf_str(&text));
		step(b, "arrived");
		took = seconds_since(begin);
		sum += took;
		most = took > most ? took : most;
	}
	printf("one host changes, until its tile has: %.0f ms (longest of %d: %.0f ms); processor "
	       "time "
	       "%.0f ms of zknginxctl, %.0f ms of the page\n",
	       1000 * sum / ROUNDS, ROUNDS, 1000 * most, (cpu_of(ui) - cpu) / ROUNDS,
	       (atof(step(b, "busy")) - page) / ROUNDS);
}

/* All of them say something else, one after the other. */
static void all_change(struct rig_fleet *f, struct rig_browser *b, const char *member, size_t hosts,
		       pid_t ui)
{
	double cpu = cpu_of(ui), page = atof(step(b, "busy"));
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	uint64_t begin;

	put_replaced(&text, member, "\"applied\"", "\"deploying\"");
	step(b, "tasksBegin");
	begin = rig_now();
	for (size_t i = 1; i < hosts; i++) {
		CLEANUP(buf_fini) struct buf named = BUF_INIT;

		put_replaced(&named, buf_str(&text), "\"web1\"", rig_text("\"host-%04zu\"", i));
		rig_zk_set(f->zk, rig_text(CLUSTER "/members/host-%04zu", i), buf_str(&named));
	}
	printf("all hosts change: written in %.1f s", seconds_since(begin));
	step(b, "counts", "deploying", rig_text("%zu", hosts - 1));
	printf(", shown after %.1f s; processor time %.0f ms of zknginxctl, %.0f ms of the page; "
	       "%s\n",
	       seconds_since(begin), cpu_of(ui) - cpu, atof(step(b, "busy")) - page,
	       step(b, "tasksEnd"));
}

static void a_large_fleet(void **state)
{
	size_t hosts = size_of("BENCH_HOSTS", 500), upstreams = size_of("BENCH_UPSTREAMS", 2000);
	struct rig_fleet *f = *state;
	struct rig_browser *b;
	struct rig_ui u;
	char *member, *report;

	setlinebuf(stdout);
	rig_fleet_start(f, 0);
	member = rig_text("%s", rig_zk_get(f->zk, CLUSTER "/members/web1"));
	report = rig_text("%s", rig_zk_get(f->zk, CLUSTER "/reports/web1"));
	for (size_t i = 0; i < f->count; i++)
		rig_fleet_signal(f, i, SIGKILL); /* they would deploy the upstreams meanwhile */
	grow(f, hosts, member, report);
	put_upstreams(f, upstreams);
	rig_ui_start(&u, f->hosts[0].host.settings, NULL);
	b = rig_browser_start();
	eventually(NULL, strstr(rig_ui_get(&u, "/upstream?name=service-0001"), "\"servers\""));
	printf("%zu hosts, %zu upstreams\n", hosts, upstreams);
	for (int i = 0; i < 3; i++)
		printf("%s\n", step(b, "loads", rig_text("http://127.0.0.1:%d/", u.port),
				    rig_text("%zu", hosts), rig_text("%zu", upstreams)));
	one_change(f, b, member, u.pid);
	all_change(f, b, member, hosts, u.pid);
	printf("%s\n", step(b, "types", "service-0199"));
	printf("%s\n", step(b, "scrolls"));
	printf("zknginxctl: %ld MB, %ld MB at most\n", memory_of(u.pid, "VmRSS:"),
	       memory_of(u.pid, "VmHWM:"));
	printf("%s\n", step(b, "memory"));
	step(b, "picture", "large");
	rig_browser_stop(b);
	rig_ui_stop(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = { calm_test(a_large_fleet) };

	return cmocka_run_group_tests_name("page", tests, rig_fleet_setup, rig_fleet_teardown);
}
