/*
 * Candidates under test (src/zk/election.h): each with a session of its own through a proxy of its
 * own, all on one loop. At each change of one of them all are checked: two must never lead, and
 * two must never hold the lease.
 */
#ifndef ZKNGINX_TESTS_RIG_ELECTION_H
#define ZKNGINX_TESTS_RIG_ELECTION_H

#include <stdio.h>
#include <zookeeper/zookeeper.h>

#include "rig_loop.h"
#include "zk/election.h"

#define ELECTION "/nginx/cluster/election"
#define TARGET "/nginx/cluster/target"
#define VOTERS 20

struct voter {
	struct rig_election *rig;
	struct session *session;
	struct election *election;
	struct rig_proxy *proxy;
	char host[16];
	unsigned changes, lost_hold; /* calls of on_change, and those after which it held no more */
	bool held;
};

struct rig_election {
	struct rig_loop base;
	struct voter voters[VOTERS];
	unsigned clashes; /* changes after which two led, or two held */
	bool meddled;     /* the test deleted a leader's candidate: two may lead for a moment */
};

/* A session and a candidate that does not stand yet; v->host is set. */
void voter_open(struct voter *v, const char *hosts, uint64_t timeout);
void voter_close(struct voter *v);
/* web1 is voters[0], and so on; with a proxy. It does not stand yet. */
struct voter *voter_add(struct rig_election *r, unsigned n, uint64_t timeout);
/* Added, standing, and its place in the order is known. */
struct voter *voter_stand(struct rig_election *r, unsigned n, uint64_t timeout);

bool voter_has_role(const struct voter *v, enum election_state role);
bool voter_leads(const struct voter *v);
bool voter_is_connected(const struct voter *v);
/* The path of the candidate that its session owns; NULL: none. */
char *voter_candidate(const struct voter *v);
size_t rig_candidates(struct rig_election *r);

/* The result of one fenced write. */
struct written {
	unsigned count;
	int rc;
	size_t op_count;
	int op_rcs[4];
};

/* ctx is a struct written. */
void on_written(void *ctx, const struct session_reply *r);
/* An operation that sets TARGET. */
struct session_op set_target(const char *data);
bool target_is(struct rig_election *r, const char *data);
/* Begin to set TARGET; set it, wait, and return the result. */
void voter_begin_write(struct voter *v, const char *data, struct written *w);
int voter_write(struct voter *v, const char *data);

/* For cmocka: *state is a struct rig_election of the whole program. Each test begins with TARGET
 * ("nobody") and no candidate. */
int rig_election_setup(void **state);
int rig_election_teardown(void **state);
int rig_election_begin(void **state);
int rig_election_end(void **state);

#define election_test(f) cmocka_unit_test_setup_teardown(f, rig_election_begin, rig_election_end)

#endif
