/* Requests on a session of the daemon's kind, one at a time. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "sys/timing.h"

#define GOODBYE USEC_PER_SEC

struct client {
	struct ctl *ctl;
	char *hosts;
	struct session *session;
	bool inherited[2]; /* the ACLs of the roots were learnt */
};

/* One request and its answer, in the arena. */
struct call {
	struct arena *arena;
	bool done;
	int rc;
	struct znode znode;
	struct session_stat stat;
	const char **children;
	size_t child_count;
	size_t failed; /* multi: the operation that was refused */
};

/* --- waiting --------------------------------------------------------------------------------- */

static int no_answer(const struct client *c, struct err *e)
{
	return ctl_no_answer(c->ctl, c->hosts, e);
}

static bool is_connected(void *ctx)
{
	const struct client *c = ctx;

	return session_state(c->session) == SESSION_CONNECTED;
}

int client_open_at(struct ctl *ctl, const char *hosts, struct client **out, struct err *e)
{
	static const struct session_ops ops = { 0 };
	CLEANUP(client_freep) struct client *c = xcalloc(1, sizeof(*c));
	struct zookeeper_settings settings = ctl->settings.zookeeper;

	settings.hosts = hosts;
	c->ctl = ctl;
	c->hosts = xstrdup(hosts);
	if (session_new(ctl->loop, "client", &settings, &ops, c, &c->session, e) < 0)
		return -1;
	if (!ctl_run_until(ctl, is_connected, c, ctl->timeout))
		return no_answer(c, e);
	*out = TAKE(c);
	return 0;
}

int client_open(struct ctl *ctl, struct client **out, struct err *e)
{
	return client_open_at(ctl, ctl->settings.zookeeper.hosts, out, e);
}

/* A session that no server has granted needs no goodbye. */
void client_free(struct client *c)
{
	if (!c)
		return;
	if (c->session)
		session_free(c->session, is_connected(c) ? GOODBYE : 0);
	free(c->hosts);
	free(c);
}

struct session *client_session(struct client *c)
{
	return c->session;
}

/* --- answers --------------------------------------------------------------------------------- */

static void take_znode(struct call *call, const struct session_reply *r)
{
	call->stat = *r->stat;
	call->znode = (struct znode){
		.path = arena_strdup(call->arena, r->path ?: ""),
		.data = arena_copy(call->arena, r->data ?: "", r->data ? r->size : 0),
		.size = r->data ? r->size : 0,
		.version = r->stat->version,
		.mzxid = r->stat->mzxid,
		.czxid = r->stat->czxid,
		.owner = r->stat->owner,
	};
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void take_children(struct call *call, const struct session_reply *r)
{
	call->children = arena_array(call->arena, const char *, r->child_count + 1);
	for (size_t i = 0; i < r->child_count; i++)
		call->children[i] = arena_strdup(call->arena, r->children[i]);
	call->child_count = r->child_count;
	qsort(call->children, call->child_count, sizeof(*call->children), by_name);
}

/* In a transaction that failed, the operations before the refused one have the result 0 as well. */
static void take_results(struct call *call, const struct session_reply *r)
{
	for (size_t i = 0; i < r->op_count; i++) {
		if (r->op_rcs[i] == r->rc) {
			call->failed = i;
			return;
		}
	}
}

static void on_answer(void *ctx, const struct session_reply *r)
{
	struct call *call = ctx;

	call->done = true;
	call->rc = r->rc;
	if (r->op_rcs)
		take_results(call, r);
	if (r->rc != SESSION_OK)
		return;
	if (r->stat) {
		call->stat = *r->stat;
		take_znode(call, r);
	}
	take_children(call, r);
}

static bool is_done(void *ctx)
{
	const struct call *call = ctx;

	return call->done;
}

static const char *result_text(int rc)
{
	if (rc == SESSION_NO_AUTH)
		return "its ACL does not permit it (credentials: zookeeper.auth_file)";
	return session_result(rc);
}

/* A call that was not answered may still be written to: end the session first. */
static int await(struct client *c, struct call *call, const char *path, struct err *e)
{
	if (!ctl_run_until(c->ctl, is_done, call, c->ctl->timeout)) {
		session_free(TAKE(c->session), 0);
		return no_answer(c, e);
	}
	if (call->rc == SESSION_OK)
		return 1;
	if (call->rc == SESSION_NO_NODE)
		return 0;
	return err_set(e, session_result_is_lost(call->rc) ? ERR_UNAVAILABLE : ERR_REFUSED,
		       "%s: %s", path, result_text(call->rc));
}

static bool is_open(const struct client *c, struct err *e)
{
	return c->session || no_answer(c, e) == 0;
}

/* --- requests -------------------------------------------------------------------------------- */

/* A read whose answer was lost is sent again, on the next connection. */
static int read_one(struct client *c, struct call *call, const char *path,
		    void (*request)(struct session *s, const char *path, bool watch,
				    session_done *done, void *ctx),
		    struct err *e)
{
	uint64_t end = timing_now() + c->ctl->timeout;
	int found = -1;

	do {
		if (!is_open(c, e))
			return -1;
		call->done = false;
		request(c->session, path, false, on_answer, call);
		found = await(c, call, path, e);
	} while (found < 0 && call->done && session_result_is_lost(call->rc) && timing_now() < end);
	return found;
}

int client_get_stat(struct client *c, struct arena *a, const char *path, struct znode *out,
		    struct session_stat *stat, struct err *e)
{
	struct call call = { .arena = a };
	int found = read_one(c, &call, path, session_get, e);

	if (found > 0) {
		*out = call.znode;
		out->path = arena_strdup(a, path);
		*stat = call.stat;
	}
	return found;
}

int client_stat(struct client *c, const char *path, struct session_stat *out, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct call call = { .arena = a };
	int found = read_one(c, &call, path, session_exists, e);

	*out = call.stat;
	return found;
}

int client_get(struct client *c, struct arena *a, const char *path, struct znode *out,
	       struct err *e)
{
	struct session_stat stat;

	return client_get_stat(c, a, path, out, &stat, e);
}

int client_children(struct client *c, struct arena *a, const char *path, const char ***out,
		    size_t *count, struct err *e)
{
	struct call call = { .arena = a };
	int found = read_one(c, &call, path, session_children, e);

	*out = call.children;
	*count = found > 0 ? call.child_count : 0;
	return found;
}

bool client_is_conflict(int rc)
{
	return rc == SESSION_BAD_VERSION || rc == SESSION_NODE_EXISTS || rc == SESSION_NO_NODE ||
	       rc == SESSION_NOT_EMPTY;
}

/* --- ACLs ------------------------------------------------------------------------------------ */

/* Requests that are sent together, and how many have no answer yet. */
struct acl_calls {
	struct arena *arena;
	size_t open;
	bool lost;
};

struct acl_call {
	struct acl_calls *all;
	struct client_acl *out;
};

static void take_acl(struct acl_call *call, const struct session_reply *r)
{
	struct arena *a = call->all->arena;
	struct acl_entry *entries = arena_array(a, struct acl_entry, r->acl_count);

	for (size_t i = 0; i < r->acl_count; i++)
		entries[i] = (struct acl_entry){ .scheme = arena_strdup(a, r->acl[i].scheme),
						 .id = arena_strdup(a, r->acl[i].id),
						 .permissions = r->acl[i].permissions };
	call->out->entries = entries;
	call->out->count = r->acl_count;
}

static void on_acl(void *ctx, const struct session_reply *r)
{
	struct acl_call *call = ctx;

	call->all->open--;
	call->all->lost |= session_result_is_lost(r->rc);
	call->out->rc = r->rc;
	if (r->rc == SESSION_OK)
		take_acl(call, r);
}

static bool are_answered(void *ctx)
{
	const struct acl_calls *all = ctx;

	return all->open == 0;
}

int client_acls(struct client *c, struct arena *a, const char *const *paths, size_t count,
		struct client_acl *out, struct err *e)
{
	CLEANUP(freep) struct acl_call *calls = xcalloc(count + 1, sizeof(*calls));
	struct acl_calls all = { .arena = a, .open = count };

	if (!is_open(c, e))
		return -1;
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct client_acl){ 0 };
		calls[i] = (struct acl_call){ .all = &all, .out = &out[i] };
		session_get_acl(c->session, paths[i], on_acl, &calls[i]);
	}
	if (!ctl_run_until(c->ctl, are_answered, &all, c->ctl->timeout)) {
		session_free(TAKE(c->session), 0);
		return no_answer(c, e);
	}
	return all.lost ? no_answer(c, e) : 0;
}

bool client_acl_is_open(const struct client_acl *acl)
{
	return rights_open_to_world(acl->entries, acl->count) != 0;
}

/*
 * Who has rights at a root has them at what we create below it, and who has rights at the config
 * has them in the cluster as well: a server shows the whole identities of an ACL only to a client
 * that may change it, and an operator may not change that of the cluster.
 */
static int inherit_acl(struct client *c, const char *root, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *const roots[] = { root, c->ctl->settings.zookeeper.config };
	struct client_acl acls[ARRAY_SIZE(roots)];

	if (client_acls(c, a, roots, ARRAY_SIZE(roots), acls, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		session_grant(c->session, root, acls[i].entries, acls[i].count);
	return 0;
}

static bool creates_within(const struct session_op *ops, size_t count, const char *root)
{
	for (size_t i = 0; i < count; i++) {
		if (ops[i].kind == OP_CREATE && path_is_within(ops[i].path, root))
			return true;
	}
	return false;
}

/* The daemons may have another identity than the operator, and have to read what he writes. */
static int inherit_acls(struct client *c, const struct session_op *ops, size_t count, struct err *e)
{
	const struct zookeeper_settings *z = &c->ctl->settings.zookeeper;
	const char *const roots[] = { z->config, z->cluster };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (c->inherited[i] || !session_is_restricted(c->session) ||
		    !creates_within(ops, count, roots[i]))
			continue;
		if (inherit_acl(c, roots[i], e) < 0)
			return -1;
		c->inherited[i] = true;
	}
	return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

int client_multi(struct client *c, const struct session_op *ops, size_t count, size_t *failed,
		 int *rc, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct call call = { .arena = a };
	int done;

	if (!is_open(c, e) || inherit_acls(c, ops, count, e) < 0)
		return -1;
	session_multi(c->session, ops, count, on_answer, &call);
	done = await(c, &call, "the transaction", e);
	if (done > 0)
		return 0;
	if (failed)
		*failed = call.failed;
	if (rc)
		*rc = call.rc;
	if (session_result_is_lost(call.rc) || !call.done)
		return err_wrap(e, "it is not known whether %s was written",
				count == 1 ? ops[0].path : "the transaction");
	return err_set(e, ERR_REFUSED, "%s: %s", call.failed < count ? ops[call.failed].path : "",
		       result_text(call.rc));
}
