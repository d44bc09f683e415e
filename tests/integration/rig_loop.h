/* The base of every test of src/zk: a server, a client that writes to it, and an event loop. */
#ifndef ZKNGINX_TESTS_RIG_LOOP_H
#define ZKNGINX_TESTS_RIG_LOOP_H

#include "rig_proxy.h"
#include "rig_zookeeper.h"

#define SHORT_TIMEOUT (2 * USEC_PER_SEC) /* the shortest session that the server grants */
#define LONG_TIMEOUT (20 * USEC_PER_SEC) /* and the longest */
#define PATIENCE (10 * USEC_PER_SEC)

struct rig_loop {
	sd_event *loop;
	struct rig_zookeeper *server;
	struct rig_zk *client; /* may restrict znodes, and delete what a test restricted */
};

/* RIG_VERBOSE=1 in the environment: the code under test logs at level debug. */
void rig_loop_init(struct rig_loop *r);
void rig_loop_fini(struct rig_loop *r);

/* For cmocka: *state is a struct rig_loop of the whole program. */
int rig_loop_setup(void **state);
int rig_loop_teardown(void **state);

#endif
