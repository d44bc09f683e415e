/*
 * A small model of the server in an election, for the simulation: sessions that it ends when it has
 * not heard from them, candidates in a directory, watches that fire once, and a connection to each
 * client which keeps the order, is slow, and can break or go silent.
 *
 * It is harder than the real server in one thing: a broken connection loses its watches.
 */
#ifndef ZKNGINX_TESTS_ELECTION_MODEL_H
#define ZKNGINX_TESTS_ELECTION_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <zknginx/macros.h>

#include "core/fleet/election.h"

#define CLIENTS 5
#define TIMEOUT UINT64_C(1000)
#define NAME_SIZE 48
#define CHILDREN 32
#define WATCHES 128
#define SESSIONS 4096
#define IN_FLIGHT 64

enum message_kind { ASK_BEAT, ASK_CREATE, ASK_LIST, ASK_EXISTS, ASK_DELETE, ASK_WRITE, TELL_WATCH };

struct message {
	enum message_kind kind;
	unsigned attempt;
	uint64_t sent; /* by the client's clock */
	char name[NAME_SIZE];
	bool found; /* exists, delete, write: the znode existed; create: it was created */
	size_t count;
	char names[CHILDREN][NAME_SIZE];
};

struct line { /* first in, first out */
	struct message messages[IN_FLIGHT];
	size_t head, count;
};

static struct {
	uint64_t now;
	int32_t next;   /* sequence number */
	uint32_t first; /* the first one of this run */
	struct {
		uint64_t heard;
		bool alive;
		unsigned client;
	} sessions[SESSIONS];
	size_t session_count;
	struct {
		char name[NAME_SIZE];
		size_t session;
	} children[CHILDREN];
	size_t child_count;
	struct {
		char name[NAME_SIZE];
		size_t session;
	} watches[WATCHES];
	size_t watch_count;
	struct {
		size_t session; /* of the connection */
		bool up, silent;
		struct line up_line, down_line;
	} links[CLIENTS];
	uint32_t written; /* place in the order of the last writer */
	unsigned long writes, fenced;
} model;

static uint64_t seed, order; /* order: its number, to run it alone */

#define broken(format, ...)                                                                        \
	fail_msg("ELECTION_SEED=%llu: " format, (unsigned long long)order, ##__VA_ARGS__)

static inline unsigned chance(unsigned bound)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 20) % bound);
}

static inline struct message *line_put(struct line *l)
{
	struct message *m = &l->messages[(l->head + l->count++) % IN_FLIGHT];

	assert_true(l->count <= IN_FLIGHT);
	*m = (struct message){ 0 };
	return m;
}

static inline struct message line_take(struct line *l)
{
	struct message m = l->messages[l->head];

	l->head = (l->head + 1) % IN_FLIGHT;
	l->count--;
	return m;
}

static inline size_t model_find(const char *name)
{
	size_t i = 0;

	while (i < model.child_count && strcmp(model.children[i].name, name) != 0)
		i++;
	return i;
}

static inline bool link_is_of(unsigned client, size_t session)
{
	return model.links[client].up && model.links[client].session == session;
}

static inline void fire(const char *name)
{
	for (size_t i = 0; i < model.watch_count;) {
		unsigned client = model.sessions[model.watches[i].session].client;
		struct message *m;

		if (strcmp(model.watches[i].name, name) != 0) {
			i++;
			continue;
		}
		if (link_is_of(client, model.watches[i].session)) {
			m = line_put(&model.links[client].down_line);
			m->kind = TELL_WATCH;
			strcpy(m->name, name);
		}
		model.watches[i] = model.watches[--model.watch_count];
	}
}

static inline void model_remove(size_t i)
{
	char name[NAME_SIZE];

	strcpy(name, model.children[i].name);
	model.children[i] = model.children[--model.child_count];
	fire(name);
}

static inline void model_watch(const char *name, size_t session)
{
	for (size_t i = 0; i < model.watch_count; i++) {
		if (model.watches[i].session == session && strcmp(model.watches[i].name, name) == 0)
			return;
	}
	assert_true(model.watch_count < WATCHES);
	model.watches[model.watch_count].session = session;
	strcpy(model.watches[model.watch_count++].name, name);
}

static inline void model_break(unsigned client)
{
	size_t session = model.links[client].session;

	model.links[client].up = model.links[client].silent = false;
	model.links[client].up_line.count = model.links[client].down_line.count = 0;
	for (size_t i = 0; i < model.watch_count;) {
		if (model.watches[i].session == session)
			model.watches[i] = model.watches[--model.watch_count];
		else
			i++;
	}
}

static inline void model_end_session(size_t s)
{
	model.sessions[s].alive = false;
	for (size_t i = model.child_count; i-- > 0;) {
		if (model.children[i].session == s)
			model_remove(i);
	}
	if (link_is_of(model.sessions[s].client, s))
		model_break(model.sessions[s].client);
}

/* The server ends sessions that it has not heard from: never early, sometimes late. */
static inline void model_expire(bool late)
{
	for (size_t s = 0; s < model.session_count; s++) {
		if (model.sessions[s].alive && model.now > model.sessions[s].heard + TIMEOUT &&
		    !(late && chance(4)))
			model_end_session(s);
	}
}

/* The distance of a number from the first of this run: the order in which they were assigned. */
static inline uint32_t place_of(const char *name)
{
	long number;

	assert_int_equal(sscanf(name + ELECTION_GUID_SIZE, "%ld", &number), 1);
	return (uint32_t)number - model.first;
}

/* A fenced write. A later writer has a later candidate: the order of leaders never goes back. */
static inline void model_write(struct message *reply)
{
	if (!reply->found) {
		model.fenced++;
		return;
	}
	if (place_of(reply->name) < model.written)
		broken("%s writes after its successor did", reply->name);
	model.written = place_of(reply->name);
	model.writes++;
}

static inline void model_create(struct message *reply, size_t session)
{
	assert_true(model.child_count < CHILDREN);
	snprintf(reply->names[0], NAME_SIZE, "%.32s-%010d", reply->name, (int)model.next);
	model.next = (int32_t)((uint32_t)model.next + 1);
	model.children[model.child_count].session = session;
	strcpy(model.children[model.child_count++].name, reply->names[0]);
	reply->found = true;
}

static inline void model_list(struct message *reply)
{
	reply->count = model.child_count;
	for (size_t i = 0; i < model.child_count; i++)
		strcpy(reply->names[i], model.children[i].name);
}

/* One request of this client. */
static inline void model_serve(unsigned client)
{
	struct message request = line_take(&model.links[client].up_line), *reply;
	size_t session = model.links[client].session, i = model_find(request.name);

	model.sessions[session].heard = model.now;
	request.found = i < model.child_count;
	if (request.kind == ASK_CREATE)
		model_create(&request, session);
	else if (request.kind == ASK_LIST)
		model_list(&request);
	else if (request.kind == ASK_EXISTS && request.found)
		model_watch(request.name, session);
	else if (request.kind == ASK_DELETE && request.found)
		model_remove(i);
	else if (request.kind == ASK_WRITE)
		model_write(&request);
	reply = line_put(&model.links[client].down_line);
	*reply = request;
}

/* A new connection; false: this session has ended. */
static inline bool model_connect(unsigned client, size_t session)
{
	if (!model.sessions[session].alive)
		return false;
	model.sessions[session].heard = model.now;
	model.links[client].up = true;
	model.links[client].session = session;
	return true;
}

static inline size_t model_new_session(unsigned client)
{
	size_t s = model.session_count++;

	assert_true(s < SESSIONS);
	model.sessions[s].alive = true;
	model.sessions[s].client = client;
	assert_true(model_connect(client, s));
	return s;
}

#endif
