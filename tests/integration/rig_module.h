/*
 * A server in the place of the daemon, for the modules of nginx: it takes their connections, reads
 * what they say, and sends them frames. And servers behind nginx: whatever 127.x.x.x a connection
 * goes to, the answer is that address.
 */
#ifndef ZKNGINX_TESTS_RIG_MODULE_H
#define ZKNGINX_TESTS_RIG_MODULE_H

#include "core/wire/module_wire.h"
#include "rig.h"

#define RIG_MODULE_WORKERS 64
#define RIG_MODULE_SERVERS 512

/* The path of a module of the test build. Skips the test, and says why, where there is none. */
const char *rig_module_file(const char *name);

/* One connection of a worker. */
struct rig_worker {
	int fd; /* -1: none */
	bool ready;
	enum module_context context;
	uint32_t pid;
	uint64_t cycle;
	uint32_t nginx;    /* 1022001: 1.22.1 */
	unsigned char *in; /* what came and was not yet taken */
	size_t filled, room;
	struct module_upstream upstreams[64]; /* names are copies */
	size_t upstream_count;
};

struct rig_module {
	int listener;
	char *path;
	unsigned ended; /* connections that their workers ended */
	struct rig_worker workers[RIG_MODULE_WORKERS];
};

/* What a worker says of an upstream's lists. */
struct rig_dump {
	struct module_dump lists;
	struct module_server servers[RIG_MODULE_SERVERS]; /* names are copies */
	unsigned conns[RIG_MODULE_SERVERS];
	size_t count;
};

/* A socket that workers may connect to; modules find it by the environment of nginx. */
void rig_module_listen(struct rig_module *m, const char *name);
void rig_module_close(struct rig_module *m);
/* In a child: its copies of the connections must not keep them open. */
void rig_module_leave(struct rig_module *m);
/* Accept, read, and see what ended; waits for some milliseconds at most. */
void rig_module_turn(struct rig_module *m);

/* Wait until `each` workers of either context have said hello, all of one configuration that is
 * newer than `cycle`, and no other worker is connected. Returns the cycle of http. */
uint64_t rig_module_settle(struct rig_module *m, unsigned each, uint64_t cycle);
/* The n-th connected worker of a context. */
struct rig_worker *rig_module_worker(struct rig_module *m, enum module_context context, unsigned n);
const struct module_upstream *rig_module_upstream(const struct rig_worker *w, const char *name);

void rig_module_send(struct rig_worker *w, const void *frame, size_t size);
/* Send one change and wait for its answer. The test fails when the connection ends before. */
struct module_answer rig_module_change(struct rig_module *m, struct rig_worker *w,
				       const char *upstream, uint64_t digest,
				       const struct module_op *ops, size_t count);
/* The same in two steps, so that several changes are under way. A worker's answers are collected in
 * the order of its changes. */
uint32_t rig_module_post(struct rig_worker *w, const char *upstream, uint64_t digest,
			 const struct module_op *ops, size_t count);
struct module_answer rig_module_collect(struct rig_module *m, struct rig_worker *w, uint32_t id);
struct rig_dump *rig_module_dump(struct rig_module *m, struct rig_worker *w, const char *upstream);
void rig_module_dump_free(struct rig_dump *d);

/* A child that answers on this port of every address, until the test ends. A request for a path
 * with "/slow" waits until the number in the file `gate` is another one than when it came: when
 * that is 1, its connection is closed, and when it is 2, it is answered. */
pid_t rig_module_backend(int port, const char *gate);
/* GET path of 127.0.0.1:port, from this local address: the connection. */
int rig_module_request(int port, const char *path, const char *source);
/* Its answer: the body, and the whole text in *head. Both are valid until the next call. */
const char *rig_module_answer(int fd, const char **head);
/* Both in one. */
const char *rig_module_ask(int port, const char *path, const char *source);

#endif
