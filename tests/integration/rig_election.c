/* Candidates under test: see rig_election.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/err.h>

#include "rig_election.h"

static void on_change(void *ctx)
{
	struct voter *v = ctx;
	struct rig_election *r = v->rig;
	unsigned leading = 0, holding = 0;
	bool holds = election_holds(v->election);

	for (size_t i = 0; i < VOTERS; i++) {
		const struct election *e = r->voters[i].election;

		leading += e && election_leads(e);
		holding += e && election_holds(e);
	}
	r->clashes += leading > 1 || holding > 1;
	v->changes++;
	v->lost_hold += v->held && !holds;
	v->held = holds;
}

static void on_state(void *ctx, enum session_state state)
{
	struct voter *v = ctx;

	if (v->election)
		election_on_state(v->election, state);
}

static void on_watch(void *ctx, int type, const char *path)
{
	struct voter *v = ctx;

	if (v->election)
		election_on_watch(v->election, type, path);
}

static const struct session_ops ops = { .on_state = on_state, .on_watch = on_watch };

void voter_open(struct voter *v, const char *hosts, uint64_t timeout)
{
	sd_event *loop = v->rig->base.loop;
	struct zookeeper_settings z = {
		.hosts = hosts,
		.session_timeout = timeout,
		.max_frame = RIG_MAX_FRAME,
		.max_data = RIG_MAX_DATA,
		.auth_file = "",
	};
	struct err e;

	if (session_new(loop, "control", &z, &ops, v, &v->session, &e) < 0 ||
	    election_new(loop, v->session, "/nginx/cluster", v->host, on_change, v, &v->election,
			 &e) < 0)
		fail_msg("%s", e.text);
}

void voter_close(struct voter *v)
{
	election_free(TAKE(v->election));
	session_free(TAKE(v->session), PATIENCE);
	rig_proxy_stop(TAKE(v->proxy));
}

struct voter *voter_add(struct rig_election *r, unsigned n, uint64_t timeout)
{
	struct voter *v = &r->voters[n - 1];
	char hosts[64];

	*v = (struct voter){ .rig = r };
	snprintf(v->host, sizeof(v->host), "web%u", n);
	v->proxy = rig_proxy_start(rig_zookeeper_port(r->base.server));
	snprintf(hosts, sizeof(hosts), "127.0.0.1:%d", rig_proxy_port(v->proxy));
	voter_open(v, hosts, timeout);
	return v;
}

struct voter *voter_stand(struct rig_election *r, unsigned n, uint64_t timeout)
{
	struct voter *v = voter_add(r, n, timeout);

	election_stand_for(v->election, true);
	eventually(r->base.loop, voter_leads(v) || voter_has_role(v, ELECTION_FOLLOWING));
	return v;
}

bool voter_has_role(const struct voter *v, enum election_state role)
{
	return election_role(v->election) == role;
}

bool voter_leads(const struct voter *v)
{
	return election_leads(v->election);
}

bool voter_is_connected(const struct voter *v)
{
	return session_state(v->session) == SESSION_CONNECTED;
}

/* --- the candidates' znodes ------------------------------------------------------------------ */

size_t rig_candidates(struct rig_election *r)
{
	char **names = rig_zk_children(r->base.client, ELECTION);
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

char *voter_candidate(const struct voter *v)
{
	struct rig_zk *client = v->rig->base.client;
	char **names = rig_zk_children(client, ELECTION);

	for (size_t i = 0; names[i]; i++) {
		char *path = rig_path("%s/%s", ELECTION, names[i]) + strlen(rig_directory()) + 1;

		if (rig_zk_owner(client, path) == session_id(v->session))
			return path;
	}
	return NULL;
}

/* --- fenced writes --------------------------------------------------------------------------- */

void on_written(void *ctx, const struct session_reply *r)
{
	struct written *w = ctx;

	w->count++;
	w->rc = r->rc;
	w->op_count = r->op_count;
	for (size_t i = 0; i < r->op_count && i < ARRAY_SIZE(w->op_rcs); i++)
		w->op_rcs[i] = r->op_rcs[i];
}

struct session_op set_target(const char *data)
{
	return (struct session_op){
		.kind = OP_SET, .path = TARGET, .data = data, .size = strlen(data), .version = -1
	};
}

bool target_is(struct rig_election *r, const char *data)
{
	return rig_zk_is(r->base.client, TARGET, data);
}

void voter_begin_write(struct voter *v, const char *data, struct written *w)
{
	struct session_op op = set_target(data);

	election_write(v->election, &op, 1, on_written, w);
	assert_int_equal(w->count, 0);
}

int voter_write(struct voter *v, const char *data)
{
	struct written w = { 0 };

	voter_begin_write(v, data, &w);
	eventually(v->rig->base.loop, w.count == 1);
	return w.rc;
}

/* --- for cmocka ------------------------------------------------------------------------------ */

int rig_election_setup(void **state)
{
	struct rig_election *r = xcalloc(1, sizeof(*r));

	rig_loop_init(&r->base);
	*state = r;
	return 0;
}

int rig_election_teardown(void **state)
{
	struct rig_election *r = *state;

	rig_loop_fini(&r->base);
	free(r);
	return 0;
}

int rig_election_begin(void **state)
{
	struct rig_election *r = *state;

	rig_zk_delete_all(r->base.client, "/nginx");
	rig_zk_create(r->base.client, TARGET, "nobody");
	r->clashes = 0;
	r->meddled = false;
	return 0;
}

int rig_election_end(void **state)
{
	struct rig_election *r = *state;

	for (size_t i = 0; i < VOTERS; i++) {
		if (r->voters[i].session)
			voter_close(&r->voters[i]);
	}
	assert_true(r->meddled || r->clashes == 0);
	return 0;
}
