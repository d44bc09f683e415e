/* The requests of a session's owner, and the ACLs of what it creates. */
#include "session_parts.h"

static void submit(struct session *s, struct request *r)
{
	if (s->freeing) {
		request_free(r);
		return;
	}
	outbox_add(&s->outbox, r);
	session_pump(s);
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

void session_get_acl(struct session *s, const char *path, session_done *done, void *ctx)
{
	submit(s, request_new(REQUEST_GET_ACL, path, NULL, 0, done, ctx));
}

void session_sync(struct session *s, session_done *done, void *ctx)
{
	submit(s, request_new(REQUEST_SYNC, "/", NULL, 0, done, ctx));
}

void session_create(struct session *s, const char *path, const char *data, size_t size, int flags,
		    session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_CREATE, path, data, size, done, ctx);

	r->flags = flags;
	r->acl = acl_book_make(&s->acls, path, flags);
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

	for (size_t i = 0; i < count; i++) {
		if (ops[i].kind == OP_CREATE)
			r->op_acls[i] = acl_book_make(&s->acls, ops[i].path, ops[i].flags);
	}
	submit(s, r);
}

void session_set_acl(struct session *s, const char *path, session_done *done, void *ctx)
{
	struct request *r = request_new(REQUEST_SET_ACL, path, NULL, 0, done, ctx);

	r->version = -1;
	r->acl = acl_book_make(&s->acls, path, 0);
	submit(s, r);
}

bool session_is_restricted(const struct session *s)
{
	return s->acls.restricted;
}

void session_grant(struct session *s, const char *root, const struct acl_entry *acl, size_t count)
{
	acl_book_grant(&s->acls, root, acl, count);
}
