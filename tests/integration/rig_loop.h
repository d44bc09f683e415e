/*
 * What all tests of src/zk stand on: a server, a client that writes to it, and the loop of what is
 * tested. All of it belongs to the one test program that includes this.
 */
#ifndef ZKNGINX_TESTS_RIG_LOOP_H
#define ZKNGINX_TESTS_RIG_LOOP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "rig_proxy.h"
#include "rig_zookeeper.h"

#define SHORT_TIMEOUT (2 * USEC_PER_SEC) /* the shortest session that the server grants */
#define LONG_TIMEOUT (20 * USEC_PER_SEC) /* and the longest */
#define PATIENCE (10 * USEC_PER_SEC)

static struct rig_zookeeper *server;
static struct rig_zk *client; /* who may restrict znodes, and clean up what a test restricted */
static sd_event *loop;

static inline bool is(const char *path, const char *data)
{
	const char *found = rig_zk_get(client, path);

	return found && strcmp(found, data) == 0;
}

/* Lets the loop run for some turns: for what must not happen. */
static inline void run_turns(unsigned turns)
{
	while (turns--)
		rig_pause(loop);
}

static inline int set_up(void **state UNUSED)
{
	log_setup(getenv("RIG_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	if (sd_event_new(&loop) < 0)
		return -1;
	server = rig_zookeeper_start(NULL);
	client = rig_zk_connect(rig_zookeeper_hosts(server));
	rig_zk_auth(client, "digest", "a:b");
	return 0;
}

static inline int tear_down(void **state UNUSED)
{
	rig_zk_close(client);
	rig_zookeeper_stop(server);
	sd_event_unref(loop);
	rig_clean();
	return 0;
}

#endif
