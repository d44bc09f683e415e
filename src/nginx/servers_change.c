/* See servers_change.h. */
#include <string.h>

#include "servers_change.h"

void servers_change_begin(struct servers_change *c, const struct apply *apply)
{
	*c = (struct servers_change){ .apply = apply, .id = c->id };
}

const struct apply_upstream *servers_change_current(const struct servers_change *c)
{
	return c->upstream < c->apply->count ? &c->apply->upstreams[c->upstream] : NULL;
}

void servers_change_upstream(struct servers_change *c, uint64_t digest)
{
	c->op = c->sent = 0;
	c->digest = digest;
	c->wanted = digest + servers_change_current(c)->difference;
}

/* The number of operations is in the head, so the head is written again when it is known. */
static size_t write_frame(const struct servers_change *c, unsigned char *frame, size_t ops)
{
	const struct apply_upstream *u = servers_change_current(c);
	struct module_writer w = { .data = frame, .room = MODULE_FRAME_MAX };
	const struct module_change head = {
		.id = c->id,
		.upstream = { u->after->name, strlen(u->after->name) },
		.digest = c->digest,
		.ops = (uint32_t)ops,
	};

	module_begin(&w, MODULE_CHANGE);
	module_put_change(&w, &head);
	for (size_t i = 0; i < ops; i++)
		module_put_op(&w, &u->ops[c->op + i]);
	return module_end(&w) ? w.size : 0;
}

/* No operation is longer than its numbers and two names. */
#define LONGEST_OP (64 + 2 * MODULE_NAME_MAX)

size_t servers_change_frame(struct servers_change *c, unsigned char frame[static MODULE_FRAME_MAX])
{
	size_t left = servers_change_current(c)->count - c->op, size;
	size_t least = (MODULE_FRAME_MAX - 512) / LONGEST_OP;

	c->id++;
	c->sent = left;
	while ((size = write_frame(c, frame, c->sent)) == 0)
		c->sent = c->sent / 2 > least ? c->sent / 2 : least;
	return size;
}

const char *servers_change_answer(struct servers_change *c, const struct module_answer *a)
{
	if (a->id != c->id)
		return "the answer is to another change";
	if (a->result != MODULE_DONE)
		return module_result_text(a->result);
	if (a->done != c->sent)
		return "only a part of the change was carried out";
	c->op += c->sent;
	c->digest = a->digest;
	if (servers_change_has_upstream(c) && c->digest != c->wanted)
		return "the upstream has other servers after the change";
	return NULL;
}

bool servers_change_has_upstream(const struct servers_change *c)
{
	return c->op == servers_change_current(c)->count;
}
