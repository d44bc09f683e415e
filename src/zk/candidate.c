/* Our candidate: what is asked of the server, and what the answers are. */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/tree.h>

#include "candidate.h"
#include "core/data/layout.h"
#include "sys/timing.h"

#define DIRECTORY_TRIES 3 /* another client may delete it meanwhile; the number is limited */
#define LONGEST_HOST 255

static bool is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

/* --- requests -------------------------------------------------------------------------------- */

typedef void on_answer_fn(struct candidate *c, const char *name, const struct session_reply *r);

/* One request, until the session has answered it. When the candidate is freed first, `candidate` is
 * NULL, and the answer only frees the request. */
struct candidate_request {
	struct candidate *candidate;
	unsigned attempt;
	on_answer_fn *on_answer;
	char *name; /* of the candidate that is looked at; NULL for all other requests */
	TAILQ_ENTRY(candidate_request) link;
};

static struct candidate_request *request_for(struct candidate *c, const char *name,
					     on_answer_fn *on_answer)
{
	struct candidate_request *q = xcalloc(1, sizeof(*q));

	q->candidate = c;
	q->attempt = c->attempt;
	q->on_answer = on_answer;
	q->name = name ? xstrdup(name) : NULL;
	TAILQ_INSERT_TAIL(&c->requests, q, link);
	return q;
}

static void on_reply(void *ctx, const struct session_reply *r)
{
	struct candidate_request *q = ctx;
	struct candidate *c = q->candidate;

	if (c) {
		TAILQ_REMOVE(&c->requests, q, link);
		if (r->rc == SESSION_GONE && q->attempt == c->attempt)
			c->ops.on_expired(c->election);
		if (q->attempt == c->attempt)
			q->on_answer(c, q->name, r);
		c->ops.on_answered(c->election);
	}
	free(q->name);
	free(q);
}

void candidate_forget(struct candidate *c)
{
	c->attempt++;
}

/* --- creating -------------------------------------------------------------------------------- */

static void make_directory(struct candidate *c)
{
	CLEANUP(freep) char *copy = xasprintf("%s/", c->directory);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		/* No look at the results: the next create shows whether it helped. */
		session_create(c->session, copy, NULL, 0, 0, NULL, NULL);
		*slash = '/';
	}
}

static void on_created(struct candidate *c, const char *name UNUSED, const struct session_reply *r)
{
	if (r->rc == ZNONODE && c->tries++ < DIRECTORY_TRIES) {
		make_directory(c);
		candidate_create(c);
	} else if (r->rc == ZOK || r->rc == ZCONNECTIONLOSS) {
		c->ops.on_event(c->election, ELECTION_EV_MADE);
	} else {
		c->tries = 0;
		c->ops.on_failed(c->election, r->rc);
	}
}

void candidate_create(struct candidate *c)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s-", c->directory, c->guid);

	session_create(c->session, path, c->host, strlen(c->host), ZOO_EPHEMERAL | ZOO_SEQUENCE,
		       on_reply, request_for(c, NULL, on_created));
}

/* --- the leader's name ----------------------------------------------------------------------- */

const char *candidate_leader(const struct candidate *c)
{
	return c->leader_host ? c->leader_host : "";
}

void candidate_forget_leader(struct candidate *c)
{
	c->leader_changed |= *candidate_leader(c) != '\0';
	free(TAKE(c->leader));
	free(TAKE(c->leader_host));
}

static void set_leader(struct candidate *c, const char *name, char *host)
{
	c->leader_changed |= strcmp(candidate_leader(c), host) != 0;
	free(c->leader);
	free(c->leader_host);
	c->leader = name ? xstrdup(name) : NULL;
	c->leader_host = host;
}

/* Any client may have written it, so it need not be a host's name. */
static char *host_of(const struct session_reply *r)
{
	size_t size = r->rc == ZOK && r->data && r->size <= LONGEST_HOST ? r->size : 0;

	for (size_t i = 0; i < size; i++) {
		if (r->data[i] <= ' ' || r->data[i] > '~')
			return xstrdup("");
	}
	return xasprintf("%.*s", (int)size, size ? r->data : "");
}

static void on_leader(struct candidate *c, const char *name, const struct session_reply *r)
{
	if (!is_lost(r->rc))
		set_leader(c, name, host_of(r));
}

static void look_at_leader(struct candidate *c, const char *name)
{
	CLEANUP(freep) char *path = NULL;

	if (c->leader && *candidate_leader(c) && strcmp(c->leader, name) == 0)
		return;
	path = xasprintf("%s/%s", c->directory, name);
	session_get(c->session, path, false, on_reply, request_for(c, name, on_leader));
}

/* --- listing --------------------------------------------------------------------------------- */

static void set_path(struct candidate *c, char **path, const char *name)
{
	free(*path);
	*path = name ? xasprintf("%s/%s", c->directory, name) : NULL;
}

static void on_listed(struct candidate *c, const char *name UNUSED, const struct session_reply *r)
{
	const char *own, *predecessor, *leader;
	enum election_event stand;

	if (r->rc != ZOK && r->rc != ZNONODE) {
		c->ops.on_failed(c->election, r->rc);
		return;
	}
	stand = election_stand(r->children, r->child_count, c->guid, &own, &predecessor, &leader);
	if (!c->own || !own || strcmp(path_name(c->own), own) != 0)
		c->version = 0;
	set_path(c, &c->own, own);
	set_path(c, &c->predecessor, predecessor);
	if (own)
		c->tries = 0;
	if (stand == ELECTION_EV_FIRST)
		set_leader(c, leader, xstrdup(c->host));
	c->ops.on_event(c->election, stand);
	/* Only now, so that the answer belongs to the attempt that goes on. */
	if (stand == ELECTION_EV_BEHIND)
		look_at_leader(c, leader);
}

void candidate_list(struct candidate *c)
{
	session_children(c->session, c->directory, false, on_reply,
			 request_for(c, NULL, on_listed));
}

/* --- watching -------------------------------------------------------------------------------- */

static void on_own_seen(struct candidate *c, const char *name UNUSED, const struct session_reply *r)
{
	if (r->rc == ZOK)
		c->version = r->stat->version;
	else if (r->rc == ZNONODE)
		c->ops.on_gone(c->election);
	else
		c->ops.on_failed(c->election, r->rc);
}

static void on_predecessor_seen(struct candidate *c, const char *name UNUSED,
				const struct session_reply *r)
{
	if (r->rc == ZNONODE)
		c->ops.on_event(c->election, ELECTION_EV_MOVED);
	else if (r->rc == ZNOAUTH)
		c->ops.on_unwatchable(c->election);
	else if (r->rc != ZOK)
		c->ops.on_failed(c->election, r->rc);
}

void candidate_watch(struct candidate *c)
{
	session_exists(c->session, c->own, true, on_reply, request_for(c, NULL, on_own_seen));
	if (c->predecessor)
		session_exists(c->session, c->predecessor, true, on_reply,
			       request_for(c, NULL, on_predecessor_seen));
}

/* --- withdrawing ----------------------------------------------------------------------------- */

static void on_deleted(struct candidate *c, const char *name UNUSED, const struct session_reply *r)
{
	if (r->rc == ZOK || r->rc == ZNONODE)
		candidate_withdraw(c);
	else
		c->ops.on_failed(c->election, r->rc);
}

static void on_remaining(struct candidate *c, const char *name UNUSED,
			 const struct session_reply *r)
{
	const char *own, *predecessor, *leader;

	if (r->rc != ZOK && r->rc != ZNONODE) {
		c->ops.on_failed(c->election, r->rc);
		return;
	}
	election_stand(r->children, r->child_count, c->guid, &own, &predecessor, &leader);
	if (!own) {
		c->ops.on_withdrawn(c->election);
		return;
	}
	set_path(c, &c->own, own);
	session_delete(c->session, c->own, -1, on_reply, request_for(c, NULL, on_deleted));
}

void candidate_withdraw(struct candidate *c)
{
	candidate_forget(c);
	session_children(c->session, c->directory, false, on_reply,
			 request_for(c, NULL, on_remaining));
}

/* --- life ------------------------------------------------------------------------------------ */

void candidate_rename(struct candidate *c)
{
	timing_unique(c->guid, sizeof(c->guid));
}

void candidate_drop(struct candidate *c)
{
	free(TAKE(c->own));
	free(TAKE(c->predecessor));
}

void candidate_init(struct candidate *c, struct session *session, const char *cluster,
		    const char *host, const struct candidate_ops *ops, struct election *election)
{
	TAILQ_INIT(&c->requests);
	c->session = session;
	c->ops = *ops;
	c->election = election;
	c->directory = cluster_path_new(cluster, CLUSTER_ELECTION, NULL);
	c->host = xstrdup(host);
	candidate_rename(c);
}

void candidate_fini(struct candidate *c)
{
	struct candidate_request *q;

	while ((q = TAILQ_FIRST(&c->requests))) {
		TAILQ_REMOVE(&c->requests, q, link);
		q->candidate = NULL;
	}
	candidate_drop(c);
	free(c->leader);
	free(c->leader_host);
	free(c->directory);
	free(c->host);
}
