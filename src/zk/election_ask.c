/*
 * What the election asks of the server, and what it makes of the answers.
 *
 * Requests of one session are answered in the order of asking, and an answer that the link
 * took with it is followed by a list: so nothing has to be remembered of a create whose fate
 * is not known. Withdrawing is the same: list, delete what is ours, until there is nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include <zknginx/log.h>
#include <zknginx/tree.h>

#include "election_parts.h"

#define DIRECTORY_TRIES 3 /* others may be deleting it; but not for ever */
#define LONGEST_HOST 255

bool election_is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

/* --- errands --------------------------------------------------------------------------------- */

struct errand *errand_new(struct election *e, struct errands *list)
{
	struct errand *a = xcalloc(1, sizeof(*a));

	a->election = e;
	a->attempt = e->attempt;
	TAILQ_INSERT_TAIL(list, a, link);
	return a;
}

void errand_free(struct errand *a)
{
	free(a->leader);
	free(a);
}

void errand_answer(void *ctx, const struct session_reply *r)
{
	struct errand *a = ctx;
	struct election *e = a->election;

	if (e) {
		TAILQ_REMOVE(&e->errands, a, link);
		if (r->rc == SESSION_GONE && a->attempt == e->attempt)
			election_expire(e);
		if (a->done || a->attempt == e->attempt)
			a->on_answer(e, a, r);
		election_tell(e);
	}
	errand_free(a);
}

static struct errand *ask(struct election *e, void (*on_answer)(struct election *, struct errand *,
								const struct session_reply *))
{
	struct errand *a = errand_new(e, &e->errands);

	a->on_answer = on_answer;
	return a;
}

/* The state asked for something and was refused it. */
static void fail(struct election *e, int rc)
{
	/* With the link gone there will be news of it; if not, it is tried again all the same. */
	if (rc != ZCONNECTIONLOSS && rc != e->complained) {
		log_warning("%s: the election cannot go on: %s", e->directory, zerror(rc));
		e->complained = rc;
	}
	if (e->withdrawing)
		election_rest(e);
	else
		election_step(e, ELECTION_EV_FAILED);
}

/* --- the candidate --------------------------------------------------------------------------- */

static void make_directory(struct election *e)
{
	CLEANUP(freep) char *copy = xasprintf("%s/", e->directory);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		/* whatever it comes to: the candidate will tell */
		session_create(e->session, copy, NULL, 0, 0, NULL, NULL);
		*slash = '/';
	}
}

static void on_created(struct election *e, struct errand *a UNUSED, const struct session_reply *r)
{
	if (r->rc == ZNONODE && e->tries++ < DIRECTORY_TRIES) {
		make_directory(e);
		election_create(e);
	} else if (r->rc == ZOK || r->rc == ZCONNECTIONLOSS) {
		election_step(e, ELECTION_EV_MADE);
	} else {
		e->tries = 0;
		fail(e, r->rc);
	}
}

void election_create(struct election *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s-", e->directory, e->guid);

	session_create(e->session, path, e->host, strlen(e->host), ZOO_EPHEMERAL | ZOO_SEQUENCE,
		       errand_answer, ask(e, on_created));
}

/* --- who else -------------------------------------------------------------------------------- */

static void set_path(struct election *e, char **path, const char *name)
{
	free(*path);
	*path = name ? xasprintf("%s/%s", e->directory, name) : NULL;
}

/* Somebody else wrote it, so it need not be a host's name. */
static char *host_of(const struct session_reply *r)
{
	size_t size = r->rc == ZOK && r->data && r->size <= LONGEST_HOST ? r->size : 0;

	for (size_t i = 0; i < size; i++) {
		if (r->data[i] <= ' ' || r->data[i] > '~')
			return xstrdup("");
	}
	return xasprintf("%.*s", (int)size, size ? r->data : "");
}

static void know_leader(struct election *e, const char *name, char *host)
{
	e->leader_changed |= strcmp(election_leader(e), host) != 0;
	free(e->leader);
	free(e->leader_host);
	e->leader = name ? xstrdup(name) : NULL;
	e->leader_host = host;
}

static void on_leader(struct election *e, struct errand *a, const struct session_reply *r)
{
	if (!election_is_lost(r->rc))
		know_leader(e, a->leader, host_of(r));
}

/* After the step, so that the answer belongs to the attempt that goes on. */
static void look_at_leader(struct election *e, const char *name)
{
	CLEANUP(freep) char *path = NULL;
	struct errand *a;

	if (e->leader && *election_leader(e) && strcmp(e->leader, name) == 0)
		return;
	path = xasprintf("%s/%s", e->directory, name);
	a = ask(e, on_leader);
	a->leader = xstrdup(name);
	session_get(e->session, path, false, errand_answer, a);
}

static void on_listed(struct election *e, struct errand *a UNUSED, const struct session_reply *r)
{
	const char *own, *predecessor, *leader;
	enum election_event stand;

	if (r->rc != ZOK && r->rc != ZNONODE) {
		fail(e, r->rc);
		return;
	}
	stand = election_stand(r->children, r->child_count, e->guid, &own, &predecessor, &leader);
	if (!e->own || !own || strcmp(path_name(e->own), own) != 0)
		e->version = 0;
	set_path(e, &e->own, own);
	set_path(e, &e->predecessor, predecessor);
	if (own) {
		e->tries = 0;
		e->complained = ZOK;
	}
	if (stand == ELECTION_EV_FIRST)
		know_leader(e, leader, xstrdup(e->host));
	election_step(e, stand);
	if (stand == ELECTION_EV_BEHIND)
		look_at_leader(e, leader);
}

void election_list(struct election *e)
{
	session_children(e->session, e->directory, false, errand_answer, ask(e, on_listed));
}

/* --- watches --------------------------------------------------------------------------------- */

static void on_own_seen(struct election *e, struct errand *a UNUSED, const struct session_reply *r)
{
	if (r->rc == ZOK)
		e->version = r->stat->version;
	else if (r->rc == ZNONODE)
		election_lose_candidate(e);
	else
		fail(e, r->rc);
}

static void on_predecessor_seen(struct election *e, struct errand *a UNUSED,
				const struct session_reply *r)
{
	if (r->rc == ZNONODE)
		election_step(e, ELECTION_EV_MOVED);
	else if (r->rc == ZNOAUTH)
		election_rest(e); /* no watch on it is to be had: we look again now and then */
	else if (r->rc != ZOK)
		fail(e, r->rc);
}

void election_watch(struct election *e)
{
	session_exists(e->session, e->own, true, errand_answer, ask(e, on_own_seen));
	if (e->predecessor)
		session_exists(e->session, e->predecessor, true, errand_answer,
			       ask(e, on_predecessor_seen));
}

/* --- withdrawing ----------------------------------------------------------------------------- */

static void on_withdrawn(struct election *e, struct errand *a UNUSED, const struct session_reply *r)
{
	if (r->rc == ZOK || r->rc == ZNONODE)
		election_withdraw(e);
	else
		fail(e, r->rc);
}

static void on_left_over(struct election *e, struct errand *a UNUSED, const struct session_reply *r)
{
	const char *own, *predecessor, *leader;

	if (r->rc != ZOK && r->rc != ZNONODE) {
		fail(e, r->rc);
		return;
	}
	election_stand(r->children, r->child_count, e->guid, &own, &predecessor, &leader);
	if (!own) {
		election_end_withdrawal(e);
		return;
	}
	set_path(e, &e->own, own);
	session_delete(e->session, e->own, -1, errand_answer, ask(e, on_withdrawn));
}

void election_withdraw(struct election *e)
{
	e->attempt++;
	session_children(e->session, e->directory, false, errand_answer, ask(e, on_left_over));
}
