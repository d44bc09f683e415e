/*
 * Candidates under test: each with a session of its own through a proxy of its own, all on one
 * loop. Whenever one of them changes, all are looked at: two must never lead, nor hold. All of it
 * belongs to the one test program that includes this.
 */
#ifndef ZKNGINX_TESTS_RIG_ELECTION_H
#define ZKNGINX_TESTS_RIG_ELECTION_H

#include <zookeeper/zookeeper.h>

#include "rig_loop.h"
#include "zk/election.h"

#define ELECTION "/nginx/cluster/election"
#define TARGET "/nginx/cluster/target"
#define VOTERS 20

struct voter {
	struct session *session;
	struct election *election;
	struct rig_proxy *proxy;
	char host[16];
	unsigned changes, lost_hold;
	bool held;
};

static struct voter voters[VOTERS];
static unsigned clashes;
static bool meddled; /* an operator took the office from a leader, who learns it a moment later */

static inline void on_change(void *ctx)
{
	struct voter *v = ctx;
	unsigned leading = 0, holding = 0;
	bool holds = election_holds(v->election);

	for (size_t i = 0; i < VOTERS; i++) {
		leading += voters[i].election && election_leads(voters[i].election);
		holding += voters[i].election && election_holds(voters[i].election);
	}
	clashes += leading > 1 || holding > 1;
	v->changes++;
	v->lost_hold += v->held && !holds;
	v->held = holds;
}

static inline void on_state(void *ctx, enum session_state state)
{
	struct voter *v = ctx;

	if (v->election)
		election_on_state(v->election, state);
}

static inline void on_watch(void *ctx, int type, const char *path)
{
	struct voter *v = ctx;

	if (v->election)
		election_on_watch(v->election, type, path);
}

static const struct session_ops ops = { .on_state = on_state, .on_watch = on_watch };

static inline void open_voter(struct voter *v, const char *hosts, uint64_t timeout)
{
	struct zookeeper_settings z = { .hosts = hosts,
					.session_timeout = timeout,
					.auth_file = "" };
	struct err e;

	if (session_new(loop, "control", &z, &ops, v, &v->session, &e) < 0 ||
	    election_new(loop, v->session, "/nginx/cluster", v->host, on_change, v, &v->election,
			 &e) < 0)
		fail_msg("%s", e.text);
}

/* web1 is voters[0], and so on. It does not stand yet. */
static inline struct voter *add_voter(unsigned n, uint64_t timeout)
{
	struct voter *v = &voters[n - 1];
	char hosts[64];

	*v = (struct voter){ 0 };
	snprintf(v->host, sizeof(v->host), "web%u", n);
	v->proxy = rig_proxy_start(rig_zookeeper_port(server));
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(v->proxy));
	open_voter(v, hosts, timeout);
	return v;
}

static inline bool has_role(const struct voter *v, enum election_state role)
{
	return election_role(v->election) == role;
}

static inline bool leads(const struct voter *v)
{
	return election_leads(v->election);
}

static inline bool is_connected(const struct voter *v)
{
	return session_state(v->session) == SESSION_CONNECTED;
}

/* Standing, and with its place in the order known. */
static inline struct voter *stand(unsigned n, uint64_t timeout)
{
	struct voter *v = add_voter(n, timeout);

	election_stand_for(v->election, true);
	eventually(loop, leads(v) || has_role(v, ELECTION_FOLLOWING));
	return v;
}

static inline void close_voter(struct voter *v)
{
	election_free(TAKE(v->election));
	session_free(TAKE(v->session), PATIENCE);
	rig_proxy_stop(TAKE(v->proxy));
}

/* --- the candidates' znodes ------------------------------------------------------------------ */

static inline size_t candidate_count(void)
{
	char **names = rig_zk_children(client, ELECTION);
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

/* The path of the candidate that this voter's session owns; NULL: none. */
static inline char *candidate_of(const struct voter *v)
{
	char **names = rig_zk_children(client, ELECTION);

	for (size_t i = 0; names[i]; i++) {
		char *path = rig_path("%s/%s", ELECTION, names[i]) + strlen(rig_directory()) + 1;

		if (rig_zk_owner(client, path) == session_id(v->session))
			return path;
	}
	return NULL;
}

static inline bool target_is(const char *data)
{
	return is(TARGET, data);
}

/* --- fenced writes --------------------------------------------------------------------------- */

struct written {
	unsigned count;
	int rc;
	size_t op_count;
	int op_rcs[4];
};

static inline void on_written(void *ctx, const struct session_reply *r)
{
	struct written *w = ctx;

	w->count++;
	w->rc = r->rc;
	w->op_count = r->op_count;
	for (size_t i = 0; i < r->op_count && i < ARRAY_SIZE(w->op_rcs); i++)
		w->op_rcs[i] = r->op_rcs[i];
}

static inline struct session_op set_target(const char *data)
{
	return (struct session_op){
		.kind = OP_SET, .path = TARGET, .data = data, .size = strlen(data), .version = -1
	};
}

static inline void write_target(struct voter *v, const char *data, struct written *w)
{
	struct session_op op = set_target(data);

	election_write(v->election, &op, 1, on_written, w);
	assert_int_equal(w->count, 0);
}

/* What came of writing this; on the stack only while it waits. */
static inline int result_of_writing(struct voter *v, const char *data)
{
	struct written w = { 0 };

	write_target(v, data, &w);
	eventually(loop, w.count == 1);
	return w.rc;
}

/* --- life ------------------------------------------------------------------------------------ */

static inline int clean_slate(void **state UNUSED)
{
	rig_zk_delete_all(client, "/nginx");
	rig_zk_create(client, TARGET, "nobody");
	clashes = 0;
	meddled = false;
	return 0;
}

static inline int stop(void **state UNUSED)
{
	for (size_t i = 0; i < VOTERS; i++) {
		if (voters[i].session)
			close_voter(&voters[i]);
	}
	assert_true(meddled || clashes == 0);
	return 0;
}

#define election_test(f) cmocka_unit_test_setup_teardown(f, clean_slate, stop)

#endif
