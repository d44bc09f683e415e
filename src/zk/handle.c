/*
 * A handle's life and the calls of the library. All of it runs on the loop thread, except for the
 * close, which may wait for the server and has a thread of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "callback.h"
#include "sys/thread.h"
#include "sys/timing.h"

struct opening {
	struct handle *handle;
	const char *address;
	int timeout_ms, error;
};

/* The library's threads inherit what this thread may do. */
static void *open_on_thread(void *arg)
{
	struct opening *o = arg;

	o->handle->zh = zookeeper_init2(o->address, callback_session, o->timeout_ms, NULL,
					o->handle, ZOO_NO_LOG_CLIENTENV, callback_log);
	o->error = errno;
	return NULL;
}

int handle_open(struct queue *q, const char *address, uint64_t timeout, struct handle **out,
		struct err *e)
{
	struct handle *h = xcalloc(1, sizeof(*h));
	struct opening opening = { h, address, (int)(timeout / USEC_PER_MSEC), 0 };
	int rc;

	TAILQ_INIT(&h->requests);
	h->queue = queue_ref(q);
	zoo_set_debug_level(log_enabled(LOG_LEVEL_DEBUG) ? ZOO_LOG_LEVEL_INFO : ZOO_LOG_LEVEL_WARN);
	rc = thread_call("zkd-session", CONFINE_NETWORK, open_on_thread, &opening);
	if (!h->zh) {
		errno = rc ? rc : opening.error;
		err_sys(e, "zookeeper_init2(\"%s\")", address);
		handle_free(h);
		return -1;
	}
	/* Else the library resolves names at each turn of its I/O thread. */
	zoo_set_servers_resolution_delay(h->zh, -1);
	*out = h;
	return 0;
}

static void *close_on_thread(void *arg)
{
	struct handle *h = arg;
	struct queue *q = queue_ref(h->queue);

	zookeeper_close(h->zh);
	/* From here on no callback runs, and the loop may free h as soon as it has the note. When
	 * the session did not wait for it, the queue is shut and h is freed here. */
	if (!queue_push(q, note_new(NOTE_CLOSED, h, 0)))
		handle_free(h);
	queue_unref(q);
	return NULL;
}

void handle_close(struct handle *h)
{
	/* Without a thread the loop has to wait for the server's answer, a few seconds at most. */
	if (thread_start("zkd-close", CONFINE_NETWORK, close_on_thread, h) != 0)
		close_on_thread(h);
}

void handle_free(struct handle *h)
{
	struct request *r;

	while ((r = TAILQ_FIRST(&h->requests))) {
		TAILQ_REMOVE(&h->requests, r, link);
		request_free(r);
	}
	queue_unref(h->queue);
	free(h);
}

static int data_size(const char *data, size_t size)
{
	return data ? (int)size : -1;
}

static const struct ACL_vector *or_open(const struct ACL_vector *acl)
{
	return acl ?: &ZOO_OPEN_ACL_UNSAFE;
}

/* The flags that the library knows. */
static int plain_flags(int flags)
{
	return flags & ~(SESSION_READABLE | SESSION_OPEN);
}

static int send_get(struct handle *h, struct request *r)
{
	return zoo_awget(h->zh, r->path, r->watch ? callback_watch : NULL, h, callback_data, r);
}

static int send_children(struct handle *h, struct request *r)
{
	return zoo_awget_children2(h->zh, r->path, r->watch ? callback_watch : NULL, h,
				   callback_children, r);
}

static int send_exists(struct handle *h, struct request *r)
{
	return zoo_awexists(h->zh, r->path, r->watch ? callback_watch : NULL, h, callback_stat, r);
}

static int send_get_acl(struct handle *h, struct request *r)
{
	return zoo_aget_acl(h->zh, r->path, callback_acl, r);
}

static int send_sync(struct handle *h, struct request *r)
{
	return zoo_async(h->zh, r->path, callback_created, r);
}

/* The library takes the vector without const, and only reads it. */
static int send_set_acl(struct handle *h, struct request *r)
{
	struct ACL_vector open = ZOO_OPEN_ACL_UNSAFE;

	return zoo_aset_acl(h->zh, r->path, r->version, r->acl ?: &open, callback_done, r);
}

static int send_create(struct handle *h, struct request *r)
{
	return zoo_acreate(h->zh, r->path, r->data, data_size(r->data, r->size), or_open(r->acl),
			   plain_flags(r->flags), callback_created, r);
}

static int send_set(struct handle *h, struct request *r)
{
	return zoo_aset(h->zh, r->path, r->data, data_size(r->data, r->size), r->version,
			callback_stat, r);
}

static int send_delete(struct handle *h, struct request *r)
{
	return zoo_adelete(h->zh, r->path, r->version, callback_done, r);
}

static int send_multi(struct handle *h, struct request *r)
{
	CLEANUP(freep) zoo_op_t *ops = xcalloc(r->op_count, sizeof(*ops));

	for (size_t i = 0; i < r->op_count; i++) {
		const struct session_op *op = &r->ops[i];
		int size = data_size(op->data, op->size);

		switch (op->kind) {
		case OP_CREATE:
			zoo_create_op_init(&ops[i], op->path, op->data, size,
					   or_open(r->op_acls[i]), plain_flags(op->flags), NULL, 0);
			break;
		case OP_SET:
			zoo_set_op_init(&ops[i], op->path, op->data, size, op->version, NULL);
			break;
		case OP_DELETE:
			zoo_delete_op_init(&ops[i], op->path, op->version);
			break;
		case OP_CHECK:
			zoo_check_op_init(&ops[i], op->path, op->version);
			break;
		}
	}
	return zoo_amulti(h->zh, (int)r->op_count, ops, r->results, callback_multi, r);
}

int handle_send(struct handle *h, struct request *r)
{
	static int (*const send[REQUEST_KIND_N])(struct handle *, struct request *) = {
		[REQUEST_GET] = send_get,       [REQUEST_CHILDREN] = send_children,
		[REQUEST_EXISTS] = send_exists, [REQUEST_GET_ACL] = send_get_acl,
		[REQUEST_SYNC] = send_sync,     [REQUEST_SET_ACL] = send_set_acl,
		[REQUEST_CREATE] = send_create, [REQUEST_SET] = send_set,
		[REQUEST_DELETE] = send_delete, [REQUEST_MULTI] = send_multi,
	};
	int rc;

	r->handle = h;
	TAILQ_INSERT_TAIL(&h->requests, r, link);
	rc = send[r->kind](h, r);
	if (rc != ZOK)
		handle_release(h, r);
	return rc;
}

struct requests *handle_requests(struct handle *h)
{
	return &h->requests;
}

void handle_release(struct handle *h, struct request *r)
{
	TAILQ_REMOVE(&h->requests, r, link);
}

int handle_authenticate(struct handle *h, const struct credentials *c)
{
	return zoo_add_auth(h->zh, c->scheme, c->secret, (int)strlen(c->secret), callback_auth, h);
}

int handle_beat(struct handle *h)
{
	return zoo_async(h->zh, "/", callback_beat, h);
}

int64_t handle_session(const struct handle *h)
{
	return zoo_client_id(h->zh)->client_id;
}

uint64_t handle_timeout(const struct handle *h)
{
	return (uint64_t)zoo_recv_timeout(h->zh) * USEC_PER_MSEC;
}
