/*
 * A host for the sandbox's tests, in the test's directory: etc/nginx.conf, a state
 * directory with a live generation that nginx would refuse and a staged one that it
 * takes, and directories for logs, temporary files and the pid file.
 */
#ifndef ZKNGINX_TESTS_RIG_SANDBOX_H
#define ZKNGINX_TESTS_RIG_SANDBOX_H

#include <zknginx/settings.h>

#include "nginx/helper.h"
#include "nginx/sandbox.h"
#include "rig.h"

struct test_result {
	bool over, passed, timed_out, failed, http_included, stream_included;
	char *text;
};

struct host {
	sd_event *loop;
	struct nginx_settings settings;
	struct sandbox *sandbox;
	const char *live, *staged, *cache, *logs;
	long master; /* for the next test; 0: none */
	struct test_result result;
};

struct host *host_new(void);
void host_free(struct host *h);
/* For cmocka: *state is a struct host of one test. */
int host_setup(void **state);
int host_teardown(void **state);

#define host_test_case(f) cmocka_unit_test_setup_teardown(f, host_setup, host_teardown)

/* The tests that begin from now on run nginx through the helper, as the daemon does. */
void host_use_helper(void);
/* … of this host. */
void host_start_helper(struct host *h);

/* nginx.conf: `head` in the main context, `body` in http{}; standard paths are set before. */
void host_configure(struct host *h, const char *head, const char *body);
/* "include LIVE/http.conf;" */
const char *host_include(const struct host *h);
/* The staged http.conf. */
void host_stage(struct host *h, const char *fmt, ...) PRINTF(2, 3);
/* … as a server that answers 200. */
void host_stage_good(struct host *h);

/* Create the sandbox again; on failure -1, like sandbox_new(). */
int host_open(struct host *h, enum sandbox_mode kind, struct err *e);
/* Start, or start and wait. */
void host_begin(struct host *h, enum sandbox_mode kind);
const struct test_result *host_test(struct host *h, enum sandbox_mode kind);
const struct test_result *host_test_in_namespace(struct host *h);
/* Fail the test, with the text of the result, unless it passed, or unless it contains this. */
void host_assert_passed(const struct test_result *v);
void host_assert_says(const struct test_result *v, const char *text);

/* Has this process no child, not even one to reap, but for the helper, which has none either? */
bool host_runs_no_test(void);

/* Everything below a directory: names, sizes, owners, modes, times of change. */
char *host_listing(const char *directory);

#endif
