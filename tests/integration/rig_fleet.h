/*
 * Fleets under test: a server with a proxy before it, and hosts which are all called "web1" and
 * live in this process, each with a session of its own. All of it belongs to the one test program
 * that includes this.
 */
#ifndef ZKNGINX_TESTS_RIG_FLEET_H
#define ZKNGINX_TESTS_RIG_FLEET_H

#include "rig_loop.h"
#include "zk/fleet.h"

#define MEMBER "/nginx/cluster/members/web1"
#define REPORT "/nginx/cluster/reports/web1"
#define SERVICE "/services/nginx/web1"

static struct rig_proxy *proxy;

struct rig_fleet {
	struct fleet *fleet;
	unsigned states, accusations; /* how often it was told; … that it is a duplicate */
};
static struct rig_fleet web1, twin;

static inline void on_fleet_state(void *ctx)
{
	struct rig_fleet *r = ctx;

	r->states++;
	r->accusations += fleet_membership(r->fleet, NULL) == FLEET_DUPLICATE;
}

static inline void start_with(struct rig_fleet *r, int port, uint64_t timeout,
			      const char *auth_file)
{
	char hosts[64];
	struct zookeeper_settings z = {
		.hosts = hosts,
		.cluster = "/nginx/cluster",
		.session_timeout = timeout,
		.auth_file = auth_file,
	};
	struct fleet_spec spec = { .zookeeper = &z,
				   .host = "web1",
				   .service = "/services/nginx",
				   .on_state = on_fleet_state,
				   .ctx = r };
	struct err e;

	*r = (struct rig_fleet){ 0 };
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", port);
	if (fleet_new(loop, &spec, &r->fleet, &e) < 0)
		fail_msg("%s", e.text);
}

/* web1 stands behind the proxy, its twin does not. */
static inline void start(struct rig_fleet *r, uint64_t timeout)
{
	start_with(r, r == &web1 ? rig_proxy_port(proxy) : rig_zookeeper_port(server), timeout, "");
}

static inline void publish_all(struct rig_fleet *r, const char *member, const char *report,
			       const char *service)
{
	fleet_publish(r->fleet,
		      &(struct fleet_news){ .member = member,
					    .member_size = strlen(member),
					    .report = report,
					    .report_size = strlen(report),
					    .service = service,
					    .service_size = service ? strlen(service) : 0 });
}

static inline void publish(struct rig_fleet *r, const char *member, const char *report)
{
	publish_all(r, member, report, NULL);
}

static inline bool is_connected(const struct rig_fleet *r)
{
	return session_state(fleet_session(r->fleet)) == SESSION_CONNECTED;
}

static inline bool is_member(const struct rig_fleet *r)
{
	return fleet_membership(r->fleet, NULL) == FLEET_MEMBER;
}

static inline bool is_duplicate(const struct rig_fleet *r)
{
	return fleet_membership(r->fleet, NULL) == FLEET_DUPLICATE;
}

static inline int64_t session_of(const struct rig_fleet *r)
{
	return session_id(fleet_session(r->fleet));
}

static inline bool owns(const struct rig_fleet *r, const char *path)
{
	return rig_zk_owner(client, path) == session_of(r);
}

/* As SIGKILL does it: the link breaks, and the server waits for the session to time out. */
static inline void kill_web1(void)
{
	rig_proxy_cut(proxy);
	eventually(loop, !is_connected(&web1));
	fleet_free(TAKE(web1.fleet));
	rig_proxy_mend(proxy);
}

static inline int clean_slate(void **state UNUSED)
{
	rig_zk_delete_all(client, "/nginx");
	rig_zk_delete_all(client, "/services");
	proxy = rig_proxy_start(rig_zookeeper_port(server));
	return 0;
}

static inline int stop(void **state UNUSED)
{
	fleet_free(TAKE(web1.fleet));
	fleet_free(TAKE(twin.fleet));
	rig_proxy_stop(TAKE(proxy));
	return 0;
}

#define fleet_test(f) cmocka_unit_test_setup_teardown(f, clean_slate, stop)

#endif
