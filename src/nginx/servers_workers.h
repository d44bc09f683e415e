/*
 * The workers of nginx that have the module: who may connect, what the newest configuration has,
 * and whether every worker has said so. http and stream are modules of their own, so each worker
 * connects for either.
 */
#ifndef ZKNGINX_NGINX_SERVERS_WORKERS_H
#define ZKNGINX_NGINX_SERVERS_WORKERS_H

#include "master.h"
#include "servers_peer.h"
#include "servers_socket.h"

struct servers_workers_ops {
	/* The master whose workers may speak; NULL: there is none. */
	const struct master *(*master)(void *ctx);
	/* A process that is no worker of it has connected; at most a few times in a second. */
	void (*on_stranger)(void *ctx);
	/* A worker has said hello. */
	void (*on_hello)(void *ctx);
	/* See servers_peer.h. */
	const char *(*on_answer)(void *ctx, struct servers_peer *p, const struct module_answer *a);
	/* A worker is gone, and is freed after this. */
	void (*on_gone)(void *ctx, const struct servers_peer *p);
};

/* What the workers of the newest cycle said. */
struct servers_side {
	uint64_t cycle; /* 0: none */
	struct servers_table table;
};

struct servers_workers {
	sd_event *loop;
	const struct servers_workers_ops *ops;
	void *ctx;
	bool on;
	struct servers_socket socket;
	sd_event_source *accept, *open;
	struct servers_peer *peers;
	unsigned count;
	uint64_t stranger_at;
	struct servers_side sides[MODULE_STREAM + 1];
	char logged[1024]; /* why they cannot connect: the same is not logged again */
};

void servers_workers_init(struct servers_workers *w, sd_event *loop,
			  const struct servers_workers_ops *ops, void *ctx);
void servers_workers_fini(struct servers_workers *w);
/* Whether they may connect. While the socket is not to be had, this is tried again. */
void servers_workers_use(struct servers_workers *w, bool on);

/* Has any of them said hello? It costs nothing to ask. */
bool servers_workers_have_module(const struct servers_workers *w);
/* Have all that serve said hello, with the newest cycle? */
bool servers_workers_are_heard(const struct servers_workers *w);
/* One of the newest cycle; NULL: there is none. */
struct servers_peer *servers_workers_any(const struct servers_workers *w,
					 enum module_context context);
/* It is of no use any more. Not from within a callback about it. */
void servers_workers_drop(struct servers_workers *w, struct servers_peer *p);

#endif
