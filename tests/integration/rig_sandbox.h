/*
 * A host for the sandbox's tests, in the test's directory: etc/nginx.conf, a state
 * directory with a live generation that nginx would refuse and a staged one that it
 * takes, and directories for logs, temporary files and the pid file.
 */
#ifndef ZKNGINX_TESTS_RIG_SANDBOX_H
#define ZKNGINX_TESTS_RIG_SANDBOX_H

#include <zknginx/settings.h>

#include "nginx/sandbox.h"
#include "rig.h"

struct verdict {
	bool over, passed, timed_out, failed, http_included, stream_included;
	char *text;
};

struct host {
	sd_event *loop;
	struct nginx_settings settings;
	struct sandbox *sandbox;
	const char *live, *staged, *cache, *logs;
	long master; /* for the next test; 0: none */
	struct verdict verdict;
};

struct host *host_new(void);
void host_free(struct host *h);

/* nginx.conf: `head` in the main context, `body` in http{}; standard paths are set before. */
void host_configure(struct host *h, const char *head, const char *body);
/* "include LIVE/http.conf;" */
const char *host_include(const struct host *h);
/* The staged http.conf. */
void host_stage(struct host *h, const char *fmt, ...) PRINTF(2, 3);
/* … as a server that says 200. */
void host_stage_good(struct host *h);

/* Make the sandbox anew; on failure -1, as sandbox_new(). */
int host_open(struct host *h, enum sandbox_mode kind, struct err *e);
/* Start, or start and wait. */
void host_begin(struct host *h, enum sandbox_mode kind);
const struct verdict *host_test(struct host *h, enum sandbox_mode kind);

/* Everything below a directory: names, sizes, owners, modes, times of change. */
char *host_listing(const char *directory);

#endif
