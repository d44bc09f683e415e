/*
 * What the modules of nginx and the daemon say to each other. A worker of nginx connects to the
 * daemon, and sends HELLO, one UPSTREAM for each upstream with a zone, and READY. The daemon sends
 * CHANGE, PING and ASK; the worker sends one ANSWER or PONG for each of the first two, and for ASK
 * a STATE for each server that can be changed and STATE_END, all in their order.
 *
 * A frame has a head of 8 bytes (its whole length, its kind, three zero bytes) and a body of
 * numbers, most significant byte first, and strings with a length of two bytes. No frame is longer
 * than MODULE_FRAME_MAX; a longer change is several frames.
 *
 * A server is identified by the text that follows "server" in the configuration. A digest of an
 * upstream's servers tells both sides whether they speak of the same servers. Pure, and without
 * allocation: the modules are built with this file, and nothing else of the daemon.
 */
#ifndef ZKNGINX_MODULE_WIRE_H
#define ZKNGINX_MODULE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODULE_PROTOCOL 2
#define MODULE_FRAME_HEAD 8
#define MODULE_FRAME_MAX ((size_t)64 << 10)
#define MODULE_NAME_MAX 255 /* of an upstream and of a server */

enum module_kind {
	MODULE_HELLO = 1,
	MODULE_UPSTREAM,
	MODULE_READY,
	MODULE_ANSWER,
	MODULE_PONG,
	MODULE_CHANGE,
	MODULE_PING,
	MODULE_ASK,
	MODULE_STATE,
	MODULE_STATE_END,
	/* only in a test build of the modules */
	MODULE_DUMP,
	MODULE_DUMP_LIST,
	MODULE_DUMP_SERVER,
	MODULE_DUMP_END,
};

enum module_context { MODULE_HTTP = 1, MODULE_STREAM };

/* Why the servers of an upstream cannot be changed without a reload. */
#define MODULE_REASONS                                                                             \
	X(MODULE_DYNAMIC, "dynamic")                                                               \
	X(MODULE_UNKNOWN_BALANCER, "the module does not know its balancing method")                \
	X(MODULE_PRIVATE_LAYOUT,                                                                   \
	  "this nginx keeps the data of its balancing method in another way")                      \
	X(MODULE_LISTED_TWICE, "a server is listed twice")                                         \
	X(MODULE_ZONE_FULL, "its zone is full")                                                    \
	X(MODULE_ZONE_KEPT, "its zone was not made by this start")                                 \
	X(MODULE_UNKNOWN_NGINX, "the module does not know this version of nginx")

/* What became of a change. All but MODULE_DONE: the daemon reloads. */
#define MODULE_RESULTS                                                                             \
	X(MODULE_DONE, "done")                                                                     \
	X(MODULE_NO_UPSTREAM, "no upstream of this name has a zone")                               \
	X(MODULE_NOT_DYNAMIC, "the upstream cannot be changed")                                    \
	X(MODULE_OTHER_DIGEST, "the upstream has other servers")                                   \
	X(MODULE_BUSY, "another worker changes the upstream")                                      \
	X(MODULE_NO_MEMORY, "the zone is full")                                                    \
	X(MODULE_NO_SERVER, "the upstream has no such server")                                     \
	X(MODULE_EXISTS, "the upstream already has the server")                                    \
	X(MODULE_LAST, "it is the last server")                                                    \
	X(MODULE_BAD_ADDRESS, "the server is not an address with a port")                          \
	X(MODULE_BAD_CHANGE, "the change is malformed")                                            \
	X(MODULE_LEAVING, "the worker is exiting")

#define X(name, text) name,
enum module_reason { MODULE_REASONS MODULE_REASON_COUNT };
enum module_result { MODULE_RESULTS MODULE_RESULT_COUNT };
#undef X

const char *module_reason_text(enum module_reason reason);
const char *module_result_text(enum module_result result);

/* A string in a frame: not terminated, valid as long as the frame. */
struct module_text {
	const char *data;
	size_t size;
};

struct module_server {
	struct module_text name;
	uint32_t weight, max_conns, max_fails, fail_timeout; /* in seconds */
	bool backup, down;
};

struct module_hello {
	uint32_t protocol;
	enum module_context context;
	uint32_t pid;
	uint64_t cycle; /* of nginx's configuration: a later one has a higher number */
	uint32_t nginx; /* 1022001: 1.22.1 */
	struct module_text module_version, signature;
};

struct module_upstream {
	struct module_text name;
	enum module_reason reason;
	uint32_t servers, capacity;
	uint64_t digest, order; /* order: a digest of the servers in their order */
};

enum module_verb { MODULE_ADD = 1, MODULE_SET, MODULE_DELETE };

struct module_op {
	enum module_verb verb;
	struct module_server server; /* MODULE_DELETE: the name alone */
	struct module_text
		after; /* MODULE_ADD: the server in front of it; empty: it is the first */
};

struct module_change {
	uint32_t id;
	struct module_text upstream;
	uint64_t digest; /* of the servers before it */
	uint32_t ops;
};

struct module_answer {
	uint32_t id;
	enum module_result result;
	uint32_t done;   /* ops that were carried out */
	uint64_t digest; /* of the servers after them */
};

/* What nginx knows of a server just now. */
struct module_state {
	struct module_text upstream, server;
	uint32_t connections;
	uint32_t failures; /* that count against max_fails at present */
	bool available;    /* neither down, nor failed too often */
};

/* The state of the lists of servers, in a test build. */
struct module_dump {
	uint32_t number, total_weight, tries, single, weighted, backups, backup_tries;
	uint32_t entries; /* servers in the zone, with those that were removed */
	uint32_t room;    /* servers that a request can remember to have tried */
	uint32_t memory;  /* bytes of the zone that are in use */
	uint64_t own;     /* a digest of what this worker keeps for itself; 0: not yet as new as the
			     lists */
};

/* --- digests --------------------------------------------------------------------------------- */

uint64_t module_server_digest(const struct module_server *s);
/* A digest of servers is the sum of theirs; one of their order is folded, from 0 on. */
uint64_t module_order_digest(uint64_t before, uint64_t server);

/* --- frames that are written ----------------------------------------------------------------- */

struct module_writer {
	unsigned char *data;
	size_t room, size;
	size_t frame;  /* where the frame that is written begins */
	bool overflow; /* it does not fit */
};

void module_begin(struct module_writer *w, enum module_kind kind);
/* False: the frame does not fit, and is not there. */
bool module_end(struct module_writer *w);

void module_put_hello(struct module_writer *w, const struct module_hello *h);
void module_put_upstream(struct module_writer *w, const struct module_upstream *u);
void module_put_answer(struct module_writer *w, const struct module_answer *a);
/* Of PING, PONG, READY and STATE_END; of ASK, how many servers are wanted at most. */
void module_put_id(struct module_writer *w, uint32_t id);
void module_put_state(struct module_writer *w, const struct module_state *s);
void module_put_text(struct module_writer *w, struct module_text text);
void module_put_server(struct module_writer *w, const struct module_server *s);
void module_put_dump(struct module_writer *w, const struct module_dump *d);
/* The head of a change; its ops follow. */
void module_put_change(struct module_writer *w, const struct module_change *c);
void module_put_op(struct module_writer *w, const struct module_op *op);

/* --- frames that are read -------------------------------------------------------------------- */

#define MODULE_MALFORMED SIZE_MAX
/* The length of the frame that begins here; 0: more bytes are needed; or MODULE_MALFORMED. */
size_t module_frame_size(const void *data, size_t size, enum module_kind *kind);

struct module_reader {
	const unsigned char *at, *end;
	bool malformed;
};

/* Of a whole frame, with its head. */
struct module_reader module_reader(const void *frame, size_t size);
/* Nothing was malformed, and nothing is left. */
bool module_is_read(const struct module_reader *r);

struct module_hello module_get_hello(struct module_reader *r);
struct module_upstream module_get_upstream(struct module_reader *r);
struct module_answer module_get_answer(struct module_reader *r);
uint32_t module_get_id(struct module_reader *r);
struct module_state module_get_state(struct module_reader *r);
struct module_text module_get_text(struct module_reader *r);
struct module_server module_get_server(struct module_reader *r);
struct module_dump module_get_dump(struct module_reader *r);
struct module_change module_get_change(struct module_reader *r);
struct module_op module_get_op(struct module_reader *r);

#endif
