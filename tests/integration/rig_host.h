/*
 * A whole host: a real ZooKeeper, a real nginx and the zknginxd binary between them, as an operator
 * runs them. $ZKNGINXD is the path of the daemon; build/zknginxd where it is not set.
 */
#ifndef ZKNGINX_TESTS_RIG_HOST_H
#define ZKNGINX_TESTS_RIG_HOST_H

#include <sys/stat.h>

#include <jansson.h>

#include "rig_nginx.h"
#include "rig_zookeeper.h"

struct rig_host {
	struct rig_zookeeper *zookeeper;
	struct rig_nginx nginx;
	struct rig_zk *zk; /* the operator's client */
	const char *name;
	char *settings;                 /* the daemon's settings file */
	const char *hosts;              /* zookeeper.hosts; NULL: those of `zookeeper` */
	const char *zookeeper_settings; /* more of its group zookeeper; may be NULL */
	const char *nginx_settings;     /* more of its group nginx; may be NULL */
	const char *state_settings;     /* more of its group state; may be NULL */
	const char *session_timeout;    /* NULL: "4s" */
	char *log;
	pid_t daemon;            /* 0: not started */
	struct stat left_behind; /* the status.json that was there when it was started */
};

/* ZooKeeper, nginx and an operator's client; the daemon is not started yet. */
void rig_host_init(struct rig_host *h, const char *name);
/* As init, with a ZooKeeper that the caller started. */
void rig_host_init_at(struct rig_host *h, const char *name, struct rig_zookeeper *z);
/* End everything that init and start began. */
void rig_host_fini(struct rig_host *h);

/* Write the settings file: the rig's own lines, then `more` (libconfig text, may be NULL). */
void rig_host_settings(struct rig_host *h, const char *more);
/* Start the daemon (and nginx first, if it does not run) and wait until its state is not "waiting".
 */
void rig_host_start(struct rig_host *h);
void rig_host_start_daemon(struct rig_host *h);
/* End the daemon with a signal; returns the wait status. */
int rig_host_stop_daemon(struct rig_host *h, int signal);
/* Run the daemon's binary with these arguments after -c SETTINGS; returns its exit status. */
int rig_host_run(struct rig_host *h, char **output, const char *argument, ...);

/* The content of STATE/status.json; NULL while there is none, or only that of an earlier daemon
 * than the one that runs. Valid until the next call. */
json_t *rig_host_status(struct rig_host *h);
/* A string of it by path ("revision.applied"), "" where it is missing. Valid for a few calls. */
const char *rig_host_status_text(struct rig_host *h, const char *path);
long rig_host_status_number(struct rig_host *h, const char *path);
/* Is this the state, and is it the state of the generation that is live now? */
bool rig_host_is(struct rig_host *h, const char *state);
/* … with so many problems, in the same report? */
bool rig_host_is_with(struct rig_host *h, const char *state, size_t problems);
/* Is there such a problem, with these words in its message or its field? */
bool rig_host_has_problem(struct rig_host *h, const char *znode, const char *kind,
			  const char *serving, const char *words);
size_t rig_host_problem_count(struct rig_host *h);
/* The site "s" of the config: 127.0.0.1:port answers this text. */
void rig_host_set_site(struct rig_host *h, int port, const char *text);
/* Fails the test, with the problems and the end of the log, where the report has any. */
void rig_host_assert_no_problems(struct rig_host *h);
/* Is an alert of this key raised? */
bool rig_host_has_alert(struct rig_host *h, const char *key);

/* Has the daemon converged, with no work pending? */
bool rig_host_is_quiet(struct rig_host *h);

/* The live http.conf or stream.conf. */
const char *rig_host_live(struct rig_host *h, const char *file);

#endif
