/* A block is never empty: with no server, or backup servers alone, nginx would refuse the whole. */
#include "server_line.h"

/* The discard port, and never tried: in http, 502 at once. */
static const struct server_line placeholder = {
	.address = "127.0.0.1:9",
	.weight = 1,
	.max_fails = 1,
	.fail_timeout = SERVER_FAIL_TIMEOUT,
	.down = true,
};

bool server_line_is_placeholder(const struct upstream *u)
{
	return u->unavailable || !u->server_count;
}

size_t server_line_count(const struct upstream *u)
{
	return server_line_is_placeholder(u) ? 1 : u->server_count;
}

bool server_line_has_backups(const struct upstream *u)
{
	for (size_t i = 0; i < u->server_count; i++) {
		if (!u->servers[i].params.backup)
			return true;
	}
	return false;
}

struct server_line server_line(const struct upstream *u, size_t i, bool backups)
{
	const struct server *s;
	const struct server_params *p;

	if (server_line_is_placeholder(u))
		return placeholder;
	s = &u->servers[i];
	p = &s->params;
	return (struct server_line){
		.address = s->address,
		.weight = p->weight > 1 ? p->weight : 1,
		.max_conns = p->max_conns > 0 ? p->max_conns : 0,
		.max_fails = p->max_fails >= 0 ? p->max_fails : 1,
		.fail_timeout = p->fail_timeout ?: SERVER_FAIL_TIMEOUT,
		.backup = p->backup && backups,
		.down = p->down || s->drained || s->failing,
		.source = s->source,
	};
}
