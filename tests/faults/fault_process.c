/* Faults of the daemon's process: P1 … P8; and of its commands: A1 … A3. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <zknginx/err.h>

#include "../integration/rig_private.h"
#include "ground.h"

#define KILLS 50

static bool has_ended(struct ground *g)
{
	return g->host.daemon && waitpid(g->host.daemon, NULL, WNOHANG) == g->host.daemon;
}

/* As systemd does. */
static bool converges(struct ground *g)
{
	if (has_ended(g))
		rig_host_start_daemon(&g->host);
	return ground_serves(g) && rig_host_is(&g->host, "applied");
}

static void killed_at_any_instant(struct ground *g)
{
	fault(g);
	for (unsigned k = 0; k < KILLS; k++) {
		ground_edit(g);
		lasts(g, (k * 7919 % 120) * USEC_PER_MSEC);
		ground_restart_daemon(g, SIGKILL);
	}
	heals(g);
	recovers(g, ground_serves(g));
	fault(g);
	recovers_with_an_edit(g);
	notes(g, "%d in place of 1,000 kills; ", KILLS);
}

static void limit_memory(struct ground *g, rlim_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	if (prlimit(g->host.daemon, RLIMIT_AS, &limit, NULL) < 0)
		fail_msg("prlimit: %m");
}

/* Of the address space: each mmap, brk and thread beyond it fails. */
static void there_is_no_memory(struct ground *g)
{
	char *text = xcalloc(1, 900001);

	memset(text, '#', 900000);
	fault(g);
	limit_memory(g, 1 << 20);
	for (int i = 0; i < 8; i++) {
		char path[64];

		snprintf(path, sizeof(path), FAULT_CONFIG "/snippets/http/big%d", i);
		rig_zk_set(g->host.zk, path, text);
	}
	lasts(g, 2 * USEC_PER_SEC);
	if (!has_ended(g)) {
		notes(g, "it went on; ");
		rig_host_stop_daemon(&g->host, SIGKILL);
	} else {
		notes(g, "it ended, and was started again; ");
	}
	for (int i = 0; i < 8; i++) {
		char path[64];

		snprintf(path, sizeof(path), FAULT_CONFIG "/snippets/http/big%d", i);
		rig_zk_delete(g->host.zk, path);
	}
	free(text);
	rig_host_start_daemon(&g->host);
	heals(g);
	ground_edit(g);
	recovers(g, converges(g));
	g->grows = true;
	recovers_with_an_edit(g);
}

static void a_second_daemon_starts(struct ground *g)
{
	char *output;
	int rc;

	fault(g);
	rc = rig_host_run(&g->host, &output, NULL);
	g->detect = (double)(rig_now() - g->begun) / 1e6;
	assert_true(rc != 0);
	assert_non_null(strstr(output, "another"));
	heals(g);
	recovers_with_an_edit(g);
	notes(g, "exit code %d; ", rc);
}

static void a_second_host_of_the_same_name(struct ground *g)
{
	struct rig_host twin;
	int64_t owner = rig_zk_owner(g->host.zk, FAULT_CLUSTER "/members/web1");

	rig_host_init_at(&twin, "twin", g->host.zookeeper);
	twin.name = "web1";
	rig_host_settings(&twin, FAULT_ALERTS);
	fault(g);
	rig_host_start_daemon(&twin);
	detects(g, strstr(rig_read(twin.log) ?: "", "duplicate-host"));
	assert_true(rig_zk_owner(g->host.zk, FAULT_CLUSTER "/members/web1") == owner);
	rig_host_stop_daemon(&twin, SIGTERM);
	rig_zk_close(twin.zk);
	heals(g);
	recovers_with_an_edit(g);
}

/* The live generation's manifest is of a later version: nothing is read from it by guess. */
static void state_of_a_later_version(struct ground *g)
{
	char *path = rig_path("web1/state/live/manifest.json");
	char *good = rig_read(path), *later = rig_read(path),
	     *format = strstr(later, "\"format\":");

	assert_non_null(format);
	rig_host_stop_daemon(&g->host, SIGTERM);
	invariants_stop(g->invariants); /* it compares manifests, and this one is changed */
	g->invariants = NULL;
	format[strcspn(format, "0123456789")] = '9';
	fault(g);
	rig_write(path, "%s", later);
	rig_host_start_daemon(&g->host);
	detects(g, strstr(rig_read(g->host.log), "has format 9"));
	lasts(g, 2 * USEC_PER_SEC);
	assert_true(ground_serves(g));
	assert_int_equal(ground_reloads(g), 0);
	if (!has_ended(g))
		rig_host_stop_daemon(&g->host, SIGTERM);
	rig_write(path, "%s", good);
	rig_host_start_daemon(&g->host);
	heals(g);
	recovers(g, rig_host_is(&g->host, "applied"));
	recovers_with_an_edit(g);
}

/* --- commands --------------------------------------------------------------------------------- */

static char *script(const char *text)
{
	char *whole = xasprintf("#!/bin/sh\n%s\n", text), *path;

	path = rig_private_script("command.sh", whole);
	free(whole);
	return path;
}

static void set_alert_command(struct ground *g, const char *path)
{
	char more[512];

	snprintf(more, sizeof(more),
		 "alerts: { raise_after = \"100ms\"; clear_after = \"100ms\"; timeout = \"1s\"; "
		 "command = [ \"%s\", \"first\" ]; };\n",
		 path);
	rig_host_settings(&g->host, more);
	ground_restart_daemon(g, SIGTERM);
	eventually(NULL, rig_host_is(&g->host, "applied"));
}

static void a_command_hangs(struct ground *g)
{
	set_alert_command(g, script("exec sleep 600"));
	fault(g);
	rig_zk_set(g->host.zk, FAULT_CONFIG "/sites/bad", "nonsense");
	eventually(NULL, rig_host_problem_count(&g->host) > 0);
	ground_edit(g);
	eventually(NULL, ground_serves(g)); /* meanwhile */
	detects(g, strstr(rig_read(g->host.log), "killed"));
	rig_zk_delete(g->host.zk, FAULT_CONFIG "/sites/bad");
	heals(g);
	recovers_with_an_edit(g);
}

static void hostile_data_for_a_command(struct ground *g)
{
	char *out = rig_path("command.out");
	char text[512];

	snprintf(text, sizeof(text), "printf '%%s\\n' \"$#\" \"$@\" >>%s; cat >>%s", out, out);
	set_alert_command(g, script(text));
	fault(g);
	rig_zk_set(g->host.zk, FAULT_CONFIG "/sites/$(touch pwned);--config=x", "nonsense");
	detects(g, rig_read(out) && strstr(rig_read(out), "config-problems"));
	assert_true(rig_read(out)[0] == '1');
	assert_int_not_equal(access("pwned", F_OK), 0);
	rig_zk_delete(g->host.zk, FAULT_CONFIG "/sites/$(touch pwned);--config=x");
	heals(g);
	recovers_with_an_edit(g);
}

static void a_condition_comes_and_goes(struct ground *g)
{
	char *out = rig_path("flaps");
	char text[256];
	const char *lines;
	unsigned count = 0;

	snprintf(text, sizeof(text), "echo x >>%s; cat >/dev/null", out);
	set_alert_command(g, script(text));
	fault(g);
	for (int i = 0; i < 20; i++) {
		rig_zk_set(g->host.zk, FAULT_CONFIG "/sites/bad", "nonsense");
		lasts(g, 500 * USEC_PER_MSEC);
		rig_zk_delete(g->host.zk, FAULT_CONFIG "/sites/bad");
		lasts(g, 500 * USEC_PER_MSEC);
	}
	for (lines = rig_read(out); lines && *lines; lines++)
		count += *lines == '\n';
	/* the alert is cleared the later, the oftener the condition came back */
	notes(g, "20 s in place of 10 min, %u commands; ", count);
	assert_true(count <= 20);
	heals(g);
	ground_edit(g);
	recovers(g, ground_serves(g) && rig_host_is(&g->host, "applied"));
}

int main(void)
{
	static const struct fault_case cases[] = {
		FAULT_CASE("P1", "killed at any instant during updates", killed_at_any_instant),
		FAULT_CASE("P2", "there is no memory", there_is_no_memory),
		FAULT_CASE("P5", "a second daemon is started", a_second_daemon_starts),
		FAULT_CASE("P6", "a second host of the same name", a_second_host_of_the_same_name),
		FAULT_CASE("P8", "state of a later version", state_of_a_later_version),
		FAULT_CASE("A1", "a command hangs", a_command_hangs),
		FAULT_CASE("A2", "hostile data for a command", hostile_data_for_a_command),
		FAULT_CASE("A3", "a condition comes and goes", a_condition_comes_and_goes),
	};

	int rc = fault_run(cases, ARRAY_SIZE(cases));

	rig_private_clean();
	return rc;
}
