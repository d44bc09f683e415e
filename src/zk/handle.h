/*
 * One handle of libzookeeper_mt together with all that its callbacks may use: the only place where
 * the library is called.
 *
 * A handle owns the requests that were given to it until it is freed, because the library may call
 * back late, or never. Everything is called on the loop thread.
 */
#ifndef ZKNGINX_ZK_HANDLE_H
#define ZKNGINX_ZK_HANDLE_H

#include "credentials.h"
#include "queue.h"

enum request_kind {
	REQUEST_GET,
	REQUEST_CHILDREN,
	REQUEST_EXISTS,
	REQUEST_GET_ACL,
	REQUEST_SYNC,
	REQUEST_SET_ACL,
	REQUEST_CREATE,
	REQUEST_SET,
	REQUEST_DELETE,
	REQUEST_MULTI,
	REQUEST_KIND_N
};

struct request {
	TAILQ_ENTRY(request) link;
	enum request_kind kind;
	struct handle *handle; /* once it was sent */
	session_done *done;    /* NULL once it was answered */
	void *ctx;
	int rc; /* why it was refused, when it was */
	bool watch;
	struct ACL_vector *acl; /* create and set_acl; NULL: open */
	int flags, version;
	char *path, *data; /* data: NULL for a znode without data; in one block with the struct */
	size_t size;
	struct session_op *ops;
	struct ACL_vector **op_acls; /* one an operation; NULL: open */
	struct zoo_op_result *results;
	size_t op_count;
};
TAILQ_HEAD(requests, request);

struct request *request_new(enum request_kind kind, const char *path, const char *data, size_t size,
			    session_done *done, void *ctx);
struct request *request_new_multi(const struct session_op *ops, size_t count, session_done *done,
				  void *ctx);
void request_free(struct request *r);
/* The library crashes on some paths, and a server drops a request that is too large. */
bool request_is_valid(const struct request *r);

struct handle;

/* `address` is one of the relay's, with the chroot behind it. */
int handle_open(struct queue *q, const char *address, uint64_t timeout, struct handle **out,
		struct err *e);
/* Closes on a thread of its own. NOTE_CLOSED follows, after which the handle is freed. */
void handle_close(struct handle *h);
/* With its requests. Only after NOTE_CLOSED. */
void handle_free(struct handle *h);

/* Takes the request and returns ZOK, or returns the library's error code. */
int handle_send(struct handle *h, struct request *r);
/* All that were sent and are not freed; those with `done` are unanswered. */
struct requests *handle_requests(struct handle *h);
/* The reply has come: the request belongs to the caller again. */
void handle_release(struct handle *h, struct request *r);

/* A NOTE_AUTH follows when ZOK. */
int handle_authenticate(struct handle *h, const struct credentials *c);
/* A sync, which the leader of the ensemble has to answer. A NOTE_BEAT follows when ZOK. */
int handle_beat(struct handle *h);

int64_t handle_session(const struct handle *h);
/* As the server granted it; microseconds. */
uint64_t handle_timeout(const struct handle *h);

#endif
