/* The state of a connection: what was asked, and what an answer has to be. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "records.h"
#include "wire.h"

/* Numbers of requests that are none of a caller's (ClientCnxn). */
enum { XID_EVENT = -1, XID_PING = -2, XID_AUTH = -4, XID_WATCHES = -8 };

#define PASSWORD_SIZE 16 /* what the library has room for */

/* A request without an answer. Of a transaction, `parts` operations of `ops` belong to it. */
struct request {
	int32_t xid, op;
	size_t parts;
};

struct wire {
	struct wire_limits limits;
	bool asked, granted; /* the two halves of the handshake are over */
	int64_t asked_session, session;
	uint64_t timeout;
	struct request *requests; /* a queue: `first` … `first + count` */
	size_t first, count, room;
	int32_t *ops; /* of all transactions in that queue, in its order */
	size_t op_first, op_count, op_room;
	size_t pings, auths, watches;
	struct buf error;
};

struct wire *wire_new(const struct wire_limits *limits)
{
	struct wire *w = xcalloc(1, sizeof(*w));

	w->limits = *limits;
	return w;
}

void wire_free(struct wire *w)
{
	if (!w)
		return;
	free(w->requests);
	free(w->ops);
	buf_fini(&w->error);
	free(w);
}

int64_t wire_session(const struct wire *w)
{
	return w->session;
}

size_t wire_outstanding(const struct wire *w)
{
	return w->count;
}

uint64_t wire_timeout(const struct wire *w)
{
	return w->timeout;
}

static const char *refuse(struct wire *w, const char *fmt, ...) PRINTF(2, 3);
static const char *refuse(struct wire *w, const char *fmt, ...)
{
	CLEANUP(freep) char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = xvasprintf(fmt, args);
	va_end(args);
	buf_clear(&w->error);
	buf_puts(&w->error, text);
	return buf_str(&w->error);
}

const char *wire_length(struct wire *w, const unsigned char prefix[static 4], size_t *length)
{
	struct cursor c = cursor_of(prefix, 4);
	int32_t n;

	cursor_int(&c, &n);
	*length = n > 0 ? (size_t)n : 0;
	if (n <= 0)
		return refuse(w, "sent a frame of %d bytes", (int)n);
	if ((size_t)n > w->limits.max_frame)
		return refuse(w, "sent a frame of %d bytes; zookeeper.max_frame is %zu", (int)n,
			      w->limits.max_frame);
	return NULL;
}

/* --- requests ----------------------------------------------------------------------------------
 */

/* Room for one more after `count` of a queue that begins at *first. */
static void *make_room(void *items, size_t *first, size_t count, size_t *room, size_t size)
{
	if (*first + count < *room)
		return items;
	if (*first) {
		memmove(items, (char *)items + *first * size, count * size);
		*first = 0;
		if (count < *room / 2)
			return items;
	}
	*room = *room ? *room * 2 : 16;
	return xrealloc(items, *room * size);
}

static void push_op(struct wire *w, int32_t op)
{
	w->ops = make_room(w->ops, &w->op_first, w->op_count, &w->op_room, sizeof(*w->ops));
	w->ops[w->op_first + w->op_count++] = op;
}

static void push_request(struct wire *w, struct request r)
{
	w->requests = make_room(w->requests, &w->first, w->count, &w->room, sizeof(*w->requests));
	w->requests[w->first + w->count++] = r;
}

/* ConnectRequest */
static bool ask(struct wire *w, struct cursor *c)
{
	int32_t protocol, timeout;
	int64_t zxid;

	w->asked = true;
	return cursor_int(c, &protocol) && cursor_long(c, &zxid) && cursor_int(c, &timeout) &&
	       cursor_long(c, &w->asked_session);
}

/* MultiHeader: type, done, err */
static bool part_header(struct cursor *c, int32_t *op, bool *done, int32_t *error)
{
	return cursor_int(c, op) && cursor_bool(c, done) && cursor_int(c, error);
}

static bool remember_parts(struct wire *w, struct cursor *c, size_t *parts)
{
	int32_t op, error;
	bool done;

	for (*parts = 0; part_header(c, &op, &done, &error) && !done; ++*parts) {
		if (!record_skip_part(c, op))
			return false;
		push_op(w, op);
	}
	return !c->error;
}

static bool remember(struct wire *w, struct cursor *c)
{
	struct request r = { 0 };

	if (!cursor_int(c, &r.xid) || !cursor_int(c, &r.op))
		return false;
	if (r.xid == XID_PING)
		w->pings++;
	else if (r.xid == XID_AUTH)
		w->auths++;
	else if (r.xid == XID_WATCHES)
		w->watches++;
	else if (r.xid < 0 || !record_is_known(r.op) ||
		 (r.op == OP_NUMBER_MULTI && !remember_parts(w, c, &r.parts)))
		return false;
	else
		push_request(w, r);
	return true;
}

bool wire_request(struct wire *w, const void *frame, size_t size)
{
	struct cursor c = cursor_of(frame, size);

	return w->asked ? remember(w, &c) : ask(w, &c);
}

/* --- replies -----------------------------------------------------------------------------------
 */

/* A session that is over has the number 0 and no timeout; only a client that has asked for an old
 * one can be told so. */
static const char *check_grant(struct wire *w, int32_t timeout, int64_t session)
{
	int64_t usec = timeout * (int64_t)USEC_PER_MSEC;

	if (w->asked_session && session != w->asked_session && !session && timeout <= 0)
		return NULL;
	if (!session)
		return refuse(w, "granted a session without a number");
	if (usec < (int64_t)w->limits.shortest_grant || usec > (int64_t)w->limits.longest_grant)
		return refuse(w, "granted a session timeout of %d ms; %llu to %llu ms are valid",
			      (int)timeout,
			      (unsigned long long)(w->limits.shortest_grant / USEC_PER_MSEC),
			      (unsigned long long)(w->limits.longest_grant / USEC_PER_MSEC));
	return NULL;
}

/* ConnectResponse; servers before 3.4 do not say whether they are read-only. */
static const char *check_handshake(struct wire *w, struct cursor *c)
{
	int32_t protocol, timeout;
	int64_t session;
	const char *password, *why;
	size_t size;
	bool read_only = false;

	if (!w->asked)
		return refuse(w, "spoke before it was asked");
	if (!cursor_int(c, &protocol) || !cursor_int(c, &timeout) || !cursor_long(c, &session) ||
	    !cursor_buffer(c, &password, &size) || (c->left && !cursor_bool(c, &read_only)) ||
	    !cursor_end(c))
		return refuse(w, "sent a handshake that is none of ZooKeeper's");
	if (size != PASSWORD_SIZE)
		return refuse(w, "sent a session password of %zu bytes; %d were expected", size,
			      PASSWORD_SIZE);
	if (read_only)
		return refuse(w, "granted a read-only session, which was not asked for");
	why = check_grant(w, timeout, session);
	if (why)
		return why;
	w->granted = true;
	w->session = session;
	w->timeout = timeout > 0 ? (uint64_t)timeout * USEC_PER_MSEC : 0;
	return NULL;
}

/* WatcherEvent; the states and types are those of Watcher.Event. */
static const char *check_event(struct wire *w, struct cursor *c, int32_t error)
{
	int32_t type, state;

	if (error)
		return refuse(w, "sent an event with the error code %d", (int)error);
	if (!cursor_int(c, &type) || !cursor_int(c, &state) || !record_path(c) || !cursor_end(c))
		return refuse(w, "%s", c->error);
	if (type < 1 || type > 4)
		return refuse(w, "sent an event of the unknown type %d", (int)type);
	if (state != 3)
		return refuse(w, "sent an event with the unexpected state %d", (int)state);
	return NULL;
}

/* Of an answer that has no body, and of which `waiting` are awaited. */
static const char *check_plain(struct wire *w, struct cursor *c, size_t *waiting, const char *what)
{
	if (!*waiting)
		return refuse(w, "answered %s that was not sent", what);
	--*waiting;
	return cursor_end(c) ? NULL : refuse(w, "%s", c->error);
}

/* One result of a transaction: that of the operation, or an error in its place. */
static bool take_result(struct cursor *c, int32_t op)
{
	int32_t type, error;
	bool done;

	if (!part_header(c, &type, &done, &error))
		return false;
	if (done)
		return cursor_fail(c, "left out results of a transaction");
	if (type == OP_NUMBER_ERROR)
		return cursor_int(c, &error) &&
		       (record_is_error_code(error) ||
			cursor_fail(c, "sent an unknown error code in a transaction"));
	if (type != op)
		return cursor_fail(c, "sent the result of another operation in a transaction");
	if (error)
		return cursor_fail(c, "sent both a result and an error in a transaction");
	return record_answer(c, op);
}

static bool take_results(struct wire *w, struct cursor *c, const struct request *r)
{
	int32_t type, error;
	bool done = false;

	for (size_t i = 0; i < r->parts; i++) {
		if (!take_result(c, w->ops[w->op_first + i]))
			return false;
	}
	return part_header(c, &type, &done, &error) &&
	       (done || cursor_fail(c, "sent more results than the transaction has operations"));
}

static struct request pop_request(struct wire *w)
{
	w->count--;
	return w->requests[w->first++];
}

static const char *check_answer(struct wire *w, struct cursor *c, int32_t xid, int32_t error)
{
	struct request r;
	bool good;

	if (!w->count)
		return refuse(w, "answered a request that was not sent (number %d)", (int)xid);
	if (xid != w->requests[w->first].xid)
		return refuse(w, "answered request %d; the next answer is that of request %d",
			      (int)xid, (int)w->requests[w->first].xid);
	r = pop_request(w);
	if (r.op == OP_NUMBER_MULTI && c->left)
		good = take_results(w, c, &r) && cursor_end(c);
	else if (error)
		good = cursor_end(c);
	else if (r.op == OP_NUMBER_MULTI)
		good = cursor_fail(c, "sent no results of a transaction");
	else
		good = record_answer(c, r.op) && cursor_end(c);
	w->op_first += r.parts;
	w->op_count -= r.parts;
	return good ? NULL : refuse(w, "%s", c->error);
}

static enum wire_kind kind_of(int32_t xid)
{
	static const struct {
		int32_t xid;
		enum wire_kind kind;
	} kinds[] = { { XID_EVENT, WIRE_EVENT },
		      { XID_PING, WIRE_PING },
		      { XID_AUTH, WIRE_AUTH },
		      { XID_WATCHES, WIRE_WATCHES } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].xid == xid)
			return kinds[i].kind;
	}
	return WIRE_REPLY;
}

/* ReplyHeader: xid, zxid, err */
static const char *check_frame(struct wire *w, struct cursor *c, enum wire_kind *kind)
{
	int32_t xid, error;
	int64_t zxid;

	if (!cursor_int(c, &xid) || !cursor_long(c, &zxid) || !cursor_int(c, &error))
		return refuse(w, "%s", c->error);
	if (!record_is_error_code(error))
		return refuse(w, "sent the unknown error code %d", (int)error);
	*kind = kind_of(xid);
	switch (*kind) {
	case WIRE_EVENT:
		return check_event(w, c, error);
	case WIRE_PING:
		return check_plain(w, c, &w->pings, "a ping");
	case WIRE_AUTH:
		return check_plain(w, c, &w->auths, "credentials");
	case WIRE_WATCHES:
		return check_plain(w, c, &w->watches, "a list of watches");
	default:
		return check_answer(w, c, xid, error);
	}
}

const char *wire_reply(struct wire *w, const void *frame, size_t size, enum wire_kind *kind)
{
	struct cursor c = cursor_of(frame, size);

	*kind = WIRE_HANDSHAKE;
	return w->granted ? check_frame(w, &c, kind) : check_handshake(w, &c);
}

/* --- frames of our own -------------------------------------------------------------------------
 */

void wire_complete_handshake(const void *frame, size_t size, char out[static WIRE_HANDSHAKE_SIZE])
{
	memset(out, 0, WIRE_HANDSHAKE_SIZE);
	out[3] = WIRE_HANDSHAKE_SIZE - 4;
	memcpy(out + 4, frame, size < WIRE_HANDSHAKE_SIZE - 4 ? size : WIRE_HANDSHAKE_SIZE - 4);
}

/* RequestHeader: xid -2, type 11 */
const char wire_ping[WIRE_PING_SIZE] = { 0, 0, 0, 8, -1, -1, -1, -2, 0, 0, 0, 11 };
/* ReplyHeader: xid -2, zxid 0, no error */
const char wire_pong[WIRE_PONG_SIZE] = { 0, 0, 0, 16, -1, -1, -1, -2 };
