/*
 * One connection of a worker: what it is, what it said of itself, and the frames that go and come.
 *
 * A peer that does not keep to the protocol, or does not say hello in time, is dropped. It is freed
 * by its owner, who is told last.
 */
#ifndef ZKNGINX_NGINX_SERVERS_PEER_H
#define ZKNGINX_NGINX_SERVERS_PEER_H

#include <sys/types.h>
#include <systemd/sd-event.h>
#include <zknginx/buf.h>
#include <zknginx/err.h>

#include "servers_states.h"
#include "servers_table.h"

struct servers_peer;

/* Only on_end may free a peer. */
struct servers_peer_ops {
	/* Everything that it says at first has come. */
	void (*on_ready)(void *ctx, struct servers_peer *p);
	/* Returns NULL, or why the connection is of no use any more: on_end follows. */
	const char *(*on_answer)(void *ctx, struct servers_peer *p, const struct module_answer *a);
	/* The connection is of no use any more; why: a clause. The owner frees the peer. */
	void (*on_end)(void *ctx, struct servers_peer *p, const char *why);
};

struct servers_peer {
	struct servers_peer *next; /* the owner's */
	int fd;
	pid_t pid;
	bool said_hello, ready;
	enum module_context context;
	uint64_t cycle;
	struct servers_table table; /* of its hello; the owner may take it */
	struct servers_states states;
	struct buf in, out;
	size_t sent; /* of `out` */
	sd_event_source *io, *deadline;
	const struct servers_peer_ops *ops;
	void *ctx;
};

/* The process at the other end, if the kernel says that it is a child of `master` and of the user
 * that it had when it connected. */
bool servers_peer_is_worker(int fd, pid_t master, pid_t *pid);

/* Takes the descriptor over. NULL: the loop takes no more. */
struct servers_peer *servers_peer_new(sd_event *loop, int fd, pid_t pid,
				      const struct servers_peer_ops *ops, void *ctx);
void servers_peer_free(struct servers_peer *p);

/* Send a frame. False: the connection is lost; on_end is not called. */
bool servers_peer_send(struct servers_peer *p, const void *frame, size_t size);
/* Ask it for the states of its servers, unless it was asked and has not answered yet. */
bool servers_peer_ask(struct servers_peer *p);

#endif
