/*
 * An nginx with both modules and an upstream for each balancing method, the model of what each
 * upstream has, and random changes of it.
 */
#ifndef ZKNGINX_TESTS_RIG_UPSTREAMS_H
#define ZKNGINX_TESTS_RIG_UPSTREAMS_H

#include "rig_module.h"
#include "rig_nginx.h"

#define RIG_MODELS 16
#define RIG_POOL 200 /* addresses that servers are made of */
#define RIG_WORKERS 2

struct model_server {
	char name[32];
	struct module_server s; /* its name is set by model_server() alone */
};

struct model {
	const char *name, *directives;
	enum module_context context;
	bool keyed;   /* a key leads to one server */
	bool backups; /* the method takes backup servers */
	struct model_server servers[RIG_POOL];
	size_t count;
	int port; /* stream: it listens there */
};

extern struct model rig_models[RIG_MODELS];

extern struct rig_upstreams {
	struct rig_nginx nginx;
	struct rig_module daemon;
	int backend, http; /* ports */
	pid_t backend_pid;
	uint64_t cycle;
	const char *gate; /* of the servers: see rig_module_backend() */
	bool refusing;    /* one of six new servers refuses connections */
	unsigned seed;
} rig_upstreams;

unsigned rig_random(unsigned n);

struct module_text module_text_of(const char *s);
struct module_server model_server(const struct model_server *m);
uint64_t model_digest(const struct model *m);
uint64_t model_order(const struct model *m);
bool model_has(const struct model *m, const char *name);
void model_fill(struct model_server *m, unsigned address);
/* A random change of the model, and the op that makes it. */
void model_change(struct model *m, struct module_op *op, bool grow);

/* For each test. */
int rig_upstreams_set_up(void **state);
int rig_upstreams_tear_down(void **state);
/* So many servers in each upstream; nginx is not started. */
void rig_upstreams_prepare(size_t servers);
/* … and it is, and all its workers have said hello. */
void rig_upstreams_start(size_t servers);
/* Write the text of the models. */
void rig_upstreams_write(void);
/* … and have nginx load it. */
void rig_upstreams_reload(void);
/* Kill a worker, and wait until another one has taken its place. */
void rig_upstreams_kill_worker(void);
/* The first alert in nginx's log, but for workers that were killed; NULL: none. */
const char *rig_upstreams_alert(void);
/* Connections to all servers of an upstream. */
unsigned rig_upstreams_conns(const struct model *m);
/* One op, sent to a worker. */
struct module_answer rig_upstreams_try(const char *upstream, uint64_t digest, struct module_op op);
struct module_op rig_upstreams_add_op(const char *name, const char *after);

#endif
