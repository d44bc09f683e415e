/*
 * The library's callbacks. All watches of a handle share one (function, context) pair, because the
 * library compares all different ones with each other. Session events come through a function of
 * their own, so that each is seen once.
 */
#include <pthread.h>
#include <string.h>

#include <zknginx/log.h>

#include "callback.h"
#include "sys/timing.h"

#define LOG_INTERVAL (60 * USEC_PER_SEC)

/* The library logs every failed attempt to connect; one line in a while is enough. */
void callback_log(const char *message)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct log_limit limit;
	unsigned suppressed = 0;
	bool pass;

	if (!strstr(message, "ZOO_ERROR") && !strstr(message, "ZOO_WARN")) {
		log_debug("libzookeeper: %s", message);
		return;
	}
	pthread_mutex_lock(&lock);
	pass = log_limit_pass(&limit, timing_now(), LOG_INTERVAL, &suppressed);
	pthread_mutex_unlock(&lock);
	if (pass && suppressed)
		log_info("libzookeeper: %s (%u similar lines were not logged)", message,
			 suppressed);
	else if (pass)
		log_info("libzookeeper: %s", message);
	else
		log_debug("libzookeeper: %s", message);
}

static struct note *note_with_text(enum note_kind kind, struct handle *h, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	struct note *n = note_new(kind, h, size);

	if (text) {
		memcpy(n->bytes, text, size);
		n->text = n->bytes;
	}
	return n;
}

void callback_session(zhandle_t *zh UNUSED, int type, int state, const char *path UNUSED, void *ctx)
{
	struct handle *h = ctx;
	struct note *n;

	if (type != ZOO_SESSION_EVENT)
		return;
	n = note_new(NOTE_STATE, h, 0);
	n->rc = state;
	queue_push(h->queue, n);
}

void callback_watch(zhandle_t *zh UNUSED, int type, int state UNUSED, const char *path, void *ctx)
{
	struct handle *h = ctx;
	struct note *n;

	if (type == ZOO_SESSION_EVENT) /* callback_session gets it as well */
		return;
	n = note_with_text(NOTE_WATCH, h, path);
	n->rc = type;
	queue_push(h->queue, n);
}

static struct request *request_of(const void *ctx)
{
	return (struct request *)(uintptr_t)ctx;
}

static struct note *reply_new(const void *ctx, int rc, size_t extra)
{
	struct request *r = request_of(ctx);
	struct note *n = note_new(NOTE_REPLY, r->handle, extra);

	n->request = r;
	n->rc = rc;
	n->reply.rc = rc;
	return n;
}

static void reply_push(struct note *n)
{
	queue_push(n->handle->queue, n);
}

_Static_assert(SESSION_OK == ZOK && SESSION_NO_NODE == ZNONODE && SESSION_NO_AUTH == ZNOAUTH &&
		       SESSION_BAD_VERSION == ZBADVERSION && SESSION_NODE_EXISTS == ZNODEEXISTS &&
		       SESSION_NOT_EMPTY == ZNOTEMPTY,
	       "session.h has the same values");

static void reply_stat(struct note *n, const struct Stat *stat)
{
	if (n->rc != ZOK || !stat)
		return;
	n->stat = (struct session_stat){
		.czxid = stat->czxid,
		.mzxid = stat->mzxid,
		.mtime = stat->mtime,
		.ctime = stat->ctime,
		.pzxid = stat->pzxid,
		.owner = stat->ephemeralOwner,
		.version = stat->version,
		.cversion = stat->cversion,
		.child_count = stat->numChildren,
	};
	n->reply.stat = &n->stat;
}

void callback_data(int rc, const char *value, int value_len, const struct Stat *stat,
		   const void *ctx)
{
	size_t size = rc == ZOK && value && value_len > 0 ? (size_t)value_len : 0;
	struct note *n = reply_new(ctx, rc, size + 1);

	if (rc == ZOK && value && value_len >= 0) { /* the length of a znode without data is -1 */
		memcpy(n->bytes, value, size);
		n->reply.data = n->bytes;
		n->reply.size = size;
	}
	reply_stat(n, stat);
	reply_push(n);
}

static size_t names_size(const struct String_vector *names)
{
	size_t size = 0;

	for (int32_t i = 0; i < names->count; i++)
		size += names->data[i] ? strlen(names->data[i]) + 1 : 0;
	return size;
}

/* Pointers first, then the bytes that they point to. */
static void copy_names(struct note *n, const struct String_vector *names)
{
	const char **pointers = (const char **)(void *)n->bytes;
	char *text = n->bytes + (size_t)names->count * sizeof(*pointers);

	for (int32_t i = 0; i < names->count; i++) {
		size_t size;

		if (!names->data[i])
			continue;
		size = strlen(names->data[i]) + 1;
		memcpy(text, names->data[i], size);
		pointers[n->reply.child_count++] = text;
		text += size;
	}
	n->reply.children = pointers;
}

void callback_children(int rc, const struct String_vector *names, const struct Stat *stat,
		       const void *ctx)
{
	bool any = rc == ZOK && names && names->count > 0 && names->data;
	struct note *n = reply_new(
		ctx, rc, any ? names_size(names) + (size_t)names->count * sizeof(char *) : 0);

	if (any)
		copy_names(n, names);
	reply_stat(n, stat);
	reply_push(n);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 1;
}

static size_t acl_size(const struct ACL_vector *acl)
{
	size_t size = 0;

	for (int32_t i = 0; i < acl->count; i++)
		size += sizeof(struct acl_entry) + text_size(acl->data[i].id.scheme) +
			text_size(acl->data[i].id.id);
	return size;
}

static const char *copy_text(char **to, const char *text)
{
	char *copy = *to;

	memcpy(copy, text ?: "", text_size(text));
	*to += text_size(text);
	return copy;
}

/* Entries first, then the strings that they point to. */
static void copy_acl(struct note *n, const struct ACL_vector *acl)
{
	struct acl_entry *entries = (struct acl_entry *)(void *)n->bytes;
	char *text = n->bytes + (size_t)acl->count * sizeof(*entries);

	for (int32_t i = 0; i < acl->count; i++) {
		entries[i].permissions = acl->data[i].perms;
		entries[i].scheme = copy_text(&text, acl->data[i].id.scheme);
		entries[i].id = copy_text(&text, acl->data[i].id.id);
	}
	n->reply.acl = entries;
	n->reply.acl_count = (size_t)acl->count;
}

void callback_acl(int rc, struct ACL_vector *acl, struct Stat *stat, const void *ctx)
{
	bool any = rc == ZOK && acl && acl->count > 0 && acl->data;
	struct note *n = reply_new(ctx, rc, any ? acl_size(acl) : 0);

	if (any)
		copy_acl(n, acl);
	reply_stat(n, stat);
	reply_push(n);
}

void callback_stat(int rc, const struct Stat *stat, const void *ctx)
{
	struct note *n = reply_new(ctx, rc, 0);

	reply_stat(n, stat);
	reply_push(n);
}

void callback_created(int rc, const char *path, const void *ctx)
{
	size_t size = rc == ZOK && path ? strlen(path) + 1 : 0;
	struct note *n = reply_new(ctx, rc, size);

	if (size) {
		memcpy(n->bytes, path, size);
		n->reply.created = n->bytes;
	}
	reply_push(n);
}

void callback_done(int rc, const void *ctx)
{
	reply_push(reply_new(ctx, rc, 0));
}

/* The library has filled in the request's results, which may be read from here on. */
void callback_multi(int rc, const void *ctx)
{
	const struct request *r = request_of(ctx);
	struct note *n = reply_new(ctx, rc, r->op_count * sizeof(int));
	int *rcs = (int *)(void *)n->bytes;

	for (size_t i = 0; i < r->op_count; i++)
		rcs[i] = r->results[i].err;
	n->reply.op_rcs = rcs;
	n->reply.op_count = r->op_count;
	reply_push(n);
}

void callback_auth(int rc, const void *ctx)
{
	struct handle *h = (struct handle *)(uintptr_t)ctx;
	struct note *n = note_new(NOTE_AUTH, h, 0);

	n->rc = rc;
	queue_push(h->queue, n);
}

void callback_beat(int rc, const char *path UNUSED, const void *ctx)
{
	struct handle *h = (struct handle *)(uintptr_t)ctx;
	struct note *n = note_new(NOTE_BEAT, h, 0);

	n->rc = rc;
	queue_push(h->queue, n);
}
