/* See live.h. */
#include "core/status/census.h"
#include "live_parts.h"

unsigned long live_updates(const struct live *l)
{
	return l->updates;
}

const struct config_numbers *live_numbers(struct live *l)
{
	if (!l->model)
		return &l->spec.running->numbers;
	census_take(l->model, &l->numbers);
	return &l->numbers;
}

void live_fill_servers(struct live *l, struct numbers *n)
{
	n->http_servers = servers_states(l->servers, MODULE_HTTP);
	n->stream_servers = servers_states(l->servers, MODULE_STREAM);
	servers_ask(l->servers);
}

bool live_has_module(const struct live *l)
{
	return servers_has_module(l->servers);
}

const struct ramps *live_ramps(const struct live *l)
{
	return &l->steps.slow.ramps;
}

bool live_takes(const struct live *l, const struct upstream *u)
{
	return l->knows_rest && !l->failed && !live_why_not(l, u);
}

const char *live_why_not(const struct live *l, const struct upstream *u)
{
	return servers_why_not(l->servers, u);
}
