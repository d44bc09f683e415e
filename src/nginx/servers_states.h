/*
 * What a worker says of its servers when it is asked: the list that has come last, and the one that
 * is coming.
 */
#ifndef ZKNGINX_NGINX_SERVERS_STATES_H
#define ZKNGINX_NGINX_SERVERS_STATES_H

#include <zknginx/arena.h>
#include <zknginx/numbers.h>

#include "core/wire/module_wire.h"

struct servers_states {
	bool asked; /* and the answer has not ended */
	struct {
		struct arena *arena; /* NULL: there is none */
		struct server_numbers *items;
		size_t count, room;
	} last, coming;
};

/* The frame that asks; returns its size. */
size_t servers_states_ask(struct servers_states *s, unsigned char frame[static 64]);
/* NULL: it is as it should be; else why it is not. */
const char *servers_states_take(struct servers_states *s, struct module_reader *r);
const char *servers_states_end(struct servers_states *s, struct module_reader *r);
struct server_numbers_list servers_states_list(const struct servers_states *s);
void servers_states_fini(struct servers_states *s);

#endif
