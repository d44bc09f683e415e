/* See servers_states.h. */
#include "servers_states.h"

size_t servers_states_ask(struct servers_states *s, unsigned char frame[static 64])
{
	struct module_writer w = { .data = frame, .room = 64 };

	module_begin(&w, MODULE_ASK);
	module_put_id(&w, NUMBERS_SERVERS_MOST);
	module_end(&w);
	s->asked = true;
	return w.size;
}

/* Names of upstreams in nginx.conf may have any bytes; a page of metrics may not. */
static bool is_printable(struct module_text text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~')
			return false;
	}
	return true;
}

static void add(struct servers_states *s, const struct module_state *state)
{
	if (!s->coming.arena)
		s->coming.arena = arena_new();
	s->coming.items = arena_grow(s->coming.arena, s->coming.items, s->coming.count,
				     &s->coming.room, sizeof(*s->coming.items));
	s->coming.items[s->coming.count++] = (struct server_numbers){
		.upstream = arena_copy(s->coming.arena, state->upstream.data, state->upstream.size),
		.server = arena_copy(s->coming.arena, state->server.data, state->server.size),
		.connections = state->connections,
		.failures = state->failures,
		.available = state->available,
	};
}

const char *servers_states_take(struct servers_states *s, struct module_reader *r)
{
	const struct module_state state = module_get_state(r);

	if (!s->asked || !module_is_read(r) || s->coming.count == NUMBERS_SERVERS_MOST)
		return "it sent a malformed state of a server";
	if (is_printable(state.upstream) && is_printable(state.server))
		add(s, &state);
	return NULL;
}

const char *servers_states_end(struct servers_states *s, struct module_reader *r)
{
	uint32_t count = module_get_id(r);

	if (!s->asked || !module_is_read(r) || count < s->coming.count)
		return "it sent a malformed end of the states of servers";
	if (s->last.arena)
		arena_free(s->last.arena);
	s->last = s->coming;
	s->coming.arena = NULL;
	s->coming.items = NULL;
	s->coming.count = s->coming.room = 0;
	s->asked = false;
	return NULL;
}

struct server_numbers_list servers_states_list(const struct servers_states *s)
{
	return (struct server_numbers_list){ s->last.items, s->last.count };
}

void servers_states_fini(struct servers_states *s)
{
	if (s->last.arena)
		arena_free(s->last.arena);
	if (s->coming.arena)
		arena_free(s->coming.arena);
	*s = (struct servers_states){ .asked = false };
}
