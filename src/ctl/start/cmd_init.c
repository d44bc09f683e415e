/*
 * init: creates the znodes that operators and daemons write below, and says what comes next.
 *
 * Each znode is created by itself, so a second run continues where a first one ended. What exists
 * is never written.
 */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/znodes/client.h"
#include "hints.h"
#include "zk/resolver.h"

struct init {
	struct ctl *ctl;
	struct arena *arena;
	struct client *client;
	const char **paths; /* in the order of creating: parents first */
	bool *created;
	struct client_acl *acls;
	size_t count, room;
};

/* --- which znodes ---------------------------------------------------------------------------- */

static void add(struct init *n, const char *path)
{
	for (size_t i = 0; i < n->count; i++) {
		if (strcmp(n->paths[i], path) == 0)
			return;
	}
	n->paths = arena_grow(n->arena, n->paths, n->count, &n->room, sizeof(*n->paths));
	n->paths[n->count++] = path;
}

/* The znode after those above it. */
static void add_with_parents(struct init *n, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/'))
		add(n, arena_copy(n->arena, path, (size_t)(slash - path)));
	add(n, path);
}

/* What operators write to, and what the daemons write to; not the znodes whose existence means
 * something. */
static void choose(struct init *n)
{
	static const enum cluster_znode directories[] = { CLUSTER_MEMBERS, CLUSTER_REPORTS,
							  CLUSTER_HISTORY, CLUSTER_OVERRIDES,
							  CLUSTER_ELECTION };
	const struct zookeeper_settings *z = &n->ctl->settings.zookeeper;

	add_with_parents(n, z->config);
	for (enum config_kind k = 0; k < CONFIG_KIND_N; k++) {
		if (config_role(k) == ROLE_DEFINITION || config_role(k) == ROLE_PART)
			continue; /* made with the first object in them */
		add_with_parents(n,
				 arena_printf(n->arena, "%s/%s", z->config, config_directory(k)));
	}
	add_with_parents(n, z->cluster);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		add(n, cluster_path(n->arena, z->cluster, directories[i], NULL));
	n->created = arena_array(n->arena, bool, n->count);
	n->acls = arena_array(n->arena, struct client_acl, n->count);
}

/* --- creating -------------------------------------------------------------------------------- */

static int create(struct init *n, size_t i, struct err *e)
{
	struct session_op op = { .kind = OP_CREATE, .path = n->paths[i], .data = "" };
	int rc = 0;

	n->created[i] = client_multi(n->client, &op, 1, NULL, &rc, e) == 0;
	if (n->created[i] || rc == SESSION_NODE_EXISTS)
		return 0;
	if (rc == SESSION_NO_AUTH)
		return err_set(e, ERR_REFUSED, "%s cannot be created: %s", op.path,
			       hint_credentials(n->arena, &n->ctl->settings.zookeeper));
	return -1;
}

static int create_all(struct init *n, struct err *e)
{
	struct session_stat root;
	int found = client_stat(n->client, "/", &root, e);

	if (found < 0)
		return -1;
	if (!found)
		return err_set(e, ERR_REFUSED, "%s",
			       hint_chroot(n->arena, n->ctl->settings.zookeeper.hosts));
	for (size_t i = 0; i < n->count; i++) {
		if (create(n, i, e) < 0)
			return -1;
	}
	return client_acls(n->client, n->arena, n->paths, n->count, n->acls, e);
}

/* --- what is said ---------------------------------------------------------------------------- */

static size_t count_open(const struct init *n)
{
	size_t open = 0;

	for (size_t i = 0; i < n->count; i++)
		open += client_acl_is_open(&n->acls[i]);
	return open;
}

static void print_warning(const struct init *n)
{
	const struct screen *s = &n->ctl->screen;
	size_t open = count_open(n);

	if (!open)
		return;
	fputc('\n', s->out);
	screen_print(s, COLOR_WARNING, "Warning:");
	fprintf(s->out,
		" every client that reaches ZooKeeper can change %zu of these znodes, and with "
		"them "
		"what nginx serves.\n%s\n",
		open, hint_acl(n->arena, &n->ctl->settings.zookeeper));
}

static int print_text(const struct init *n)
{
	const struct screen *s = &n->ctl->screen;
	const struct settings *settings = &n->ctl->settings;

	for (size_t i = 0; i < n->count; i++) {
		screen_print(s, n->created[i] ? COLOR_GOOD : COLOR_FAINT, "%s",
			     n->created[i] ? "created" : "exists ");
		screen_print(s, COLOR_NONE, "  %s", n->paths[i]);
		fputc('\n', s->out);
	}
	print_warning(n);
	fprintf(s->out,
		"\nStart zknginxd on each nginx host. Then add these lines to %s:\n\n%s\n"
		"Then reload nginx once by hand, and check the host:\n\n    sudo zknginxctl "
		"doctor\n",
		settings->nginx.config, hint_include(n->arena, settings));
	return CTL_OK;
}

static json_t *list(const struct init *n, bool (*is_wanted)(const struct init *n, size_t i))
{
	json_t *paths = json_array();

	for (size_t i = 0; i < n->count; i++) {
		if (is_wanted(n, i))
			json_array_append_new(paths, json_text(n->paths[i]));
	}
	return paths;
}

static bool was_created(const struct init *n, size_t i)
{
	return n->created[i];
}

static bool has_existed(const struct init *n, size_t i)
{
	return !n->created[i];
}

static bool is_open(const struct init *n, size_t i)
{
	return client_acl_is_open(&n->acls[i]);
}

static int print_json(const struct init *n)
{
	json_t *j = json_object();

	json_put(j, "created", list(n, was_created));
	json_put(j, "existed", list(n, has_existed));
	json_put_text(j, "nginx_conf", hint_include(n->arena, &n->ctl->settings));
	json_put(j, "world_writable", list(n, is_open));
	ctl_print_json(j);
	return CTL_OK;
}

static int init(struct ctl *ctl, const struct arguments *args UNUSED)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(client_freep) struct client *client = NULL;
	struct init n = { .ctl = ctl, .arena = arena };
	struct err e;

	choose(&n);
	if (client_open(ctl, &client, &e) < 0)
		return ctl_fail(&e);
	n.client = client;
	if (create_all(&n, &e) < 0)
		return ctl_fail(&e);
	return ctl->json ? print_json(&n) : print_text(&n);
}

const struct command command_init = {
	.name = "init",
	.synopsis = "",
	.summary = "create the znodes, and print what nginx.conf needs",
	.help = "Creates the znodes of zookeeper.config and zookeeper.cluster that do not exist "
		"yet.\n"
		"It writes nothing that exists. Without zookeeper.auth_file every client may "
		"change\n"
		"them; with it, only clients with these credentials.",
	.example = "  zknginxctl init\n  zknginxctl -s zk1:2181,zk2:2181/prod init",
	.run = init,
};
