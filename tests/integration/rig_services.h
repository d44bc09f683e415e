/*
 * A whole host (rig_host.h) and applications that register themselves in its ZooKeeper, for the
 * tests of discovery. Some ports of the host's nginx answer like applications.
 */
#ifndef ZKNGINX_TESTS_RIG_SERVICES_H
#define ZKNGINX_TESTS_RIG_SERVICES_H

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define UPSTREAMS CONFIG "/upstreams"
#define BACKENDS 4

struct rig_services {
	struct rig_host host;
	int port;              /* of the site of a test */
	int backend[BACKENDS]; /* ports that answer "one", "two", … */
};

extern const char *const backend_says[BACKENDS];

/* For cmocka: *state is a struct rig_services of one test; its daemon and nginx are not started
 * yet.
 */
int services_setup(void **state);
/* … with this ZooKeeper, which the teardown stops. */
int services_setup_at(void **state, struct rig_zookeeper *z);
int services_teardown(void **state);
/* More lines for http{} of an nginx that does not run yet. */
void services_nginx(struct rig_services *s, const char *text);

/* A site on this port whose every request goes to the upstream. */
void services_site(struct rig_services *s, const char *znode, int on, const char *upstream);
/* An upstream that discovers; `more` are further fields, with their comma, or "". */
void services_upstream(struct rig_services *s, const char *name, const char *discover,
		       const char *more);
/* A registration of the format "address" for a port of 127.0.0.1. */
void services_register(struct rig_zk *app, const char *path, int on);
void services_deregister(struct rig_zk *app, const char *path, int on);

/* The upstream's block in this http.conf, without its closing brace; "" when there is none. */
const char *services_block(const char *config, const char *upstream);
/* Is this, "ADDRESS" or "ADDRESS PARAMETERS", one of its servers? */
bool services_has(struct rig_services *s, const char *upstream, const char *server);
bool services_has_port(struct rig_services *s, const char *upstream, int on);
size_t services_count(struct rig_services *s, const char *upstream);
/* Is there a stored generation with no server in this upstream? */
bool services_were_gone(struct rig_services *s, const char *upstream);
/* Are this many requests answered with 200? */
bool services_answer(int on, unsigned times);
/* All is applied, and there is no problem. */
bool services_are_applied(struct rig_services *s);

#endif
