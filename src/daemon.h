/*
 * The daemon: the one struct that sees all wings, shared by the few files at the
 * top of the house.
 *
 *	daemon.c	lifetimes, signals
 *	daemon_settings.c	settings, and when they change
 *	daemon_status.c		the parts of the status, each by a function of its owner
 *	daemon_conditions.c	the conditions of this host, likewise
 *	main.c		the command line
 *
 *	agent/		what this host runs
 *	leader/		what it does for the fleet while it leads
 *	report/		what is published of it, and the alerts
 *	preview/	a tree judged offline
 */
#ifndef ZKNGINX_DAEMON_H
#define ZKNGINX_DAEMON_H

#include <limits.h>

#include <systemd/sd-event.h>

#include <zknginx/alerts.h>
#include <zknginx/log.h>
#include <zknginx/model.h>
#include <zknginx/status.h>

#include "agent/refusal.h"
#include "core/compose/guard.h"
#include "core/compose/host_claims.h"
#include "core/data/quarantine.h"
#include "core/fleet/override.h"
#include "core/rollout/gate.h"
#include "core/rollout/rollout.h"
#include "host/hook.h"
#include "host/http.h"
#include "host/names.h"
#include "host/settings.h"
#include "leader/leader.h"
#include "nginx/deploy.h"
#include "nginx/stage.h"
#include "report/alarm.h"
#include "report/report.h"
#include "sys/timing.h"
#include "zk/fleet.h"
#include "zk/history_io.h"
#include "zk/mirror.h"
#include "zk/roots.h"

/* A deployment that is under way: what it was made from, kept until its outcome is known. */
struct attempt {
	struct model *model; /* NULL: none is under way */
	struct tree *tree;   /* what it was made of: the newest, or what this host may run */
	struct bundle *bundle;
	char revision[DIGEST_HEX_SIZE];
	double steps_ms[STEP_N]; /* of the stages before nginx/deploy's */
};

/* What nginx.conf takes for itself, as it was last read. */
struct host_config {
	struct host_claims *claims; /* NULL: not known yet */
	unsigned long serial;
};

/* Which config this host may run, and what is at hand of it. */
struct permission {
	char *plan_path, *file;
	struct arena *arena; /* of the plan */
	struct plan plan;
	bool has_plan, complained;
	struct permit permit;
	char newest[DIGEST_HEX_SIZE]; /* revision of the newest tree */
	bool whole;                   /* … of which everything could be read, once at least */
	bool wiped;                   /* … which has no object at all */
	struct tree *config;          /* of the revision that nginx runs, as far as is known … */
	char held[DIGEST_HEX_SIZE];   /* … which is this; "" = none at hand */
	struct tree *fetched;         /* from the history */
	char fetched_revision[DIGEST_HEX_SIZE], fetching[DIGEST_HEX_SIZE];
	struct history_job *job;
	char *trouble;  /* why the last fetch failed; NULL = it did not */
	uint64_t retry; /* … and not before then again */
};

/* This host's verdict on what it was permitted before others. */
struct judge {
	struct gate *gate;
	struct hooks *hooks; /* a queue of its own: a gate may take its time */
	enum verdict told;
	bool applied, asking;
	char asked[DIGEST_HEX_SIZE]; /* what the gate command that runs was asked of */
	uint64_t ask_at;
	sd_event_source *timer;
};

struct daemon {
	const char *settings_path;
	bool settings_missing_ok;
	struct settings_file *file;
	const struct settings *settings; /* of `file` */
	char host[HOST_NAME_MAX + 1];
	char id[17];      /* of this start, hex: tells two hosts of one name apart */
	uint64_t started; /* wall clock */
	char *address;    /* of nginx, as the fleet is told */
	sd_event *loop;
	bool once; /* converge once, then leave with `exit_code` */
	int exit_code;

	struct stage *stage;
	struct deploy *deploy;
	struct mirror *mirror;
	struct fleet *fleet;
	struct http *http;

	struct policy policy;
	struct guard *guard;
	struct guard_rules guard_rules;
	struct quarantine *quarantine;
	struct overrides *overrides;
	struct roots roots;
	struct names_cache *names;
	struct last_names *last_names;
	struct permission permission;
	struct judge judge;
	struct leader *leader; /* NULL with --once */

	struct tree *tree;     /* the newest settled tree; NULL until there is one */
	struct tree *accepted; /* the znodes behind what nginx runs */
	struct model *good;    /* the model of these */
	char seen[DIGEST_HEX_SIZE], applied[DIGEST_HEX_SIZE]; /* revisions; "" = none yet */
	struct attempt attempt;
	struct host_config host_config;
	struct refusal refusal;
	bool dirty;             /* something changed since the last run began */
	sd_event_source *again; /* timer: run again … */
	uint64_t again_at;      /* … then; NEVER = it is off */

	struct problems problems; /* of the last run */
	struct report *report;
	struct alarm *alarm; /* NULL with --once */
	unsigned long deaths;
	uint64_t last_death;
};

/* daemon_settings.c */
void daemon_use_settings(struct daemon *d, struct settings_file *file);
void daemon_reload_settings(struct daemon *d);

/* converge.c */
/* Something changed, or may have: run the path from the newest tree as soon as it can be. */
void converge(struct daemon *d);
/* The same, at that time at the latest. */
void converge_at(struct daemon *d, uint64_t when);
void converge_on_tree(void *daemon, struct tree *tree);
void converge_on_done(void *daemon, const struct outcome *o);
void converge_on_change(void *daemon);
void converge_on_names(void *daemon);
/* What nginx would read of this model, with the settings of now. */
struct bundle *converge_render(struct daemon *d, const struct model *m);
/* nginx runs this model (which is taken over): the last good form of everything. */
void converge_accept(struct daemon *d, struct model *model);
void converge_end_attempt(struct daemon *d);
void converge_fini(struct daemon *d);

/* operator.c */
/* Before the model of a run is made, and after it: what is wrong becomes problems of the run. */
void operator_read(struct daemon *d);
void operator_problems(struct daemon *d);
/* When an operator released the guard of this upstream; see guard.h. */
uint64_t operator_confirmed(void *daemon, const char *upstream);

/* host_config.c */
/* live: the directory; good: the model of what nginx runs, which is told who its default servers
 * are. */
void host_config_init(struct host_config *h, const char *live, struct model *good);
void host_config_fini(struct host_config *h);
/* For compose; NULL: not known yet. */
const struct host_claims *host_config_claims(struct host_config *h, const struct deploy *deploy);
/* Is there something that host_config_claims() has not read? */
bool host_config_has_changed(const struct host_config *h, const struct deploy *deploy);
/* nginx does not run. */
bool host_config_sockets_are_free(const struct deploy *deploy);

/* permission.c */
void permission_init(struct daemon *d);
void permission_fini(struct daemon *d);
/* There is another newest tree. */
void permission_on_tree(struct daemon *d);
/* The settings or the membership may have changed. */
void permission_update(struct daemon *d);
enum member_part permission_part(const struct daemon *d);
/* What to render of `live`, the newest tree (one reference), and its revision. */
struct tree *permission_tree(struct daemon *d, struct tree *live, char revision[DIGEST_HEX_SIZE]);
/* nginx runs the attempt: its config is what to stay on. */
void permission_keep(struct daemon *d);

/* judge.c */
void judge_init(struct daemon *d);
void judge_fini(struct daemon *d);
/* What this host is permitted may have changed. */
void judge_permit(struct daemon *d);
/* The problems of a run are known. */
void judge_run(struct daemon *d);
void judge_outcome(struct daemon *d, const struct outcome *o);
/* The attempt is not tried again for a while. */
void judge_put_off(struct daemon *d);
/* The verdict, for the member znode; borrowed. */
void judge_fill(const struct daemon *d, struct member *m);

/* daemon.c */
/* The election, the newest tree or what this host runs may have changed. */
void daemon_update_leader(struct daemon *d);

/* last_names.c */
/* `fresh` is asked first; where it has no addresses yet, those of the last time stand. */
struct last_names *last_names_new(const char *state, const struct names *fresh);
void last_names_free(struct last_names *l);
const struct names *last_names_view(struct last_names *l);
/* The model is in force: what its names stand for is what to come back to. */
void last_names_keep(struct last_names *l, const struct model *m);

/* daemon_status.c: the parts of the report and the facts that it asks for; d is the daemon. */
void daemon_facts(void *d, struct status_facts *out);
void daemon_fill_status(void *d, struct status *s, struct arena *scratch);
void daemon_fill_member(void *d, struct member *m);
/* The paths that the mirror cannot read, for the report. */
void daemon_report_unreadable(struct daemon *d);

/* daemon_conditions.c */
/* Gather all conditions: something that is wrong, or is over, may have changed. */
void daemon_update_alerts(struct daemon *d);

/* daemon.c: the exit code of the process. */
int daemon_run(const char *settings_path, bool missing_ok, bool once);

#endif
