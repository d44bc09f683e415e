/*
 * The doctor: checks of this host, one after the other. A check is a row of the table in
 * cmd_doctor.c. It reports one result or several, each with how to mend what is wrong, and leaves
 * facts for the checks after it.
 */
#ifndef ZKNGINX_CTL_DOCTOR_H
#define ZKNGINX_CTL_DOCTOR_H

#include <zknginx/model.h>
#include <zknginx/status.h>

#include "core/compose/host_claims.h"
#include "ctl/znodes/client.h"
#include "nginx/nginx_version.h"

#define DOCTOR_LEVELS(X)                                                                           \
	X(OK, "ok")                                                                                \
	X(WARNING, "warning")                                                                      \
	X(ERROR, "error")                                                                          \
	X(SKIPPED, "skipped")

enum doctor_level {
#define X(name, text) DOCTOR_##name,
	DOCTOR_LEVELS(X)
#undef X
		DOCTOR_LEVEL_N
};

struct doctor_result {
	const char *check;
	enum doctor_level level;
	const char *message;
	const char *fix; /* "" = nothing to do */
};

/* What nginx -T has shown of this host. */
struct doctor_nginx_conf {
	bool passed, http_included, stream_included;
	struct host_file *files; /* nginx.conf first */
	size_t count;
};

struct doctor {
	struct ctl *ctl;
	const struct settings *settings; /* ctl's */
	struct arena *arena;
	const char *check;             /* that runs now */
	struct doctor_result *results; /* of all checks so far */
	size_t count, room;
	void (*on_result)(void *ctx, const struct doctor_result *r);
	void *ctx;

	/* Facts. */
	bool has_settings;
	bool zookeeper_is_away;
	struct client *client;    /* NULL: no connection */
	const char *local_server; /* a server of zookeeper.hosts on this host; NULL: none is */
	bool has_cluster;         /* the znode exists */
	int64_t clock_ahead;      /* this host's clock against ZooKeeper's, microseconds */
	bool clock_is_known;      /* … and the time of the round trip is in clock_doubt */
	uint64_t clock_doubt;
	struct tree *config;        /* of ZooKeeper; NULL: not read */
	struct model *model;        /* of the config, or else of what nginx runs; NULL: none */
	bool has_nginx;             /* the binary can be run … */
	struct nginx_version nginx; /* … and says this */
	pid_t master;               /* of nginx; 0: not found */
	bool has_sandbox;           /* nginx -t can be run */
	enum sandbox_mode sandbox;  /* … in this kind */
	const char *live;           /* the generation's directory; NULL: there is none */
	struct doctor_nginx_conf conf;
	const struct status *status; /* of the daemon; NULL: it has written none */
};

const char *doctor_level_name(enum doctor_level l);

void doctor_ok(struct doctor *d, const char *fmt, ...) PRINTF(2, 3);
void doctor_skip(struct doctor *d, const char *fmt, ...) PRINTF(2, 3);
/* fix: what to do, in the arena or static. */
void doctor_warn(struct doctor *d, const char *fix, const char *fmt, ...) PRINTF(3, 4);
void doctor_error(struct doctor *d, const char *fix, const char *fmt, ...) PRINTF(3, 4);
/* Any of the last two. */
void doctor_report(struct doctor *d, enum doctor_level level, const char *fix, const char *fmt, ...)
	PRINTF(4, 5);

/* doctor_settings.c */
void doctor_check_settings(struct doctor *d);
void doctor_check_credentials(struct doctor *d);
/* doctor_zookeeper.c */
void doctor_check_zookeeper(struct doctor *d);
void doctor_check_znodes(struct doctor *d);
void doctor_check_write(struct doctor *d);
void doctor_check_acl(struct doctor *d);
void doctor_check_clock(struct doctor *d);
void doctor_check_data_directory(struct doctor *d);
/* doctor_config.c */
void doctor_check_config(struct doctor *d);
/* doctor_nginx.c */
void doctor_check_nginx(struct doctor *d);
void doctor_check_master(struct doctor *d);
void doctor_check_sandbox(struct doctor *d);
void doctor_check_nginx_conf(struct doctor *d);
void doctor_check_include(struct doctor *d);
void doctor_check_shutdown_timeout(struct doctor *d);
void doctor_check_default_site(struct doctor *d);
/* The parameter of the first directive of this name that has `part` in it, of all files of
 * nginx.conf;
 * "" where there is none. In the arena. */
const char *doctor_directive(struct doctor *d, const char *name, const char *part);
/* doctor_state.c */
void doctor_check_state_directory(struct doctor *d);
void doctor_check_space(struct doctor *d);
void doctor_check_live(struct doctor *d);
/* doctor_ports.c */
void doctor_check_ports(struct doctor *d);
/* doctor_certificates.c */
void doctor_check_certificates(struct doctor *d);
/* doctor_daemon.c */
void doctor_check_daemon(struct doctor *d);
void doctor_check_state(struct doctor *d);
void doctor_check_version(struct doctor *d);
void doctor_check_member(struct doctor *d);

/* doctor_module.c */
void doctor_check_module(struct doctor *d);
void doctor_check_updates(struct doctor *d);

#endif
