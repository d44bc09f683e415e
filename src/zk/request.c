/* Requests: a copy of everything that was asked for, until the answer. */
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>

#include "acl.h"
#include "handle.h"

/* What a request needs besides path and data: headers, ACL, flags. */
#define OVERHEAD 128

struct request *request_new(enum request_kind kind, const char *path, const char *data, size_t size,
			    session_done *done, void *ctx)
{
	size_t path_size = strlen(path) + 1;
	struct request *r = xcalloc(1, sizeof(*r) + path_size + size + 1);

	r->kind = kind;
	r->done = done;
	r->ctx = ctx;
	r->path = (char *)(r + 1);
	memcpy(r->path, path, path_size);
	if (data) {
		r->data = r->path + path_size;
		memcpy(r->data, data, size);
		r->size = size;
	}
	return r;
}

static void copy_op(struct session_op *to, const struct session_op *from)
{
	char *data = NULL;

	if (from->data) {
		data = xcalloc(1, from->size + 1);
		memcpy(data, from->data, from->size);
	}
	*to = *from;
	to->path = xstrdup(from->path);
	to->data = data;
}

struct request *request_new_multi(const struct session_op *ops, size_t count, session_done *done,
				  void *ctx)
{
	struct request *r = request_new(REQUEST_MULTI, "/", NULL, 0, done, ctx);

	r->ops = xcalloc(count, sizeof(*r->ops));
	r->results = xcalloc(count, sizeof(*r->results));
	r->op_acls = xcalloc(count, sizeof(*r->op_acls));
	r->op_count = count;
	for (size_t i = 0; i < count; i++) {
		copy_op(&r->ops[i], &ops[i]);
		r->results[i].err = ZRUNTIMEINCONSISTENCY;
	}
	return r;
}

void request_free(struct request *r)
{
	for (size_t i = 0; i < r->op_count; i++) {
		free((char *)(uintptr_t)r->ops[i].path);
		free((char *)(uintptr_t)r->ops[i].data);
		acl_free(r->op_acls[i]);
	}
	acl_free(r->acl);
	free(r->op_acls);
	free(r->ops);
	free(r->results);
	free(r);
}

static bool is_valid_name(const char *name, size_t size)
{
	if (size == 0 || (size == 1 && name[0] == '.') || (size == 2 && memcmp(name, "..", 2) == 0))
		return false;
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_valid_path(const char *path)
{
	if (path[0] != '/')
		return false;
	if (path[1] == '\0')
		return true;
	while (*path == '/') {
		size_t size = strcspn(path + 1, "/");

		if (!is_valid_name(path + 1, size))
			return false;
		path += 1 + size;
	}
	return true;
}

/* The server appends a number to the path of a sequential znode, so it may end in a slash. */
static bool is_valid_new_path(const char *path, int flags)
{
	size_t size = strlen(path);
	CLEANUP(freep) char *numbered = NULL;

	if (!(flags & ZOO_SEQUENCE) || size == 0 || path[size - 1] != '/')
		return is_valid_path(path);
	numbered = xasprintf("%s0", path);
	return is_valid_path(numbered);
}

bool request_is_valid(const struct request *r)
{
	size_t size = OVERHEAD + strlen(r->path) + r->size;

	if (r->kind == REQUEST_CREATE ? !is_valid_new_path(r->path, r->flags)
				      : !is_valid_path(r->path))
		return false;
	for (size_t i = 0; i < r->op_count; i++) {
		const struct session_op *op = &r->ops[i];

		if (op->kind == OP_CREATE ? !is_valid_new_path(op->path, op->flags)
					  : !is_valid_path(op->path))
			return false;
		size += OVERHEAD + strlen(op->path) + op->size;
	}
	return size <= SESSION_REQUEST_LIMIT + OVERHEAD;
}
