/* Reads until the mirror has all that the upstreams discover; then the hosts' reports. */
#include <stdlib.h>
#include <string.h>

#include "composed.h"
#include "core/compose/compose.h"
#include "core/fleet/override.h"
#include "core/text/json_text.h"
#include "ctl/see/fleet_json.h"
#include "ctl/see/fleet_text.h"
#include "reader.h"
#include "sys/timing.h"
#include "zk/roots.h"

#define UPSTREAMS_NAMED 20

static struct model *compose_tree(const struct ctl *ctl, struct composed *c)
{
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;
	CLEANUP(tree_unrefp) struct tree *nothing = tree_empty();
	CLEANUP(model_freep) struct model *good = model_new();
	struct policy policy = policy_from_settings(&ctl->settings);
	struct model *m;

	overrides_read(c->overrides, c->tree, z->cluster, timing_now(), timing_wall());
	m = compose(
		&(struct compose_input){
			.tree = c->tree,
			.accepted = nothing,
			.good = good,
			.root = z->config,
			.policy = &policy,
			.drains = overrides_drains(c->overrides),
			.now = timing_now(),
			.vars = ctl->settings.vars,
		},
		&c->problems, NULL);
	overrides_problems(c->overrides, c->tree, z->config, m, &c->problems);
	problems_sort(&c->problems);
	return m;
}

struct composed *composed_new(const struct ctl *ctl, struct tree *tree, struct reader *r,
			      struct roots *roots)
{
	CLEANUP(composed_freep) struct composed *c = xcalloc(1, sizeof(*c));
	struct digest revision;

	c->arena = arena_new();
	c->root = ctl->settings.zookeeper.config;
	c->tree = tree;
	c->overrides = overrides_new();
	problems_init(&c->problems);
	problems_init(&c->unreadable_hosts);
	reader_problems(r, &c->problems);
	c->model = compose_tree(ctl, c);
	if (roots_follow(roots, c->model, reader_mirror(r)))
		return NULL;
	revision = tree_revision(c->tree, c->root);
	digest_hex(&revision, c->revision);
	return TAKE(c);
}

int composed_reader(struct ctl *ctl, struct roots *roots, struct reader **out, struct err *e)
{
	CLEANUP(model_freep) struct model *nothing = model_new();
	CLEANUP(freep) struct mirror_root *list = NULL;
	size_t count;

	list = roots_begin(roots, nothing, &count);
	return reader_new(ctl, list, count, out, e);
}

void composed_set_hosts(struct composed *c, const struct ctl *ctl, struct tree *cluster)
{
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;

	tree_unref(c->cluster_tree);
	c->cluster_tree = cluster;
	arena_free(c->arena);
	c->arena = arena_new();
	fleet_view_read(&c->view, c->arena, cluster, z->cluster, z->config);
	c->reported_count = fleet_problems_fold(c->arena, &c->view, &c->reported);
}

/* Is it a directory of objects, or above one? */
static bool has_objects(const struct composed *c, const char *znode)
{
	for (size_t k = 0; k < CONFIG_KIND_N; k++) {
		const char *directory = arena_printf(c->arena, "%s/%s", c->root,
						     config_directory((enum config_kind)k));

		if (path_is_within(directory, znode))
			return true;
	}
	return false;
}

/* Objects in what cannot be read are not missing: nothing is known of them. */
static int refuse_unreadable(const struct composed *c, struct err *e)
{
	for (size_t i = 0; i < c->problems.count; i++) {
		const struct problem *p = &c->problems.items[i];

		if (p->kind == PROBLEM_ACCESS && has_objects(c, p->znode))
			return err_set(e, ERR_REFUSED, "%s: %s", p->znode, p->message);
	}
	return 0;
}

static int read_config(struct ctl *ctl, struct composed **out, struct roots *roots, struct err *e)
{
	CLEANUP(reader_freep) struct reader *r = NULL;

	if (composed_reader(ctl, roots, &r, e) < 0)
		return -1;
	do {
		struct tree *tree;

		if (reader_first(r, &tree, e) < 0)
			return -1;
		*out = composed_new(ctl, tree, r, roots);
	} while (!*out);
	return refuse_unreadable(*out, e);
}

static int read_reports(struct ctl *ctl, struct composed *c, struct err *e)
{
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;
	const struct mirror_root roots[] = {
		{ cluster_path(c->arena, z->cluster, CLUSTER_MEMBERS, NULL), 1 },
		{ cluster_path(c->arena, z->cluster, CLUSTER_REPORTS, NULL), 1 },
	};
	struct tree *cluster;

	if (read_tree(ctl, roots, ARRAY_SIZE(roots), &cluster, &c->unreadable_hosts, e) < 0)
		return -1;
	composed_set_hosts(c, ctl, cluster);
	return 0;
}

int composed_read(struct ctl *ctl, struct composed **out, struct err *e)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	CLEANUP(roots_fini) struct roots roots = { 0 };

	roots_init(&roots, &ctl->settings.zookeeper);
	if (read_config(ctl, &c, &roots, e) < 0 || read_reports(ctl, c, e) < 0)
		return -1;
	*out = TAKE(c);
	return 0;
}

void composed_free(struct composed *c)
{
	if (!c)
		return;
	model_free(c->model);
	problems_fini(&c->problems);
	problems_fini(&c->unreadable_hosts);
	overrides_free(c->overrides);
	tree_unref(c->tree);
	tree_unref(c->cluster_tree);
	arena_free(c->arena);
	free(c);
}

const char *composed_next(const struct composed *c, enum config_kind kind, size_t *i)
{
	while (*i < tree_count(c->tree)) {
		const char *path = tree_at(c->tree, (*i)++)->path;
		struct config_place p = config_place(path, c->root);

		if (p.level == CONFIG_OBJECT && p.kind == kind)
			return path;
	}
	return NULL;
}

static void say_no_upstream(const struct composed *c, const char *name)
{
	CLEANUP(freep) char *path = config_path(c->root, CONFIG_UPSTREAM, name);
	CLEANUP(buf_fini) struct buf names = BUF_INIT;
	size_t count = c->model->upstream_count;

	for (size_t i = 0; i < count && i < UPSTREAMS_NAMED; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", c->model->upstreams[i]->name);
	if (tree_find(c->tree, path))
		ctl_say("%s is not valid, so its servers are not known here: \"zknginxctl "
			"upstreams "
			"%s\" says why",
			path, name);
	else if (!count)
		ctl_say("there is no upstream \"%s\": the config has no upstream", name);
	else
		ctl_say("there is no upstream \"%s\"; the config has: %s%s", name, buf_str(&names),
			count > UPSTREAMS_NAMED ? ", …" : "");
}

const struct upstream *composed_upstream(const struct composed *c, const char *name)
{
	const struct upstream *u = model_upstream(c->model, name);

	if (!u)
		say_no_upstream(c, name);
	return u;
}

static size_t composed_running(const struct composed *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->view.member_count; i++)
		count += strcmp(c->view.members[i].revision, c->revision) == 0;
	return count;
}

static void print_push(const struct composed *c, const struct screen *screen)
{
	struct config_note note;

	config_note_of(c->arena, c->tree, c->root, &note);
	if (note.unfinished)
		screen_lines(screen, COLOR_WARNING, 0,
			     "A push%s%s is unfinished, and %lu znode%s not written yet: no host "
			     "takes this config until it is.",
			     *note.push.by ? " by " : "", note.push.by, note.push.left,
			     note.push.left == 1 ? " is" : "s are");
}

static void print_unreadable(const struct composed *c, const struct screen *screen)
{
	const struct problems *ps = &c->unreadable_hosts;

	for (size_t i = 0; i < ps->count; i++)
		screen_lines(screen, COLOR_BAD, 0, "Not every host is known: %s: %s",
			     ps->items[i].znode, ps->items[i].message);
}

void composed_print_origin(const struct composed *c, const struct screen *screen)
{
	size_t running = composed_running(c), all = c->view.member_count;

	screen_lines(screen, running == all ? COLOR_FAINT : COLOR_WARNING, 0,
		     "\nThis is what ZooKeeper has now (config %.*s). %zu of %zu host%s run%s this "
		     "config.",
		     SHORT_REVISION, c->revision, running, all, PLURAL(all),
		     running == 1 ? "s" : "");
	print_unreadable(c, screen);
	print_push(c, screen);
}

/* --- problems ------------------------------------------------------------------------------- */

static bool is_reported(const struct composed *c, const struct problem *p)
{
	for (size_t i = 0; i < c->reported_count; i++) {
		if (problem_compare(&c->reported[i].problem, p) == 0)
			return true;
	}
	return false;
}

size_t composed_problems(const struct composed *c, const char *const *paths, size_t count,
			 struct object_problem **out)
{
	size_t found = 0;

	*out = arena_array(c->arena, struct object_problem,
			   c->reported_count + c->problems.count + 1);
	for (size_t i = 0; i < c->reported_count; i++) {
		const struct fleet_problem *p = &c->reported[i];

		if (path_is_within_any(p->problem.znode, paths, count))
			(*out)[found++] = (struct object_problem){ &p->problem, p };
	}
	for (size_t i = 0; i < c->problems.count; i++) {
		const struct problem *p = &c->problems.items[i];

		if (path_is_within_any(p->znode, paths, count) && !is_reported(c, p))
			(*out)[found++] = (struct object_problem){ p, NULL };
	}
	return found;
}

void object_problems_print(const struct composed *c, const struct screen *screen,
			   const struct object_problem *items, size_t count)
{
	if (count)
		fputs("\nProblems\n", screen->out);
	for (size_t i = 0; i < count; i++) {
		const struct fleet_problem *r = items[i].reported;
		CLEANUP(buf_fini) struct buf text = BUF_INIT;

		problem_print(items[i].problem, &text);
		screen_lines(screen, COLOR_STRONG, 2, "%s", items[i].problem->znode);
		screen_lines(screen, COLOR_WARNING, 4, "%s", buf_str(&text));
		screen_lines(screen, COLOR_FAINT, 6, "%s",
			     r ? arena_printf(c->arena, "reported %s",
					      hosts_words(c->arena, r->hosts, r->host_count,
							  fleet_reporters(&c->view)))
			       : "found in ZooKeeper by zknginxctl; no host reports it");
	}
}

json_t *object_problems_json(const struct object_problem *items, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct problem *p = items[i].problem;
		const struct fleet_problem *r = items[i].reported;
		json_t *j = json_object();

		json_put_text(j, "znode", p->znode);
		json_put_text(j, "kind", problem_kind_name(p->kind));
		json_put_text(j, "message", p->message);
		json_put(j, "field", json_or_null(p->field));
		json_put(j, "line", p->line ? json_integer(p->line) : json_null());
		json_put(j, "hosts", json_strings(r ? r->hosts : NULL, r ? r->host_count : 0));
		json_array_append_new(list, j);
	}
	return list;
}
