/* The base of the tests of deploy: a stage, a deploy and a real nginx in one process. */
#ifndef ZKNGINX_TESTS_RIG_DEPLOY_H
#define ZKNGINX_TESTS_RIG_DEPLOY_H

#include "core/deploy/reload.h"
#include "nginx/deploy.h"
#include "rig_nginx.h"
#include "rig_stage.h"

struct rig_deploy {
	struct rig_nginx nginx;
	struct nginx_settings settings;
	sd_event *loop;
	struct stage *stage;
	struct deploy *deploy;
	/* The last outcome. */
	enum deploy_result result;
	unsigned long generation;
	char message[4096];
	enum host_condition condition;
	bool in_force;
	bool timed_out;
	unsigned done, changes, statuses; /* calls of on_done, on_change, on_status */
	bool keep_drift;                  /* rig_deploy_enter() opens the stage as it is */
	bool free_when_done;
};

/* Everything but a running nginx; each call begins in directories of its own. */
void rig_deploy_open(struct rig_deploy *r);
/* As if the daemon ended, and as if it were started. */
void rig_deploy_leave(struct rig_deploy *r);
void rig_deploy_enter(struct rig_deploy *r);
void rig_deploy_close(struct rig_deploy *r);

/* For cmocka: *state is a test program's struct rig_deploy. The directories of all tests are
 * removed after the last. */
int rig_deploy_setup_running(void **state);
int rig_deploy_setup_down(void **state);
int rig_deploy_teardown(void **state);
int rig_deploy_remove_all(void **state);

#define deploy_test(f, r, setup)                                                                   \
	cmocka_unit_test_prestate_setup_teardown(f, setup, rig_deploy_teardown, r)

/* Wait until ready, want it (the reference is taken), and wait for the outcome. */
enum deploy_result rig_deploy_put(struct rig_deploy *r, struct bundle *b);
/* … without waiting for the outcome. */
void rig_deploy_begin(struct rig_deploy *r, struct bundle *b);
enum deploy_result rig_deploy_end(struct rig_deploy *r);

/* Fails the test, with the message, unless the result is this one. */
#define rig_deploy_expect(r, wanted, got)                                                          \
	do {                                                                                       \
		enum deploy_result got_ = (got);                                                   \
		if (got_ != (wanted))                                                              \
			fail_msg("%s, not %s: %s", deploy_result_name(got_),                       \
				 deploy_result_name(wanted), (r)->message);                        \
	} while (0)

#endif
