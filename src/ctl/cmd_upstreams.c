/* upstreams: what each upstream is made of; with a name, each of its servers. */
#include <string.h>

#include "commands.h"
#include "core/data/layout.h"
#include "table.h"
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

/* Upstreams that cannot be read, and are in no model. */
static void print_refused(const struct composed *c, const struct screen *screen)
{
	for (size_t i = 0; i < tree_count(c->tree); i++) {
		const struct znode *z = tree_at(c->tree, i);
		struct config_place p = config_place(z->path, c->root);

		if (p.level == CONFIG_OBJECT && p.kind == CONFIG_UPSTREAM &&
		    !model_upstream(c->model, path_name(z->path)))
			screen_lines(screen, COLOR_BAD, 0,
				     "%s cannot be used; see: zknginxctl upstreams %s", z->path,
				     path_name(z->path));
	}
}

static void print_list(const struct composed *c, const struct screen *screen)
{
	static const char *const titles[] = { "UPSTREAM", "PROTOCOL",  "BALANCE",
					      ">SERVERS", ">DOWN",     ">DRAINED",
					      "HELD",     ">PROBLEMS", "FROM" };
	static const unsigned char spare[] = { 0, 7, 6, 0, 4, 3, 2, 1, 5 };
	CLEANUP(table_fini) struct table t;

	table_init(&t, titles, ARRAY_SIZE(titles));
	t.spare = spare;
	for (size_t i = 0; i < c->model->upstream_count; i++)
		add_row(c, &t, &c->model->upstreams[i]);
	table_print(&t, screen);
	print_refused(c, screen);
	composed_print_origin(c, screen);
}

static json_t *list_json(const struct composed *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < tree_count(c->tree); i++) {
		const struct znode *z = tree_at(c->tree, i);
		struct config_place p = config_place(z->path, c->root);

		if (p.level == CONFIG_OBJECT && p.kind == CONFIG_UPSTREAM)
			json_array_append_new(
				list,
				upstream_json(c, z->path,
					      model_upstream(c->model, path_name(z->path)), false));
	}
	return list;
}

/* --- the command ---------------------------------------------------------------------------- */

static int show_one(const struct ctl *ctl, const struct composed *c, const char *name)
{
	CLEANUP(freep) char *path = config_path(c->root, CONFIG_UPSTREAM, name);
	const struct upstream *u = model_upstream(c->model, name);

	if (!u && !tree_find(c->tree, path)) {
		ctl_say("there is no upstream \"%s\": %s does not exist", name, path);
		return CTL_BAD;
	}
	if (ctl->json)
		ctl_print_json(upstream_json(c, path, u, true));
	else
		upstream_print(c, &ctl->screen, path, u);
	return u ? CTL_OK : CTL_BAD;
}

static int upstreams(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	struct err e;

	if (composed_read(ctl, &c, &e) < 0)
		return ctl_fail(&e);
	if (arguments_count(args))
		return show_one(ctl, c, arguments_at(args, 0));
	if (ctl->json)
		ctl_print_json(list_json(c));
	else
		print_list(c, &ctl->screen);
	return CTL_OK;
}

const struct command command_upstreams = {
	.name = "upstreams",
	.synopsis = "[NAME]",
	.summary = "list the upstreams, or the servers of one and where they come from",
	.help = "What is shown is what ZooKeeper has now, read as a daemon reads it. What a host\n"
		"serves can differ: while a rollout waits, or while a guard holds servers that\n"
		"ZooKeeper has lost. Both are told. With NAME, the problems say which\n"
		"registrations were refused and why.",
	.example = "  zknginxctl upstreams\n"
		   "  zknginxctl upstreams shop",
	.most = 1,
	.words = { WORD_UPSTREAM },
	.run = upstreams,
};
