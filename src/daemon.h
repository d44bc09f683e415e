/*
 * The daemon: the one struct that sees all wings, shared by the few files at the
 * top of the house.
 *
 *	daemon.c	lifetimes, signals
 *	daemon_settings.c	settings, and when they change
 *	main.c		the command line
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

#include <zknginx/alerts.h>
#include <zknginx/log.h>
#include <zknginx/status.h>

#include "agent/agent.h"
#include "core/rollout/rollout.h"
#include "core/status/conditions.h"
#include "host/hook.h"
#include "host/http.h"
#include "host/settings.h"
#include "report/alarm.h"
#include "report/report.h"
#include "sys/timing.h"
#include "zk/fleet.h"
#include "zk/history_io.h"
#include "zk/mirror.h"

/* Writes of one kind that fail: what is told of them, and when they are tried again. */
struct leader_writes {
	char *fault; /* NULL: the last one did not */
	uint64_t pause, due;
	struct log_limit limit;
};

struct leader {
	struct mirror *mirror; /* of the fleet's znodes; NULL: this host does not lead */
	struct tree *tree;
	struct rollout *rollout;
	bool writing;
	char *written; /* what that is about */
	struct leader_writes plan_writes, live_writes;
	/* Requests, by the transaction that created them: the one that is being answered, one that
	 * cannot be deleted, and one that was answered and stays. */
	int64_t request, undeletable, answered;
	struct {
		char *path; /* NULL: nothing is waited for */
		bool asked, known;
		int64_t mzxid; /* 0: it is not there */
	} await;
	struct history_job *job;
	uint64_t pause; /* no other job of the history before then */
	bool leaving;
	unsigned long publishing; /* the history entry that is to be published again; 0 = none */
	unsigned publish_tries;
	uint64_t published; /* an old revision has been written, and is not seen yet; 0 = none */
	bool publish_failed;
	char *publish_message;
	char *live;          /* the last list of healthy hosts */
	struct hooks *hooks; /* nothing of another kind may keep an address from moving */
	char **expected;
	size_t expected_count;
	bool counting;
	uint64_t count_at;
	struct conditions conditions;
	sd_event_source *timer; /* the next step … */
	uint64_t step_at;       /* … at the latest; NEVER = it is off */
};

struct daemon {
	const char *settings_path;
	bool settings_missing_ok;
	struct settings_file *file;
	const struct settings *settings; /* of `file` */
	char host[HOST_NAME_MAX + 1];
	char id[17];      /* of this start, hex: tells two hosts of one name apart */
	uint64_t started; /* wall clock */
	char *address;    /* of nginx, for the fleet */
	sd_event *loop;
	bool once; /* one deployment, then leave with `exit_code` */
	int exit_code;

	struct fleet *fleet; /* NULL with --once */
	struct agent *agent;
	struct leader leader;
	struct report *report;
	struct alarm *alarm; /* NULL with --once */
	struct http *http;
};

/* daemon_settings.c */
void daemon_use_settings(struct daemon *d, struct settings_file *file);
void daemon_reload_settings(struct daemon *d);
/* A log line for each line of `text`, after `what`. */
void daemon_log_lines(const char *what, const char *text);

/* leader.c */
void leader_init(struct daemon *d);
void leader_fini(struct daemon *d);
/* The election, the newest tree or what this host runs may have changed. */
void leader_update(struct daemon *d);
/* Before the daemon ends: true when the loop ends by itself, once cluster.on_resigned has run. So
 * whatever follows the leader is let go before another one is elected. */
bool leader_leave(struct daemon *d);

/* daemon_status.c: what the report and the alarm ask the others for; d is the daemon. */
void daemon_facts(void *d, struct status_facts *out);
void daemon_fill_status(void *d, struct status *s, struct arena *scratch);
void daemon_fill_member(void *d, struct member *m);
/* Gather all conditions: something that is wrong, or is over, may have changed. */
void daemon_update_alerts(struct daemon *d);
/* What the agent knows, for the leader. */
struct agent_facts daemon_agent_facts(const struct daemon *d);

/* daemon.c: the exit code of the process. */
int daemon_run(const char *settings_path, bool missing_ok, bool once);

#endif
