/*
 * A real nginx in the test's directory: two workers, its own pid file, logs and
 * temp directories, on a free loopback port, including STATE/live/{http,stream}.conf.
 *
 * It needs those files to start: open a stage (or start the daemon) on n.state
 * first, or leave n.include_http and n.include_stream false.
 */
#ifndef ZKNGINX_TESTS_RIG_NGINX_H
#define ZKNGINX_TESTS_RIG_NGINX_H

#include <sys/types.h>
#include <zknginx/settings.h>

#include "rig.h"

struct rig_nginx {
	/* Paths below the test's directory; valid until rig_clean(). */
	char *root;   /* also nginx's prefix */
	char *config; /* nginx.conf */
	char *pid_file;
	char *log_directory;
	char *error_log;
	char *state; /* the state directory of the daemon under test */
	int port;    /* of the server that every configuration has: "/" answers 200 "rig" */
	pid_t pid;   /* of the master; 0: not started */
	/* What the next rig_nginx_configure() writes. */
	bool include_http, include_stream; /* true after rig_nginx_init() */
	bool daemon;                       /* detach, as a packaged nginx does: needed for USR2 */
	const char *binary;                /* NULL = the installed one */
	const char *stream_module;         /* NULL = the installed one */
	const char *main_text;             /* lines for the main context; may be NULL */
	const char *http_text;             /* lines for http{}, before the include; may be NULL */
	const char *http_tail;             /* … after the include; may be NULL */
	const char *access_log;            /* … of http{}; NULL = "off", "" = no such line */
	unsigned connections;              /* of a worker, listeners included; 0 = 512 */
};

/* Names, directories, a port, and a first nginx.conf; starts nothing. Each nginx has its `name`. */
void rig_nginx_init(struct rig_nginx *n, const char *name);
/* Write nginx.conf again from the fields above. */
void rig_nginx_configure(const struct rig_nginx *n);
/* Settings that fit: binary, config, pid, log directory, and short times. */
struct nginx_settings rig_nginx_settings(const struct rig_nginx *n);

/* Start it and wait until it answers; fails the test when it does not. */
void rig_nginx_start(struct rig_nginx *n);
/* Quick shutdown; waits for the master and its workers. Does nothing when it does not run. */
void rig_nginx_stop(struct rig_nginx *n);
/* SIGKILL the master: its pid file stays, and its workers stay until rig_nginx_stop(). */
void rig_nginx_kill9(struct rig_nginx *n);
/* A SIGHUP that is not sent by the code under test. */
void rig_nginx_send_hup(const struct rig_nginx *n);

/*
 * GET http://127.0.0.1:port/path with this Host (NULL: "localhost"). Returns the
 * status, 0 when there was no answer; *body (may be NULL) is valid until the next call.
 */
int rig_nginx_get(int port, const char *path, const char *host, const char **body);
/* From now on this process waits for an answer as long as eventually() does, and not five seconds:
 * where each answer counts. */
void rig_nginx_be_patient(void);
/* The whole last answer, with its head; valid until the next request. */
const char *rig_nginx_answer(void);
/* Half a request, which a worker has read: it has to wait for the rest. Returns the connection; the
 * test fails when no worker reads it. */
int rig_nginx_hold(int port);
/* Is the body of 127.0.0.1:port/ (status 200) exactly this text? */
bool rig_nginx_says(int port, const char *text);
/* The number of SIGHUPs that the master has processed since its start. */
unsigned rig_nginx_reloads(const struct rig_nginx *n);

#endif
