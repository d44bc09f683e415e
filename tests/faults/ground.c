/* See ground.h. cmocka runs the cases: what fails in one ends that one. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <zknginx/err.h>

#include "ground.h"

#define RSS_GROWTH_MOST (64L << 10) /* KiB */
#define GROWTH_MOST 24              /* descriptors, threads */

static struct ground ground;
static bool passed; /* run() came to its end */

/* --- rows ------------------------------------------------------------------------------------- */

static void keep_row(const char *row)
{
	const char *path = getenv("FAULT_ROWS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;

	if (fd < 0)
		return;
	if (write(fd, row, strlen(row)) < 0)
		print_error("%s: %m\n", path);
	close(fd);
}

static void put_row(const char *id, const char *title, const char *result, const char *figures,
		    const char *note)
{
	CLEANUP(freep)
	char *row = xasprintf("%s\t%s\t%s\t%s\t%s\n", id, result, figures, title, note);

	print_message("%s", row);
	keep_row(row);
}

void fault_row(const char *id, const char *title, bool held, const char *figures, const char *note)
{
	put_row(id, title, held ? "held" : "NOT HELD", figures, note);
}

void fault_not_tried(const char *id, const char *title, const char *why)
{
	put_row(id, title, "not tried", "-\t-\t-\t-\t-\t-", why);
}

static char *seconds(double s)
{
	return s < 0 ? xstrdup("-") : xasprintf("%.2f", s);
}

/* --- the daemon ------------------------------------------------------------------------------- */

size_t ground_log_size(struct ground *g)
{
	struct stat st;

	return stat(g->host.log, &st) == 0 ? (size_t)st.st_size : 0;
}

void ground_restart_daemon(struct ground *g, int signal)
{
	rig_host_stop_daemon(&g->host, signal);
	rig_host_start_daemon(&g->host);
}

/* --- what a case says ------------------------------------------------------------------------- */

void ground_edit(struct ground *g)
{
	char text[32];

	snprintf(text, sizeof(text), "v%u.", ++g->edit);
	rig_host_set_site(&g->host, g->port, text);
}

bool ground_serves(struct ground *g)
{
	char text[32];

	snprintf(text, sizeof(text), "v%u.", g->edit);
	return rig_nginx_says(g->port, text);
}

/* Every client may change these znodes, and for a daemon that has credentials that is an alert. */
bool ground_has_alerts(struct ground *g)
{
	json_t *alerts = json_object_get(rig_host_status(&g->host), "alerts"), *a;
	size_t i;

	json_array_foreach(alerts, i, a)
	{
		const char *key = json_string_value(json_object_get(a, "key"));

		if (!key || strcmp(key, "zookeeper-acl-open") != 0)
			return true;
	}
	return false;
}

void ground_connect(struct ground *g)
{
	rig_zk_close(g->host.zk);
	g->host.zk = rig_zk_connect(rig_zookeeper_hosts(g->host.zookeeper));
}

unsigned ground_reloads(struct ground *g)
{
	return rig_nginx_reloads(&g->host.nginx) - g->reloads;
}

void ground_start(struct ground *g)
{
	ground_edit(g);
	rig_host_start(&g->host);
	eventually(NULL, ground_serves(g) && rig_host_is(&g->host, "applied"));
	eventually(NULL, !ground_has_alerts(g));
	g->load = load_start(g->port, "v");
	g->invariants = invariants_start(&g->host.nginx, g->port);
	eventually(NULL, load_counts(g->load).sent > LOAD_RATE / 2 &&
				 invariants_looks(g->invariants) > 2);
}

void fault(struct ground *g)
{
	/* with all its sessions: it may have been started a moment ago */
	static const long usual[] = { 12 << 10, 40, 12 };

	g->begun = g->healed = rig_now();
	g->reloads = rig_nginx_reloads(&g->host.nginx);
	for (enum usage_kind k = 0; k < USAGE_N; k++) {
		long now = usage_now(g->host.daemon, k);

		g->usage[k] = now > usual[k] ? now : usual[k];
	}
}

void lasts(struct ground *g UNUSED, uint64_t usec)
{
	rig_wait(NULL, usec);
}

void heals(struct ground *g)
{
	g->healed = rig_now();
}

void recovers_with_an_edit(struct ground *g)
{
	ground_edit(g);
	eventually(NULL, ground_serves(g));
	recovers(g, rig_host_is(&g->host, "applied"));
	eventually(NULL, !ground_has_alerts(g));
}

void notes(struct ground *g, const char *fmt, ...)
{
	size_t used = strlen(g->note);
	va_list args;

	va_start(args, fmt);
	vsnprintf(g->note + used, sizeof(g->note) - used, fmt, args);
	va_end(args);
}

/* --- one case --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
	static const char *const jvm[] = { "-Djute.maxbuffer=4000000", NULL };
	const struct fault_case *c = *state;
	struct rig_zookeeper_options o = { .jvm = jvm, .settings = c->server };
	struct ground *g = &ground;

	passed = false;
	*g = (struct ground){ .detect = -1, .recover = -1 };
	rig_host_init_at(&g->host, "web1", rig_zookeeper_start(&o));
	g->proxy = rig_proxy_start(rig_zookeeper_port(g->host.zookeeper));
	snprintf(g->hosts, sizeof(g->hosts), "127.0.0.1:%d", rig_proxy_port(g->proxy));
	g->host.hosts = g->hosts;
	g->host.zookeeper_settings = c->zookeeper_settings;
	g->host.nginx_settings = c->nginx_settings;
	rig_host_settings(&g->host, c->settings ?: FAULT_ALERTS);
	g->port = rig_port();
	rig_zk_create(g->host.zk, FAULT_CONFIG, NULL);
	if (c->tmpfs && (mkdir(g->host.nginx.state, 0755) < 0 ||
			 mount("tmpfs", g->host.nginx.state, "tmpfs", 0, c->tmpfs) < 0))
		fail_msg("%s: %m", g->host.nginx.state);
	return 0;
}

/* I7, of the daemon: as it was before the fault, or little more. */
static void stays_small(struct ground *g)
{
	static const long most[] = { RSS_GROWTH_MOST, GROWTH_MOST, GROWTH_MOST };

	if (!g->begun || g->grows)
		return;
	for (enum usage_kind k = 0; k < USAGE_N; k++) {
		uint64_t begun = rig_now();
		long now;

		while ((now = usage_now(g->host.daemon, k)) >= g->usage[k] + most[k] &&
		       rig_now() < begun + RIG_PATIENCE)
			rig_pause(NULL);
		if (now >= g->usage[k] + most[k]) {
			notes(g, "I7: %s grew from %ld to %ld; ", usage_names[k], g->usage[k], now);
			fail();
		}
	}
}

static void run_case(void **state)
{
	const struct fault_case *c = *state;
	struct ground *g = &ground;

	if (!c->prepare_only)
		ground_start(g);
	c->run(g);
	if (g->host.daemon && kill(g->host.daemon, 0) == 0)
		stays_small(g);
	passed = true;
}

/* Held: the case came to its end, each instant was right, and no request failed. */
static void report(const struct fault_case *c, struct ground *g)
{
	struct load_counts l = g->load ? load_counts(g->load) : (struct load_counts){ 0 };
	const char *broken = g->invariants ? invariants_broken(g->invariants) : "";
	bool held = passed && !*broken && (c->stops_nginx || !l.failed);
	CLEANUP(freep) char *detect = seconds(g->detect), *recover = seconds(g->recover);
	CLEANUP(freep)
	char *figures = xasprintf("%s\t%s\t%lu\t%lu\t%.0f\t%u", detect, recover, l.sent, l.failed,
				  l.worst_ms, g->begun ? ground_reloads(g) : 0);
	CLEANUP(freep)
	char *note =
		xasprintf("%s%s%s%s%s", passed ? "" : "an assertion failed; ", broken,
			  *broken ? "; " : "", g->note, l.failed && !c->stops_nginx ? l.first : "");

	fault_row(c->id, c->title, held, figures, note);
}

static void end_processes(struct ground *g)
{
	load_stop(g->load);
	invariants_stop(g->invariants);
	if (g->host.daemon)
		kill(g->host.daemon, SIGCONT);
	if (g->host.zookeeper && rig_zookeeper_pid(g->host.zookeeper))
		rig_zookeeper_resume(g->host.zookeeper);
	rig_host_fini(&g->host);
	rig_proxy_stop(g->proxy);
}

static int tear_down(void **state)
{
	const struct fault_case *c = *state;
	const char *log;

	report(c, &ground);
	log = passed ? NULL : rig_read(ground.host.log);
	if (log)
		fprintf(stderr, "the daemon's log ends:\n%s\n",
			strlen(log) > 8000 ? log + strlen(log) - 8000 : log);
	end_processes(&ground);
	umount2(rig_path("web1/state/generations"), MNT_DETACH);
	umount2(ground.host.nginx.state, MNT_DETACH);
	rig_clean();
	return 0;
}

int fault_run(const struct fault_case *cases, size_t count)
{
	struct CMUnitTest *tests = xcalloc(count, sizeof(*tests));
	int rc;

	for (size_t i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ cases[i].id, run_case, set_up, tear_down,
						(void *)&cases[i] };
	rc = _cmocka_run_group_tests("faults", tests, count, NULL, NULL);
	free(tests);
	return rc;
}
