/* A server, a client and an event loop: see rig_loop.h. */
#include <stdlib.h>

#include <zknginx/err.h>
#include <zknginx/log.h>

#include "rig_loop.h"

void rig_loop_init(struct rig_loop *r)
{
	log_setup(getenv("RIG_VERBOSE") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
	*r = (struct rig_loop){ 0 };
	if (sd_event_new(&r->loop) < 0)
		die("sd_event_new failed");
	r->server = rig_zookeeper_start(NULL);
	r->client = rig_zk_connect(rig_zookeeper_hosts(r->server));
	rig_zk_auth(r->client, "digest", "a:b");
}

void rig_loop_fini(struct rig_loop *r)
{
	rig_zk_close(r->client);
	rig_zookeeper_stop(r->server);
	sd_event_unref(r->loop);
	rig_clean();
}

int rig_loop_setup(void **state)
{
	struct rig_loop *r = xcalloc(1, sizeof(*r));

	rig_loop_init(r);
	*state = r;
	return 0;
}

int rig_loop_teardown(void **state)
{
	rig_loop_fini(*state);
	free(*state);
	return 0;
}
