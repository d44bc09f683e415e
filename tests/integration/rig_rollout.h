/*
 * What the tests of rollouts begin with: each has a fleet of three hosts of its own. All of it
 * belongs to the one test program that includes this.
 */
#ifndef ZKNGINX_TESTS_RIG_ROLLOUT_H
#define ZKNGINX_TESTS_RIG_ROLLOUT_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig_hosts.h"

static struct rig_fleet fleet;
static struct rig_fleet *const f = &fleet;

static inline int setup(void **state UNUSED)
{
	rig_fleet_init(f, 3);
	return 0;
}

static inline int teardown(void **state UNUSED)
{
	rig_fleet_fini(f);
	return 0;
}

/* Started, `leader` leads, and "2" is on the canary. */
static inline void put_on_the_canary(size_t leader, const char *rollout)
{
	f->rollout = rollout;
	rig_fleet_start(f, leader);
	rig_fleet_push(f, "2");
	fleet_eventually(f, rig_fleet_is(f, "canary", "2") &&
				    strcmp(rig_fleet_serves(f, 0), "2") == 0);
}

static inline void all_accepted(const char *word)
{
	fleet_eventually(f, rig_fleet_accepted(f, word) && rig_fleet_all_serve(f, word));
}

#define rollout_test(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

#endif
