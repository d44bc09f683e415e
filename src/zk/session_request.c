/*
 * Requests of a session. One is in exactly one place: waiting (in order of asking), with
 * the handle that it was sent through, or refused; and leaves it by being answered.
 */
#include <zookeeper/zookeeper.h>

#include "session_parts.h"

/* One word for each of the two ways in which a request can come to nothing. */
static int plain(int rc)
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

bool session_is_lost(int rc)
{
	rc = plain(rc);
	return rc == ZCONNECTIONLOSS || rc == SESSION_GONE;
}

static void refuse(struct session *s, struct request *r, int rc)
{
	r->rc = rc;
	TAILQ_INSERT_TAIL(&s->refused, r, link);
	sd_event_source_set_enabled(s->work, SD_EVENT_ONESHOT);
}

static bool may_send(const struct session *s)
{
	return s->state == SESSION_CONNECTED && !s->doom && s->in_flight < SESSION_WINDOW;
}

void session_pump(struct session *s)
{
	struct request *r;

	while (may_send(s) && (r = TAILQ_FIRST(&s->waiting))) {
		int rc;

		TAILQ_REMOVE(&s->waiting, r, link);
		rc = handle_send(s->handle, r);
		if (rc == ZOK) {
			s->in_flight++;
			s->requests++;
			continue;
		}
		refuse(s, r, plain(rc));
		if (rc == ZINVALIDSTATE)
			session_doom(s, "the library gave it up");
	}
}

static void submit(struct session *s, struct request *r)
{
	if (s->freeing) {
		request_free(r);
		return;
	}
	if (!request_is_valid(r)) {
		refuse(s, r, ZBADARGUMENTS);
		return;
	}
	TAILQ_INSERT_TAIL(&s->waiting, r, link);
	session_pump(s);
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

void session_answer(struct session *s, struct note *n)
{
	struct request *r = n->request;

	handle_release(n->handle, r);
	s->in_flight--;
	n->reply.rc = plain(n->rc);
	n->reply.path = r->path;
	answer(r, &n->reply);
	request_free(r);
	session_pump(s);
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

void session_answer_refused(struct session *s)
{
	struct requests list = TAILQ_HEAD_INITIALIZER(list);

	TAILQ_CONCAT(&list, &s->refused, link);
	answer_list(&list);
}

void session_answer_gone(struct session *s, struct handle *h)
{
	struct requests list = TAILQ_HEAD_INITIALIZER(list);
	struct request *r;

	/* What the callers ask for while they are told is for the next handle. */
	TAILQ_FOREACH(r, &s->waiting, link)
	r->rc = SESSION_GONE;
	TAILQ_CONCAT(&list, &s->waiting, link);
	s->in_flight = 0;
	if (h) {
		/* These stay with the handle, whose callbacks may still come. */
		TAILQ_FOREACH(r, handle_requests(h), link)
		answer_rc(r, SESSION_GONE);
	}
	answer_list(&list);
}

void session_get(struct session *s, const char *path, bool watch, session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_GET, path, NULL, 0, done, ctx);

	r->watch = watch;
	submit(s, r);
}

void session_children(struct session *s, const char *path, bool watch, session_done *done,
		      void *ctx)
{
	struct request *r = request_new(REQUEST_CHILDREN, path, NULL, 0, done, ctx);

	r->watch = watch;
	submit(s, r);
}

void session_exists(struct session *s, const char *path, bool watch, session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_EXISTS, path, NULL, 0, done, ctx);

	r->watch = watch;
	submit(s, r);
}

void session_create(struct session *s, const char *path, const char *data, size_t size, int flags,
		    session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_CREATE, path, data, size, done, ctx);

	r->flags = flags;
	r->restricted = s->auth_file != NULL;
	submit(s, r);
}

void session_set(struct session *s, const char *path, const char *data, size_t size, int version,
		 session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_SET, path, data, size, done, ctx);

	r->version = version;
	submit(s, r);
}

void session_delete(struct session *s, const char *path, int version, session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_DELETE, path, NULL, 0, done, ctx);

	r->version = version;
	submit(s, r);
}

void session_multi(struct session *s, const struct session_op *ops, size_t count,
		   session_done *done, void *ctx)
{
	struct request *r = request_new_multi(ops, count, done, ctx);

	r->restricted = s->auth_file != NULL;
	submit(s, r);
}
