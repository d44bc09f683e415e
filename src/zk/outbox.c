/* Requests on their way; the header says where one can be. */
#include <zookeeper/zookeeper.h>

#include "outbox.h"

void outbox_init(struct outbox *o)
{
	TAILQ_INIT(&o->waiting);
	TAILQ_INIT(&o->refused);
}

/* Of all results that say that the connection or the session was lost, make one of two. */
static int plain_result(int rc)
{
	switch (rc) {
	case ZOPERATIONTIMEOUT:
	case ZSESSIONMOVED:
		return ZCONNECTIONLOSS;
	case ZSESSIONEXPIRED:
	case ZINVALIDSTATE:
	case ZCLOSING:
	case ZAUTHFAILED:
		return SESSION_GONE;
	default:
		return rc;
	}
}

bool outbox_is_lost(int rc)
{
	rc = plain_result(rc);
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

static void refuse(struct outbox *o, struct request *r, int rc)
{
	r->rc = rc;
	TAILQ_INSERT_TAIL(&o->refused, r, link);
}

void outbox_add(struct outbox *o, struct request *r)
{
	if (request_is_valid(r))
		TAILQ_INSERT_TAIL(&o->waiting, r, link);
	else
		refuse(o, r, ZBADARGUMENTS);
}

bool outbox_send(struct outbox *o, struct handle *h)
{
	struct request *r;

	while (o->in_flight < SESSION_WINDOW && (r = TAILQ_FIRST(&o->waiting))) {
		int rc;

		TAILQ_REMOVE(&o->waiting, r, link);
		rc = handle_send(h, r);
		if (rc == ZOK) {
			o->in_flight++;
			o->sent++;
			continue;
		}
		refuse(o, r, plain_result(rc));
		if (rc == ZINVALIDSTATE)
			return false;
	}
	return true;
}

bool outbox_has_refused(const struct outbox *o)
{
	return !TAILQ_EMPTY(&o->refused);
}

bool outbox_is_empty(const struct outbox *o)
{
	return o->in_flight == 0 && TAILQ_EMPTY(&o->waiting) && TAILQ_EMPTY(&o->refused);
}

static void answer(struct request *r, const struct session_reply *reply)
{
	session_done *done = TAKE(r->done);

	if (done)
		done(r->ctx, reply);
}

static void answer_rc(struct request *r, int rc)
{
	struct session_reply reply = { .rc = rc, .path = r->path };

	answer(r, &reply);
}

void outbox_answer(struct outbox *o, struct note *n)
{
	struct request *r = n->request;

	handle_release(n->handle, r);
	o->in_flight--;
	n->reply.rc = plain_result(n->rc);
	n->reply.path = r->path;
	answer(r, &n->reply);
	request_free(r);
}

static void answer_list(struct requests *list)
{
	struct request *r;

	while ((r = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, r, link);
		answer_rc(r, r->rc);
		request_free(r);
	}
}

void outbox_answer_refused(struct outbox *o)
{
	struct requests list = TAILQ_HEAD_INITIALIZER(list);

	TAILQ_CONCAT(&list, &o->refused, link);
	answer_list(&list);
}

void outbox_answer_gone(struct outbox *o, struct handle *h)
{
	struct requests list = TAILQ_HEAD_INITIALIZER(list);
	struct request *r;

	/* What the callers ask for while they are answered is for the next handle. */
	TAILQ_FOREACH(r, &o->waiting, link)
	r->rc = SESSION_GONE;
	TAILQ_CONCAT(&list, &o->waiting, link);
	o->in_flight = 0;
	if (h) {
		/* These stay with the handle, whose callbacks may still come. */
		TAILQ_FOREACH(r, handle_requests(h), link)
		answer_rc(r, SESSION_GONE);
	}
	answer_list(&list);
}
