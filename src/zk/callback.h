/*
 * What libzookeeper_mt calls, on its own threads. Each callback copies what it was given into a
 * note and pushes that. It reads only its request's `handle` and that handle's `queue`, which do
 * not change while the handle exists.
 */
#ifndef ZKNGINX_ZK_CALLBACK_H
#define ZKNGINX_ZK_CALLBACK_H

#include <zookeeper/zookeeper.h>

#include "handle.h"

struct handle {
	zhandle_t *zh;
	struct queue *queue;
	struct requests requests;
};

void callback_log(const char *message);
void callback_session(zhandle_t *zh, int type, int state, const char *path, void *ctx);
void callback_watch(zhandle_t *zh, int type, int state, const char *path, void *ctx);
void callback_data(int rc, const char *value, int value_len, const struct Stat *stat,
		   const void *ctx);
void callback_children(int rc, const struct String_vector *names, const struct Stat *stat,
		       const void *ctx);
void callback_acl(int rc, struct ACL_vector *acl, struct Stat *stat, const void *ctx);
void callback_stat(int rc, const struct Stat *stat, const void *ctx);
void callback_created(int rc, const char *path, const void *ctx);
void callback_done(int rc, const void *ctx);
void callback_multi(int rc, const void *ctx);
void callback_auth(int rc, const void *ctx);
void callback_beat(int rc, const char *path, const void *ctx);

#endif
