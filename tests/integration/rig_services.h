/*
 * A whole host (rig_host.h) and applications that register themselves in its ZooKeeper, for the
 * tests of discovery. A test program has one host; some ports of its nginx answer like
 * applications.
 */
#ifndef ZKNGINX_TESTS_RIG_SERVICES_H
#define ZKNGINX_TESTS_RIG_SERVICES_H

#include "rig_host.h"

#define CONFIG "/nginx/config"
#define UPSTREAMS CONFIG "/upstreams"
#define BACKENDS 4

extern struct rig_host host;
extern int port;                                 /* of the site of a test */
extern int backend[BACKENDS];                    /* ports that answer … */
extern const char *const backend_says[BACKENDS]; /* … "one", "two", … */

/* For cmocka: the host with its backends; the daemon and nginx are not started yet. */
int services_setup(void **state);
int services_setup_at(struct rig_zookeeper *z);
int services_teardown(void **state);
/* More lines for http{} of an nginx that does not run yet. */
void services_nginx(const char *text);

/* A site on this port whose every request goes to the upstream. */
void services_site(const char *znode, int on, const char *upstream);
/* An upstream that discovers; `more` are further fields, with their comma, or "". */
void services_upstream(const char *name, const char *discover, const char *more);
/* A registration of the format "address" for a port of 127.0.0.1. */
void services_register(struct rig_zk *app, const char *path, int on);
void services_deregister(struct rig_zk *app, const char *path, int on);

/* The upstream's block in this http.conf, without its closing brace; "" when there is none. */
const char *services_block(const char *config, const char *upstream);
/* Is this, "ADDRESS" or "ADDRESS PARAMETERS", one of its servers? */
bool services_has(const char *upstream, const char *server);
bool services_has_port(const char *upstream, int on);
size_t services_count(const char *upstream);
/* Is there a stored generation with no server in this upstream? */
bool services_were_gone(const char *upstream);
/* Are this many requests answered with 200? */
bool services_answer(int on, unsigned times);
/* All is applied, and there is no problem. */
bool services_are_applied(void);

#endif
