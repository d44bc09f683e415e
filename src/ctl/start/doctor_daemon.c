/* The daemon of this host: its process, what it reports, and its place in the fleet. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/data/layout.h"
#include "ctl/console/age.h"
#include "ctl/see/local_status.h"
#include "doctor.h"
#include "host/settings.h"
#include "nginx/proc.h"
#include "sys/disk.h"
#include "sys/timing.h"

/* The process that wrote its number into the lock file, if it is a zknginxd. The lock itself is not
 * tried: a daemon that starts in this moment would find it taken. */
static pid_t daemon_process(const struct doctor *d)
{
	CLEANUP(freep) char *path = xasprintf("%s/lock", d->settings->state.directory);
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	char title[256];
	pid_t pid;

	if (disk_read_path(path, &text, NULL) < 0)
		return 0;
	pid = (pid_t)strtol(buf_str(&text), NULL, 10);
	return pid > 0 && proc_title(pid, title, sizeof(title)) && strstr(title, "zknginxd") ? pid
											     : 0;
}

static void report_daemon(struct doctor *d, const struct local_status *l)
{
	const char *fix =
		"systemctl enable --now zknginxd; journalctl -u zknginxd says why it ended";
	uint64_t now = timing_wall();
	pid_t pid = daemon_process(d);
	bool is_fresh = local_status_is_fresh(l, now);
	char age[AGE_SIZE];

	age_print(now, l->report.updated, age);
	if (!d->status)
		doctor_report(
			d, pid ? DOCTOR_WARNING : DOCTOR_ERROR, fix,
			"there is no readable %s: the daemon does not run, or has just started",
			l->path);
	else if (!pid && (geteuid() == 0 || !is_fresh))
		doctor_error(d, fix, "the daemon does not run; its last report is %s old", age);
	else if (!is_fresh)
		doctor_error(d, "systemctl restart zknginxd; this does not touch nginx",
			     "the daemon (process %d) has not reported for %s", (int)pid, age);
	else if (pid)
		doctor_ok(d, "process %d, last report %s ago", (int)pid, age);
	else
		doctor_ok(d, "last report %s ago", age);
}

void doctor_check_daemon(struct doctor *d)
{
	struct local_status *l = arena_array(d->arena, struct local_status, 1);

	if (local_status_read(d->ctl, d->arena, NULL, l))
		d->status = &l->report;
	report_daemon(d, l);
}

/* Under systemd the daemon may have other rights than this command. */
static void compare_sandboxes(struct doctor *d)
{
	const char *here = sandbox_mode_name(d->sandbox), *there = d->status->nginx.sandbox;

	if (d->has_sandbox && *there && strcmp(here, there) != 0)
		doctor_warn(d, "Compare the drop-ins of the unit: systemctl cat zknginxd",
			    "the daemon's sandbox is \"%s\", and here it is \"%s\"", there, here);
}

void doctor_check_state(struct doctor *d)
{
	const struct status *s = d->status;
	const char *fix = arena_printf(d->arena, "See zknginxctl status %s", s->host);

	compare_sandboxes(d);
	if (*s->zookeeper.rolled_back)
		doctor_error(
			d,
			"Bring the newer data of ZooKeeper back, or accept what it has now: "
			"zknginxctl confirm --history",
			"ZooKeeper has gone back to older data, and nothing of it is applied: %s",
			s->zookeeper.rolled_back);
	if (s->state == STATUS_APPLIED || s->state == STATUS_DEPLOYING)
		doctor_ok(d, "%s, generation %lu", status_state_name(s->state), s->generation);
	else
		doctor_warn(d, fix, "%s, generation %lu, %zu problem%s",
			    status_state_name(s->state), s->generation, s->problem_total,
			    PLURAL(s->problem_total));
}

void doctor_check_version(struct doctor *d)
{
	if (strcmp(d->status->version, ZKNGINX_VERSION) == 0)
		doctor_ok(d, "daemon and command are version %s", ZKNGINX_VERSION);
	else
		doctor_warn(d, "Install both from one build, and restart zknginxd",
			    "the daemon is version %s, this command is version %s",
			    d->status->version, ZKNGINX_VERSION);
}

void doctor_check_member(struct doctor *d)
{
	char name[HOST_NAME_MAX + 1];
	const char *path = cluster_path(d->arena, d->settings->zookeeper.cluster, CLUSTER_MEMBERS,
					settings_host(d->settings, name));
	const char *why = d->status && *d->status->fleet.why ? d->status->fleet.why : NULL;
	struct session_stat stat;
	struct err e;
	int found = client_stat(d->client, path, &stat, &e);

	if (found < 0)
		doctor_error(d, "Run doctor again", "%s", e.text);
	else if (!found)
		doctor_error(d, "Start the daemon; see its log if it runs: journalctl -u zknginxd",
			     "%s does not exist: this host is not in the fleet%s%s", path,
			     why ? ": " : "", why ?: "");
	else if (stat.owner == 0)
		doctor_error(d, arena_printf(d->arena, "Delete the znode %s", path),
			     "%s is persistent; no daemon wrote it", path);
	else if (d->status && strcmp(d->status->fleet.member, "duplicate") == 0)
		doctor_error(d, "Set a different cluster.host on one of the two hosts", "%s",
			     why ?: "another host has this name");
	else
		doctor_ok(d, "%s exists", path);
}
