/*
 * A large fleet on one real ZooKeeper: the time and the number of requests that it takes to elect
 * a leader, to roll out a revision in batches of 25 %, and to recover after ZooKeeper died.
 *
 * A host here is every part of a daemon that talks to ZooKeeper: the control session with
 * the member, the report and the candidate (zk/fleet), the mirror of the config and the plan
 * (zk/mirror), and the leader (src/leader) on the elected host. Only nginx is
 * left out: a host has "applied" a revision, with the verdict good, as soon as it is permitted.
 * So the result is the cost of the fleet without nginx. The waiting times of the rollout are zero
 * for the same reason.
 *
 * The same run also measures a lower bound: one write of a znode until as many sessions have got
 * the event and have read the znode. A rollout cannot take less than that for each plan that it
 * writes.
 *
 * Nothing is asserted; figures are printed. Usage: bench_fleet [HOSTS]
 */
#include "../integration/rig.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <zknginx/err.h>
#include <zknginx/history.h>
#include <zknginx/log.h>

#include "../integration/rig_zookeeper.h"
#include "core/data/layout.h"
#include "core/rollout/rollout.h"
#include "leader/leader.h"
#include "zk/mirror.h"

#define CONFIG "/nginx/config"
#define CLUSTER "/nginx/cluster"
#define SNIPPET CONFIG "/snippets/http/fleet"
#define ROUNDS 5

struct host {
	char name[32], address[64];
	struct mirror *mirror;
	struct fleet *fleet;
	struct leader *leader;
	struct tree *tree, *config; /* the newest; one that was applied, and its revision */
	char newest[DIGEST_HEX_SIZE], applied[DIGEST_HEX_SIZE], stored[DIGEST_HEX_SIZE];
	unsigned long past; /* requests of sessions that are closed */
};

static sd_event *loop;
static struct rig_zookeeper *server;
static struct rig_zk *client;
static struct host *hosts;
static size_t host_count;
static struct settings settings;
static char report[1536]; /* as large as one of a host without problems */

/* --- a host ---------------------------------------------------------------------------------- */

static void take(struct host *h, const char *revision)
{
	memmove(h->applied, revision, strlen(revision) + 1);
	if (strcmp(revision, h->newest) == 0) {
		tree_unref(h->config);
		h->config = history_extract(h->tree, CONFIG);
		memcpy(h->stored, h->applied, sizeof(h->stored));
	}
}

static void publish(struct host *h, const struct permit *permit)
{
	CLEANUP(buf_fini) struct buf b = BUF_INIT;
	struct member m = {
		.host = h->name,
		.address = h->address,
		.state = "applied",
		.since = "2026-01-01T00:00:00.000Z",
		.version = ZKNGINX_VERSION,
		.revision = h->applied,
		.seen = h->newest,
		.id = "0123456789abcdef",
		.mode = rollout_mode_name(settings.rollout.mode),
		.nginx_up = true,
		.gate = { .revision = "", .znode = "", .message = "" },
	};

	if (permit->kind == PERMIT_NAMED && permit->attempt) {
		m.gate.revision = h->applied;
		m.gate.attempt = permit->attempt;
		m.gate.verdict = VERDICT_GOOD;
	}
	member_print(&m, &b);
	memcpy(report, h->applied, strlen(h->applied));
	fleet_publish(h->fleet, &(struct fleet_news){ .member = b.data,
						      .member_size = b.size,
						      .report = report,
						      .report_size = sizeof(report) });
}

/* A leader that resigns closes a session. */
static void update_leader(struct host *h)
{
	unsigned long before = leader_requests(h->leader);

	leader_update(h->leader, &(struct leader_facts){ .tree = h->tree,
							 .newest = h->newest,
							 .known = h->tree,
							 .current = true,
							 .accepted = "",
							 .plan = "",
							 .stored = h->config,
							 .stored_revision = h->stored,
							 .applied = h->applied });
	if (!leader_is_active(h->leader))
		h->past += before;
}

static void on_leader_change(void *host UNUSED)
{
}

/* Follow the plan at once. */
static void follow(struct host *h)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct znode *z = h->tree ? tree_find(h->tree, CLUSTER "/plan") : NULL;
	const char *why;
	struct plan plan;
	struct permit permit;

	if (!h->tree)
		return;
	permit = rollout_permit(
		z && plan_parse(a, z->data, z->size, &plan, &why) ? &plan : NULL,
		&(struct permit_host){
			.host = h->name,
			.follows = true,
			.is_member = fleet_membership(h->fleet, NULL) == FLEET_MEMBER,
			.newest = h->newest,
		});
	if (permit.kind == PERMIT_NAMED)
		take(h, permit.revision.revision);
	else if (permit.kind == PERMIT_NEWEST || !*h->applied)
		take(h, h->newest);
	publish(h, &permit);
	update_leader(h);
}

static void on_tree(void *host, struct tree *tree)
{
	struct host *h = host;
	struct digest revision = tree_revision(tree, CONFIG);

	tree_unref(h->tree);
	h->tree = tree_ref(tree);
	digest_hex(&revision, h->newest);
	follow(h);
}

static void on_mirror_state(void *host UNUSED)
{
}

static void on_fleet_state(void *host)
{
	struct host *h = host;

	if (h->leader)
		follow(h);
}

static void start(struct host *h)
{
	static const struct mirror_root roots[] = { { CONFIG, 3 }, { CLUSTER "/plan", 0 } };
	static const struct mirror_ops ops = { on_tree, on_mirror_state };
	const struct fleet_spec spec = {
		.zookeeper = &settings.zookeeper,
		.host = h->name,
		.service = "",
		.on_state = on_fleet_state,
		.ctx = h,
	};
	static const struct leader_ops leader_ops = { on_leader_change };
	struct err e;

	if (mirror_new(loop, "mirror", &settings.zookeeper, roots, ARRAY_SIZE(roots), &ops, h,
		       &h->mirror, &e) < 0 ||
	    fleet_new(loop, &spec, &h->fleet, &e) < 0)
		die("%s", e.text);
	h->leader = leader_new(
		&(struct leader_spec){
			.loop = loop, .settings = &settings, .host = h->name, .fleet = h->fleet },
		&leader_ops, h);
}

static unsigned long requests_of(const struct host *h)
{
	unsigned long sum = h->past;

	if (h->fleet)
		sum += session_requests(fleet_session(h->fleet));
	if (h->mirror)
		sum += session_requests(mirror_session(h->mirror));
	return sum + (h->leader ? leader_requests(h->leader) : 0);
}

static void stop(struct host *h)
{
	h->past = requests_of(h);
	leader_free(TAKE(h->leader));
	fleet_free(TAKE(h->fleet));
	mirror_free(TAKE(h->mirror));
	tree_unref(TAKE(h->tree));
	tree_unref(TAKE(h->config));
	h->newest[0] = h->applied[0] = h->stored[0] = '\0';
}

/* --- the fleet ------------------------------------------------------------------------------- */

static unsigned long all_requests(void)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < host_count; i++)
		sum += requests_of(&hosts[i]);
	return sum;
}

static struct host *leader(void)
{
	for (size_t i = 0; i < host_count; i++) {
		if (hosts[i].fleet && election_leads(fleet_election(hosts[i].fleet)))
			return &hosts[i];
	}
	return NULL;
}

/* The number of hosts that are members and have read everything. */
static size_t count_in(void)
{
	size_t count = 0;

	for (size_t i = 0; i < host_count; i++) {
		const struct host *h = &hosts[i];

		count += fleet_membership(h->fleet, NULL) == FLEET_MEMBER && h->tree &&
			 session_state(mirror_session(h->mirror)) == SESSION_CONNECTED;
	}
	return count;
}

static bool all_are_in(void)
{
	return count_in() == host_count;
}

/* Is the plan that this host has idle with the config of ZooKeeper accepted? */
static bool is_settled(const struct host *h)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct znode *z = h->tree ? tree_find(h->tree, CLUSTER "/plan") : NULL;
	struct plan plan;
	const char *why;

	return z && plan_parse(a, z->data, z->size, &plan, &why) && plan.phase == PLAN_IDLE &&
	       strcmp(plan.accepted.revision, h->newest) == 0 &&
	       strcmp(plan.accepted.revision, h->applied) == 0;
}

static bool all_have(const char *revision)
{
	for (size_t i = 0; i < host_count; i++) {
		if (!is_settled(&hosts[i]) ||
		    (*revision && strcmp(hosts[i].applied, revision) != 0))
			return false;
	}
	return true;
}

/* Until no more requests are made: reports are written now and then. */
static void await_quiet(void)
{
	unsigned long before;
	uint64_t end;

	do {
		before = all_requests();
		end = rig_now() + 1500 * USEC_PER_MSEC;
		while (rig_now() < end)
			rig_pause(loop);
	} while (before != all_requests());
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

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static void tell(const char *what, double ms, unsigned long requests, const char *note)
{
	printf("%-34s | %9.1f | %8lu | %8.1f | %s\n", what, ms, requests,
	       (double)requests / (double)host_count, note);
	fflush(stdout);
}

/* --- the floor ------------------------------------------------------------------------------- */

static struct {
	struct session **sessions;
	size_t heard, had;
} below;

static void on_floor_read(void *ctx UNUSED, const struct session_reply *r)
{
	below.had += r->rc == SESSION_OK;
}

/* Reading sets the next watch, as in every host. */
static void on_floor_watch(void *ctx, int type UNUSED, const char *path)
{
	below.heard++;
	session_get(*(struct session **)ctx, path, true, on_floor_read, NULL);
}

static void on_floor_state(void *ctx UNUSED, enum session_state state UNUSED)
{
}

static void open_floor(void)
{
	static const struct session_ops ops = { .on_state = on_floor_state,
						.on_watch = on_floor_watch };
	struct err e;

	rig_zk_create(client, "/floor", "0");
	below.sessions = xcalloc(host_count, sizeof(*below.sessions));
	for (size_t i = 0; i < host_count; i++) {
		if (session_new(loop, "floor", &settings.zookeeper, &ops, &below.sessions[i],
				&below.sessions[i], &e) < 0)
			die("%s", e.text);
	}
	for (size_t i = 0; i < host_count; i++)
		eventually(loop, session_state(below.sessions[i]) == SESSION_CONNECTED);
	for (size_t i = 0; i < host_count; i++)
		session_get(below.sessions[i], "/floor", true, on_floor_read, NULL);
	eventually(loop, below.had == host_count);
}

static double bench_floor(void)
{
	double heard[ROUNDS], had[ROUNDS];
	char note[64];

	open_floor();
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start;

		below.heard = below.had = 0;
		start = rig_now();
		rig_zk_set(client, "/floor", "1");
		while (below.heard < host_count)
			sd_event_run(loop, USEC_PER_MSEC);
		heard[i] = ms_since(start);
		while (below.had < host_count)
			sd_event_run(loop, USEC_PER_MSEC);
		had[i] = ms_since(start);
	}
	for (size_t i = 0; i < host_count; i++)
		session_free(below.sessions[i], 0);
	free(below.sessions);
	snprintf(note, sizeof(note), "median of %d; all had heard after %.1f ms", ROUNDS,
		 median(heard));
	tell("floor: a write, watches, reads", median(had), host_count + 1, note);
	return median(had);
}

/* --- what is measured ------------------------------------------------------------------------ */

static void bench_start(void)
{
	uint64_t begin = rig_now();
	char note[64];
	double elected;

	for (size_t i = 0; i < host_count; i++)
		start(&hosts[i]);
	eventually(loop, leader());
	elected = ms_since(begin);
	eventually(loop, all_are_in() && all_have(""));
	snprintf(note, sizeof(note), "the first leader after %.0f ms", elected);
	tell("all start, until the first plan", ms_since(begin), all_requests(), note);
}

static void bench_election(void)
{
	double times[ROUNDS];
	unsigned long requests = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct host *old = leader();
		unsigned long before;
		uint64_t begin = rig_now();

		stop(old);
		before = all_requests();
		eventually(loop, leader());
		times[i] = ms_since(begin);
		requests += all_requests() - before;
		start(old);
		eventually(loop, all_are_in() && all_have(""));
		await_quiet();
	}
	tell("the leader stops, the next leads", median(times), requests / ROUNDS, "median");
}

static void push(const char *word)
{
	char text[128];

	snprintf(text, sizeof(text), "map $host $fleet_revision { default \"%s\"; }\n", word);
	rig_zk_set(client, SNIPPET, text);
}

static int plan_version(void)
{
	int version = 0;

	rig_zk_get_version(client, CLUSTER "/plan", &version);
	return version;
}

static void bench_rollout(double floor)
{
	double times[ROUNDS];
	unsigned long requests = 0, of_leader = 0;
	char note[96], word[16];
	int plans = plan_version();

	for (int i = 0; i < ROUNDS; i++) {
		struct host *l = leader();
		unsigned long before = all_requests(), own = requests_of(l);
		char old[DIGEST_HEX_SIZE];
		uint64_t begin = rig_now();

		memcpy(old, l->applied, sizeof(old));
		snprintf(word, sizeof(word), "r%d", i);
		push(word);
		eventually(loop, strcmp(l->applied, old) != 0 && all_have(l->applied));
		times[i] = ms_since(begin);
		await_quiet(); /* the reports as well */
		requests += all_requests() - before;
		of_leader += requests_of(l) - own;
	}
	plans = (plan_version() - plans) / ROUNDS;
	snprintf(note, sizeof(note), "median; %d plans = %.0f ms of floor; %lu of the leader",
		 plans, plans * floor, of_leader / ROUNDS);
	tell("a rollout, batches of 25 %", median(times), requests / ROUNDS, note);
}

/* A client that ZooKeeper accepted and lost during its start comes back two thirds of a session
 * later. */
static void bench_reconnect(void)
{
	double half = 0, most = 0;
	unsigned long before;
	uint64_t begin;
	char note[96];

	rig_zookeeper_kill(server);
	for (size_t i = 0; i < host_count; i++)
		eventually(loop,
			   session_state(fleet_session(hosts[i].fleet)) == SESSION_CONNECTING);
	before = all_requests();
	rig_zookeeper_restart(server);
	begin = rig_now();
	do {
		size_t in = count_in();

		rig_pause(loop);
		half = half > 0 || in * 2 < host_count ? half : ms_since(begin);
		most = most > 0 || in * 100 < host_count * 99 ? most : ms_since(begin);
	} while (!all_are_in() || !leader() || !all_have(""));
	snprintf(note, sizeof(note),
		 "from when it answers; half are back after %.0f ms, 99 %% %.0f", half, most);
	tell("ZooKeeper killed and back", ms_since(begin), all_requests() - before, note);
	await_quiet();
}

/* --- set up ---------------------------------------------------------------------------------- */

static const char *const none[] = { NULL };

static void fill_settings(void)
{
	settings.zookeeper = (struct zookeeper_settings){
		.hosts = rig_zookeeper_hosts(server),
		.config = CONFIG,
		.cluster = CLUSTER,
		.session_timeout = 10 * USEC_PER_SEC,
		.max_frame = RIG_MAX_FRAME,
		.max_data = RIG_MAX_DATA,
		.auth_file = "",
		.watch_limit = 900000,
	};
	settings.cluster = (struct cluster_settings){
		.host = "",
		.address = "",
		.service = "",
		.on_elected = none,
		.on_resigned = none,
		.on_live = none,
	};
	settings.rollout = (struct rollout_settings){
		.mode = ROLLOUT_CANARY,
		.canaries = 1,
		.canary_hosts = none,
		.batch = "25%",
		.apply_timeout = 10 * 60 * USEC_PER_SEC,
		.vanish_timeout = 10 * 60 * USEC_PER_SEC,
		.on_failure = FAILURE_HALT,
		.join = true,
		.gate = none,
	};
	settings.history.keep = 10;
	settings.alerts.command = none;
}

static void allow_many_files(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int main(int argc, char **argv)
{
	double floor;

	host_count = argc > 1 ? (size_t)atoi(argv[1]) : 200;
	if (host_count < 2)
		die("at least two hosts");
	log_setup(getenv("RIG_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	allow_many_files();
	if (sd_event_new(&loop) < 0)
		die("sd-event");
	/* hundreds of clients that come back at once exceed its listen backlog of 50; the others
	 * would come back seconds later */
	server = rig_zookeeper_start(&(struct rig_zookeeper_options){
		.heap = "-Xmx1g", .settings = "clientPortListenBacklog=2048" });
	client = rig_zk_connect(rig_zookeeper_hosts(server));
	fill_settings();
	push("first");
	memset(report, 'r', sizeof(report));
	hosts = xcalloc(host_count, sizeof(*hosts));
	for (size_t i = 0; i < host_count; i++) {
		snprintf(hosts[i].name, sizeof(hosts[i].name), "web%03zu", i);
		snprintf(hosts[i].address, sizeof(hosts[i].address), "10.0.%zu.%zu:80", i / 256,
			 i % 256);
	}
	printf("%zu hosts, one ZooKeeper, no nginx.\n%-34s | %9s | %8s | %8s |\n", host_count, "",
	       "ms", "requests", "a host");
	floor = bench_floor();
	bench_start();
	await_quiet();
	bench_election();
	bench_rollout(floor);
	bench_reconnect();
	for (size_t i = 0; i < host_count; i++)
		stop(&hosts[i]);
	free(hosts);
	rig_zk_close(client);
	rig_zookeeper_stop(server);
	sd_event_unref(loop);
	rig_clean();
	return 0;
}
