/*
 * For a long time, on real parts: random edits, daemons killed and restarted, a ZooKeeper that
 * dies, freezes, is cut off and sends hostile frames, reloads of nginx by others. Clients send
 * requests all the time, and none may fail; what must hold at each instant is looked at; and what
 * the daemon uses stays flat.
 *
 * Two hosts share a ZooKeeper. "steady" runs from the first minute to the last: its resident
 * memory, descriptors and threads are measured. "victim" is killed and restarted.
 *
 * SOAK_MINUTES (10) and SOAK_SEED in the environment.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <zknginx/err.h>

#include "../faults/invariants.h"
#include "../faults/load.h"
#include "../faults/usage.h"
#include "../integration/rig_host.h"
#include "../integration/rig_hostile.h"

#define SERVERS 200
#define SAMPLE (2 * USEC_PER_SEC)
#define PATIENCE (180 * USEC_PER_SEC) /* on a machine that does other things, too */
#define STEP (200 * USEC_PER_MSEC)
/* More than that between two quarters of the time is no noise of the allocator. */
#define RSS_GROWTH_MOST 4096 /* KiB */
#define COUNT_GROWTH_MOST 6

struct party {
	struct rig_host host;
	const char *root; /* its config */
	int port;
	struct load *load;
	struct invariants *invariants;
};

static struct {
	struct party steady, victim;
	struct rig_wire *wire; /* between the steady daemon and ZooKeeper */
	unsigned edit, edits, kills, hups, outages, hostile;
	bool exists[SERVERS];
	uint64_t end, slowest; /* slowest: until an edit was served after a fault */
} soak;

static struct usage_series series;
static unsigned seed;

static unsigned draw(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

/* --- edits ------------------------------------------------------------------------------------ */

static struct rig_zk *zk(void)
{
	return soak.steady.host.zk;
}

static void set_below(const struct party *p, const char *path, const char *data)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", p->root, path);
	rig_zk_set(zk(), full, data);
}

static void delete_below(const struct party *p, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", p->root, path);
	rig_zk_delete_all(zk(), full);
}

static void set_site(const struct party *p)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"listen\":[\"127.0.0.1:%d\"],\"locations\":[{\"path\":\"/\",\"return\":"
		 "{\"status\":200,\"text\":\"v%u.\"}}]}",
		 p->port, soak.edit);
	set_below(p, "sites/s", json);
}

static void edit_sites(void)
{
	soak.edit++;
	set_site(&soak.steady);
	set_site(&soak.victim);
}

static void edit_server(void)
{
	unsigned i = draw(SERVERS);
	char path[64], data[32];

	snprintf(path, sizeof(path), "upstreams/u%u/10.0.0.%u:80", i / 20, i % 20 + 1);
	snprintf(data, sizeof(data), "weight=%u", 1 + draw(90));
	if (soak.exists[i] && i % 20 && draw(3) == 0) {
		delete_below(&soak.steady, path);
		delete_below(&soak.victim, path);
		soak.exists[i] = false;
	} else {
		set_below(&soak.steady, path, data);
		set_below(&soak.victim, path, data);
		soak.exists[i] = true;
	}
}

/* What nginx or the daemon refuses, for a while. */
static void edit_badly(void)
{
	static const char *const bad[] = { "nonsense;\n", "gzip maybe;\n", "load_module x.so;\n",
					   "map $uri {\n" };
	const char *text = bad[draw(ARRAY_SIZE(bad))];

	if (draw(2)) {
		set_below(&soak.steady, "snippets/http/bad", text);
		set_below(&soak.victim, "snippets/http/bad", text);
	} else {
		delete_below(&soak.steady, "snippets/http/bad");
		delete_below(&soak.victim, "snippets/http/bad");
	}
}

static void edit(void)
{
	unsigned which = draw(10);

	soak.edits++;
	if (which == 0)
		edit_badly();
	else if (which < 4)
		edit_sites();
	else
		edit_server();
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void sample(void)
{
	static uint64_t due;

	if (rig_now() < due)
		return;
	due = rig_now() + SAMPLE;
	usage_add(&series, soak.steady.host.daemon);
}

static void rest(uint64_t usec)
{
	rig_wait(NULL, usec);
	sample();
}

static bool serves(const struct party *p)
{
	char text[32];

	snprintf(text, sizeof(text), "v%u.", soak.edit);
	return rig_nginx_says(p->port, text);
}

static void print_log(const struct party *p)
{
	const char *log = rig_read(p->host.log) ?: "";

	fprintf(stderr, "the log of %s ends:\n%s\n", p->host.name,
		strlen(log) > 6000 ? log + strlen(log) - 6000 : log);
}

/* Looked at seldom: this runs for an hour. */
static void await_edit(const struct party *p)
{
	uint64_t begun = rig_now();

	while (!serves(p)) {
		if (rig_now() - begun > PATIENCE) {
			print_log(p);
			fail_msg("%s does not serve the edit v%u.", p->host.name, soak.edit);
		}
		rest(50 * USEC_PER_MSEC);
	}
	if (rig_now() - begun > soak.slowest)
		soak.slowest = rig_now() - begun;
}

static void converge(void)
{
	edit_sites();
	await_edit(&soak.steady);
	await_edit(&soak.victim);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void kill_victim(void)
{
	soak.kills++;
	rig_host_stop_daemon(&soak.victim.host, draw(3) ? SIGKILL : SIGTERM);
	edit();
	rig_host_start_daemon(&soak.victim.host);
}

static void reload_by_others(void)
{
	soak.hups++;
	rig_nginx_send_hup(&soak.steady.host.nginx);
	rig_nginx_send_hup(&soak.victim.host.nginx);
}

static void reload_settings(void)
{
	kill(soak.steady.host.daemon, SIGHUP);
}

static void send_hostile_frames(void)
{
	soak.hostile++;
	rig_wire_tamper(soak.wire, draw((unsigned)rig_hostile_count));
	edit();
	rest((500 + draw(2500)) * USEC_PER_MSEC);
	rig_wire_tamper(soak.wire, rig_hostile_count);
}

static void connect_again(void)
{
	rig_zk_close(soak.steady.host.zk);
	soak.steady.host.zk = rig_zk_connect(rig_zookeeper_hosts(soak.steady.host.zookeeper));
}

static void kill_zookeeper(void)
{
	soak.outages++;
	rig_zookeeper_kill(soak.steady.host.zookeeper);
	rest(draw(6) * USEC_PER_SEC);
	rig_zookeeper_restart(soak.steady.host.zookeeper);
	connect_again();
}

static void pause_zookeeper(void)
{
	soak.outages++;
	rig_zookeeper_pause(soak.steady.host.zookeeper);
	rest((500 + draw(6000)) * USEC_PER_MSEC);
	rig_zookeeper_resume(soak.steady.host.zookeeper);
	connect_again();
}

static void inject(void)
{
	static void (*const faults[])(void) = {
		kill_victim,         kill_victim,         kill_victim,    reload_by_others,
		reload_by_others,    reload_settings,     kill_zookeeper, pause_zookeeper,
		send_hostile_frames, send_hostile_frames,
	};

	faults[draw(ARRAY_SIZE(faults))]();
	converge();
}

/* --- start and end ---------------------------------------------------------------------------- */

static void start(struct party *p)
{
	p->port = rig_port();
	set_site(p);
	rig_host_start(&p->host);
	while (!serves(p))
		rig_wait(NULL, 50 * USEC_PER_MSEC);
	p->load = load_start(p->port, "v");
	p->invariants = invariants_start(&p->host.nginx, p->port);
}

static int set_up(void **state UNUSED)
{
	static const char victims[] = "config = \"/victim/config\"; cluster = \"/victim/cluster\";";
	struct rig_zookeeper *z = rig_zookeeper_start(NULL);

	soak.steady.root = "/nginx/config";
	soak.victim.root = "/victim/config";
	rig_host_init_at(&soak.steady.host, "steady", z);
	rig_host_init_at(&soak.victim.host, "victim", z);
	soak.wire = rig_hostile_start(rig_zookeeper_port(z));
	rig_wire_tamper(soak.wire, rig_hostile_count);
	soak.steady.host.hosts = rig_wire_hosts(soak.wire);
	rig_host_settings(&soak.steady.host, NULL);
	soak.victim.host.zookeeper_settings = victims;
	rig_host_settings(&soak.victim.host, NULL);
	rig_zk_create(zk(), soak.steady.root, NULL);
	rig_zk_create(zk(), soak.victim.root, NULL);
	start(&soak.steady);
	start(&soak.victim);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	load_stop(soak.steady.load);
	load_stop(soak.victim.load);
	invariants_stop(soak.steady.invariants);
	invariants_stop(soak.victim.invariants);
	rig_zk_close(soak.victim.host.zk);
	rig_host_stop_daemon(&soak.victim.host, SIGKILL);
	rig_nginx_stop(&soak.victim.host.nginx);
	rig_host_fini(&soak.steady.host);
	rig_wire_stop(soak.wire);
	rig_clean();
	return 0;
}

static void tell(const struct party *p)
{
	struct load_counts l = load_counts(p->load);

	print_message("%s: %lu requests, %lu failed %s, slowest %.0f ms; %lu looks %s\n",
		      p->host.name, l.sent, l.failed, l.first, l.worst_ms,
		      invariants_looks(p->invariants), invariants_broken(p->invariants));
}

static void assert_fine(const struct party *p)
{
	if (load_counts(p->load).failed || *invariants_broken(p->invariants))
		tell(p);
	assert_int_equal(load_counts(p->load).failed, 0);
	assert_string_equal(invariants_broken(p->invariants), "");
}

static void nothing_fails_and_nothing_grows(void **state UNUSED)
{
	uint64_t due = 0;

	while (rig_now() < soak.end) {
		edit();
		rest(STEP);
		if (rig_now() < due)
			continue;
		inject();
		due = rig_now() + (2 + draw(4)) * USEC_PER_SEC;
		assert_fine(&soak.steady);
		assert_fine(&soak.victim);
	}
	delete_below(&soak.steady, "snippets/http/bad");
	delete_below(&soak.victim, "snippets/http/bad");
	converge();
	print_message("%u edits, %u kills, %u outages of ZooKeeper, %u times hostile frames, "
		      "%u reloads by others; slowest recovery %.1f s\n",
		      soak.edits, soak.kills, soak.outages, soak.hostile, soak.hups,
		      (double)soak.slowest / 1e6);
	tell(&soak.steady);
	tell(&soak.victim);
	usage_print(&series);
	assert_fine(&soak.steady);
	assert_fine(&soak.victim);
	assert_true(usage_growth(&series, USAGE_RSS) < RSS_GROWTH_MOST);
	assert_true(usage_growth(&series, USAGE_DESCRIPTORS) < COUNT_GROWTH_MOST);
	assert_true(usage_growth(&series, USAGE_THREADS) < COUNT_GROWTH_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_fails_and_nothing_grows),
	};
	const char *minutes = getenv("SOAK_MINUTES"), *given = getenv("SOAK_SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	soak.end = rig_now() + strtoul(minutes ?: "10", NULL, 10) * 60 * USEC_PER_SEC;
	print_message("SOAK_SEED=%u\n", seed);
	return cmocka_run_group_tests_name("soak", tests, set_up, tear_down);
}
