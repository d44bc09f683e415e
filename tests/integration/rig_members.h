/*
 * Registrations of hosts under test (src/zk/fleet.h), without the rest of a daemon: `web1` with
 * a proxy before it, and `twin`, a second host that is called "web1" too. Each has a session of its
 * own, and both live in this process.
 */
#ifndef ZKNGINX_TESTS_RIG_MEMBERS_H
#define ZKNGINX_TESTS_RIG_MEMBERS_H

#include "rig_loop.h"
#include "zk/fleet.h"

#define MEMBER "/nginx/cluster/members/web1"
#define REPORT "/nginx/cluster/reports/web1"
#define SERVICE "/services/nginx/web1"

struct rig_member {
	struct rig_members *rig;
	struct fleet *fleet;
	unsigned states, duplicates; /* calls of on_state, and those that found a duplicate */
};

struct rig_members {
	struct rig_loop base;
	struct rig_proxy *proxy;
	struct rig_member web1, twin;
};

void rig_member_start(struct rig_member *m, uint64_t timeout);
/* … with a port of ZooKeeper's (or the proxy's) and zookeeper.auth_file. */
void rig_member_start_with(struct rig_member *m, int port, uint64_t timeout, const char *auth_file);
/* The service may be NULL: not announced. */
void rig_member_publish(struct rig_member *m, const char *member, const char *report,
			const char *service);
/* End it as SIGKILL does (web1 only): the link breaks, and the server waits for the session to
 * time out. */
void rig_member_kill(struct rig_member *m);

bool rig_member_is_connected(const struct rig_member *m);
/* Has it its member znode? Does it find that another host has its name? */
bool rig_member_is_in(const struct rig_member *m);
bool rig_member_is_duplicate(const struct rig_member *m);
int64_t rig_member_session(const struct rig_member *m);
/* Is the ephemeral at this path of its session? */
bool rig_member_owns(const struct rig_member *m, const char *path);

/* For cmocka: *state is a struct rig_members of the whole program. Each test begins without znodes
 * and without registrations. */
int rig_members_setup(void **state);
int rig_members_teardown(void **state);
int rig_members_begin(void **state);
int rig_members_end(void **state);

#define members_test(f) cmocka_unit_test_setup_teardown(f, rig_members_begin, rig_members_end)

#endif
