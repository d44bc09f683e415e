/* An upstream as JSON. */
#include <string.h>

#include "core/text/json_text.h"
#include "fleet_json.h"
#include "upstream_view.h"

static json_t *sources_json(const struct upstream *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->discover_count; i++) {
		json_t *j = json_object();

		json_put_text(j, "path", u->discovers[i].path);
		json_put_text(j, "format", discover_format(&u->discovers[i]));
		json_put_number(j, "servers", upstream_found_by(u, &u->discovers[i]));
		json_put_number(j, "left_out", u->discovers[i].left_out);
		json_put(j, "left_out_why", json_or_null(u->discovers[i].left_out_why));
		json_put(j, "ignored",
			 json_strings(u->discovers[i].foreign, u->discovers[i].foreign_count));
		json_array_append_new(list, j);
	}
	return list;
}

/* What each host has found. */
static json_t *checks_json(const struct composed *c, const struct upstream *u, const char *server)
{
	json_t *list = json_array();

	for (size_t i = 0; u->check && i < c->view.host_count; i++) {
		const struct status_check *check = upstream_check(&c->view.hosts[i], u, server);
		json_t *j;

		if (!check)
			continue;
		j = json_object();
		json_put_text(j, "host", c->view.hosts[i].name);
		json_put_text(j, "state", check->state);
		json_put(j, "since", json_time(check->since));
		json_put(j, "down", json_boolean(check->down));
		json_put_text(j, "found", check->found);
		json_array_append_new(list, j);
	}
	return list;
}

/* On each host where it starts slowly. */
static json_t *ramps_json(const struct composed *c, const struct upstream *u, const char *server)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->view.host_count; i++) {
		const struct status_ramp *r = upstream_ramp(&c->view.hosts[i], u, server);
		json_t *j;

		if (!r)
			continue;
		j = json_object();
		json_put_text(j, "host", c->view.hosts[i].name);
		json_put_number(j, "percent", upstream_ramp_percent(r));
		json_put(j, "since", json_time(r->since));
		json_put(j, "until", json_time(r->until));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *server_json(const struct composed *c, const struct upstream *u,
			   const struct server *s)
{
	json_t *j = json_object();

	json_put_text(j, "server", s->address);
	json_put_text(j, "znode", s->source->path);
	json_put(j, "ephemeral", json_boolean(s->source->owner));
	json_put(j, "format", json_or_null(s->discover ? discover_format(s->discover) : NULL));
	json_put(j, "discover", json_or_null(s->discover ? s->discover->path : NULL));
	json_put(j, "name", json_or_null(s->name));
	json_put(j, "weight", json_integer(s->params.weight));
	json_put(j, "max_fails", json_integer(s->params.max_fails));
	json_put_text(j, "fail_timeout", s->params.fail_timeout ?: "10s");
	json_put(j, "max_conns", json_integer(s->params.max_conns));
	json_put(j, "backup", json_boolean(s->params.backup));
	json_put(j, "down", json_boolean(s->params.down));
	json_put(j, "drained", json_boolean(s->drained));
	json_put(j, "tls", json_boolean(s->tls));
	json_put(j, "checks", checks_json(c, u, s->address));
	json_put(j, "ramps", ramps_json(c, u, s->address));
	return j;
}

static json_t *servers_json(const struct composed *c, const struct upstream *u)
{
	json_t *list = json_array();

	for (size_t i = 0; i < u->server_count; i++)
		json_array_append_new(list, server_json(c, u, &u->servers[i]));
	return list;
}

static json_t *drains_json(const struct composed *c, const char *upstream)
{
	const struct drains *d = &c->model->drains;
	json_t *list = json_array();

	for (size_t i = 0; i < d->count; i++) {
		json_t *j;

		if (strcmp(d->items[i].upstream, upstream) != 0)
			continue;
		j = json_object();
		json_put_text(j, "server", d->items[i].server);
		json_put(j, "until", json_time(d->items[i].until));
		json_put_number(j, "servers", d->items[i].servers);
		json_array_append_new(list, j);
	}
	return list;
}

json_t *upstream_json(const struct composed *c, const char *path, const struct upstream *u,
		      bool whole)
{
	const struct fleet_problem *guard = u ? upstream_guard(c, u) : NULL;
	struct object_problem *problems;
	size_t count = upstream_problems(c, path, u, &problems);
	json_t *j = json_object();

	json_put_text(j, "name", path_name(path));
	json_put_text(j, "znode", path);
	json_put(j, "usable", json_boolean(u));
	json_put(j, "protocol", json_or_null(u ? upstream_protocol(u->protocol) : NULL));
	json_put(j, "balance", json_or_null(u ? u->balance : NULL));
	json_put(j, "check", json_or_null(!u || !u->check ? NULL : u->check->tcp ? "tcp" : "http"));
	json_put(j, "slow_start", json_or_null(u ? u->slow_start : NULL));
	json_put(j, "discover", u ? sources_json(u) : json_array());
	json_put_number(j, "server_count", u ? u->server_count : 0);
	json_put_number(j, "down", u ? upstream_down(u) : 0);
	json_put_number(j, "drained", u ? upstream_drained(u) : 0);
	json_put(j, "held_on",
		 json_strings(guard ? guard->hosts : NULL, guard ? guard->host_count : 0));
	json_put(j, "problems", object_problems_json(problems, count));
	if (whole) {
		json_put(j, "servers", u ? servers_json(c, u) : json_array());
		json_put(j, "drains", drains_json(c, path_name(path)));
	}
	return j;
}
