/*
 * The daemon: the one struct that sees all parts, for the few files at the top.
 *
 *	daemon.c		lifetimes, signals, and who is told what by whom
 *	daemon_settings.c	the settings, and their reload
 *	daemon_privileges.c	the helper, and what this process gives up
 *	daemon_status.c		what the report, the alarm and the leader get
 *	main.c			the command line
 *
 *	agent/		what this host runs
 *	leader/		what it does for the fleet while it leads
 *	report/		who is told
 *	preview/	a tree judged offline
 */
#ifndef ZKNGINX_DAEMON_H
#define ZKNGINX_DAEMON_H

#include <limits.h>

#include <systemd/sd-event.h>

#include "agent/agent.h"
#include "host/http.h"
#include "host/settings.h"
#include "leader/leader.h"
#include "nginx/helper_link.h"
#include "report/alarm.h"
#include "report/report.h"
#include "zk/fleet.h"

struct daemon {
	const char *settings_path;
	bool settings_missing_ok;
	struct settings_file *file;
	const struct settings *settings; /* of `file` */
	char host[HOST_NAME_MAX + 1];
	char id[17];      /* of this start, hex: tells two hosts of one name apart */
	uint64_t started; /* wall clock */
	sd_event *loop;
	bool once; /* one deployment, then leave with `exit_code` */
	int exit_code;
	uint64_t signals_logged; /* bit N: that signal N is ignored was logged */

	struct helper_link *helper; /* NULL: it is a child, or there is none */
	struct fleet *fleet;        /* NULL with --once */
	struct agent *agent;
	struct leader *leader; /* NULL with --once */
	struct report *report;
	struct alarm *alarm;
	struct http *http; /* NULL: no metrics */
};

/* daemon_settings.c */
void daemon_use_settings(struct daemon *d, struct settings_file *file);
void daemon_reload_settings(struct daemon *d);

/* daemon_privileges.c: before there is a thread, and before anything is read from ZooKeeper. */
int daemon_give_up_privileges(struct daemon *d, struct err *e);
/* The helper ends. */
void daemon_return_helper(struct daemon *d);

/* daemon_status.c: what the report, the alarm and the leader get; d is the daemon. */
void daemon_facts(void *d, struct status_facts *out);
void daemon_fill_status(void *d, struct status *s, struct arena *scratch);
void daemon_fill_numbers(void *d, struct numbers *n);
void daemon_fill_member(void *d, struct member *m);
/* Gather all conditions: something that is wrong, or is over, may have changed. */
void daemon_update_alerts(struct daemon *d);
/* The election, the newest tree or what this host runs may have changed. */
void daemon_update_leader(struct daemon *d);

/* daemon.c: the exit code of the process. */
int daemon_run(const char *settings_path, bool missing_ok, bool once);

#endif
