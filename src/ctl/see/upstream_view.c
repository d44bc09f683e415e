/* What is asked of an upstream. */
#include <string.h>

#include "core/deploy/ramp.h"
#include "core/endpoint/endpoint.h"
#include "sys/timing.h"
#include "upstream_view.h"

const char *upstream_protocol(enum protocol p)
{
	return p == PROTOCOL_STREAM ? "stream" : "http";
}

const char *discover_format(const struct discover *d)
{
	const struct endpoint_format *f = d->chosen ?: d->format;

	return f ? endpoint_format_name(f) : "auto";
}

size_t upstream_found_by(const struct upstream *u, const struct discover *d)
{
	size_t count = 0;

	for (size_t i = 0; i < u->server_count; i++)
		count += u->servers[i].discover == d;
	return count;
}

size_t upstream_drained(const struct upstream *u)
{
	size_t count = 0;

	for (size_t i = 0; i < u->server_count; i++)
		count += u->servers[i].drained;
	return count;
}

size_t upstream_down(const struct upstream *u)
{
	size_t count = 0;

	for (size_t i = 0; i < u->server_count; i++)
		count += u->servers[i].params.down && !u->servers[i].drained;
	return count;
}

const struct status_check *upstream_check(const struct fleet_host *h, const struct upstream *u,
					  const char *server)
{
	for (size_t i = 0; h->member && h->report && i < h->report->check_count; i++) {
		const struct status_check *check = &h->report->checks[i];

		if (strcmp(check->upstream, u->name) == 0 && strcmp(check->server, server) == 0)
			return check;
	}
	return NULL;
}

/* The failing ones are first in a report. */
static bool fails_on(const struct fleet_host *h, const struct upstream *u, const char *server)
{
	for (size_t i = 0; h->member && h->report && i < h->report->check_count; i++) {
		const struct status_check *check = &h->report->checks[i];

		if (strcmp(check->state, "failing") != 0)
			return false;
		if (strcmp(check->server, server) == 0 && strcmp(check->upstream, u->name) == 0)
			return true;
	}
	return false;
}

size_t upstream_failing_on(const struct composed *c, const struct upstream *u, const char *server)
{
	size_t count = 0;

	for (size_t i = 0; u->check && i < c->view.host_count; i++)
		count += fails_on(&c->view.hosts[i], u, server);
	return count;
}

const struct status_ramp *upstream_ramp(const struct fleet_host *h, const struct upstream *u,
					const char *server)
{
	for (size_t i = 0; h->member && h->report && i < h->report->ramp_count; i++) {
		const struct status_ramp *r = &h->report->ramps[i];

		if (strcmp(r->upstream, u->name) == 0 && strcmp(r->server, server) == 0)
			return timing_wall() < r->until ? r : NULL;
	}
	return NULL;
}

unsigned upstream_ramp_percent(const struct status_ramp *r)
{
	uint64_t now = timing_wall();

	return ramp_percent(r->until - r->since, now > r->since ? now - r->since : 0);
}

const char *upstream_slow_start(const struct fleet_host *h, const struct upstream *u)
{
	for (size_t i = 0; h->member && h->report && i < h->report->slow_start_count; i++) {
		const struct status_slow_start *s = &h->report->slow_starts[i];

		if (strcmp(s->upstream, u->name) == 0)
			return s->state;
	}
	return NULL;
}

size_t upstream_problems(const struct composed *c, const char *path, const struct upstream *u,
			 struct object_problem **out)
{
	size_t discovers = u ? u->discover_count : 0;
	const char **paths = arena_array(c->arena, const char *, discovers + 1);

	paths[0] = path;
	for (size_t i = 0; i < discovers; i++)
		paths[i + 1] = u->discovers[i].path;
	return composed_problems(c, paths, discovers + 1, out);
}

const struct fleet_problem *upstream_guard(const struct composed *c, const struct upstream *u)
{
	for (size_t i = 0; i < c->reported_count; i++) {
		const struct fleet_problem *p = &c->reported[i];

		if (p->problem.kind == PROBLEM_GUARD &&
		    strcmp(p->problem.znode, u->source.path) == 0)
			return p;
	}
	return NULL;
}
