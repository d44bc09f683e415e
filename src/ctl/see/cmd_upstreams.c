/* upstreams: what each upstream is made of; with a name, each of its servers. */
#include <string.h>

#include "ctl/commands.h"
#include "ctl/console/table.h"
#include "object_show.h"
#include "upstream_view.h"

/* "2 znodes, 12 curator" */
static const char *sources(struct arena *a, const struct upstream *u)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	size_t znodes = upstream_found_by(u, NULL);

	if (znodes || !u->discover_count)
		buf_printf(&text, "%zu znode%s", znodes, PLURAL(znodes));
	for (size_t i = 0; i < u->discover_count; i++)
		buf_printf(&text, "%s%zu %s", text.size ? ", " : "",
			   upstream_found_by(u, &u->discovers[i]),
			   discover_format(&u->discovers[i]));
	return arena_strdup(a, buf_str(&text));
}

static void add_row(const struct composed *c, struct table *t, const struct upstream *u)
{
	const struct fleet_problem *guard = upstream_guard(c, u);
	struct object_problem *problems;
	size_t problem_count = upstream_problems(c, u->source.path, u, &problems);

	table_add(t, COLOR_NONE, "%s", u->name);
	table_add(t, COLOR_NONE, "%s", upstream_protocol(u->protocol));
	table_add(t, COLOR_NONE, "%s", u->balance ?: "round robin");
	table_add(t, u->server_count ? COLOR_NONE : COLOR_BAD, "%zu", u->server_count);
	table_add(t, upstream_down(u) ? COLOR_WARNING : COLOR_NONE, "%zu", upstream_down(u));
	table_add(t, upstream_drained(u) ? COLOR_WARNING : COLOR_NONE, "%zu", upstream_drained(u));
	table_add(t, COLOR_WARNING, guard ? "on %zu host%s" : "-", guard ? guard->host_count : 0,
		  PLURAL(guard ? guard->host_count : 0));
	table_add(t, problem_count ? COLOR_WARNING : COLOR_NONE, "%zu", problem_count);
	table_add(t, COLOR_NONE, "%s", sources(c->arena, u));
}

static void print_table(const struct composed *c, const struct screen *screen)
{
	static const char *const titles[] = { "UPSTREAM", "PROTOCOL",  "BALANCE",
					      ">SERVERS", ">DOWN",     ">DRAINED",
					      "HELD",     ">PROBLEMS", "FROM" };
	static const unsigned char spare[] = { 0, 7, 6, 0, 4, 3, 2, 1, 5 };
	CLEANUP(table_fini) struct table t;

	table_init(&t, titles, ARRAY_SIZE(titles));
	t.spare = spare;
	for (size_t i = 0; i < c->model->upstream_count; i++)
		add_row(c, &t, c->model->upstreams[i]);
	table_print(&t, screen);
}

static const struct upstream *upstream_at(const struct composed *c, const char *path)
{
	return model_upstream(c->model, path_name(path));
}

static bool is_usable(const struct composed *c, const char *name)
{
	return model_upstream(c->model, name);
}

static void print(const struct composed *c, const struct screen *screen, const char *path)
{
	upstream_print(c, screen, path, upstream_at(c, path));
}

static json_t *json(const struct composed *c, const char *path, bool whole)
{
	return upstream_json(c, path, upstream_at(c, path), whole);
}

static int upstreams(struct ctl *ctl, const struct arguments *args)
{
	static const struct object_view view = {
		.kind = CONFIG_UPSTREAM,
		.noun = "upstream",
		.command = "upstreams",
		.is_usable = is_usable,
		.print_table = print_table,
		.print = print,
		.json = json,
	};

	return object_show(ctl, args, &view);
}

const struct command command_upstreams = {
	.name = "upstreams",
	.synopsis = "[NAME]",
	.summary = "list the upstreams, or the servers of one and where they come from",
	.help = "What is shown is what ZooKeeper has now, read as a daemon reads it. What a host\n"
		"serves can differ: while a rollout waits, or while a guard holds servers that\n"
		"ZooKeeper has lost. Both are told. With NAME, the registrations that were left\n"
		"out are named with the reason, and the problems say which were refused and why.",
	.example = "  zknginxctl upstreams\n"
		   "  zknginxctl upstreams shop",
	.most = 1,
	.words = { WORD_UPSTREAM },
	.run = upstreams,
};
