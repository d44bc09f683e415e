/* Names from ZooKeeper, within one second or --timeout, and without a word about failures. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/arena.h>
#include <zknginx/history.h>

#include "candidates.h"
#include "core/data/layout.h"
#include "ctl/znodes/client.h"
#include "ctl/znodes/composed.h"
#include "sys/timing.h"

#define BUDGET (900 * USEC_PER_MSEC)
#define REVISIONS 30
#define REVISION_DIGITS 12

struct search {
	const struct candidates *to;
	struct arena *arena;
	const struct zookeeper_settings *zookeeper;
	struct client *client;
	const char *before;
	uint64_t end;
};

/* Each request gets what is left of the time. False: nothing is. */
static bool has_time(struct search *s)
{
	uint64_t now = timing_now();

	s->to->ctl->timeout = now < s->end ? s->end - now : 0;
	return now < s->end;
}

static size_t children(struct search *s, const char *path, const char ***names)
{
	size_t count = 0;

	if (!has_time(s) || client_children(s->client, s->arena, path, names, &count, NULL) != 1)
		return 0;
	return count;
}

static void add_children(struct search *s, const char *path, const char *prefix, const char *suffix)
{
	const char **names;
	size_t count = children(s, path, &names);

	for (size_t i = 0; i < count; i++)
		s->to->add(s->to->ctx, arena_printf(s->arena, "%s%s%s", prefix, names[i], suffix),
			   "");
}

static void add_objects(struct search *s, enum config_kind kind)
{
	add_children(s,
		     arena_printf(s->arena, "%s/%s", s->zookeeper->config, config_directory(kind)),
		     "", "");
}

static void add_upstreams(struct search *s)
{
	add_objects(s, CONFIG_UPSTREAM);
}

static void add_sites(struct search *s)
{
	add_objects(s, CONFIG_SITE);
}

static void add_discovered(struct search *s)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	const struct upstream *u;

	if (!has_time(s) || composed_read(s->to->ctl, &c, NULL) < 0)
		return;
	u = model_upstream(c->model, s->before);
	for (size_t i = 0; u && i < u->server_count; i++)
		s->to->add(s->to->ctx, u->servers[i].address,
			   u->servers[i].discover ? u->servers[i].discover->path : "");
}

/* The child znodes at once; all registrations are read only for an upstream that discovers. */
static void add_servers(struct search *s)
{
	CLEANUP(freep) char *path = NULL;
	struct znode z;

	if (!s->before)
		return;
	path = config_path(s->zookeeper->config, CONFIG_UPSTREAM, s->before);
	add_children(s, path, "", "");
	if (has_time(s) && client_get(s->client, s->arena, path, &z, NULL) == 1 &&
	    strstr(z.data, "\"discover\""))
		add_discovered(s);
}

static void add_hosts(struct search *s)
{
	const char *cluster = s->zookeeper->cluster;

	add_children(s, cluster_path(s->arena, cluster, CLUSTER_REPORTS, NULL), "", "");
	add_children(s, cluster_path(s->arena, cluster, CLUSTER_MEMBERS, NULL), "", "");
}

static void add_revision(struct search *s, const char *name)
{
	const char *path = cluster_path(s->arena, s->zookeeper->cluster, CLUSTER_HISTORY, name);
	struct history_entry entry;
	struct znode z;

	if (!has_time(s) || client_get(s->client, s->arena, path, &z, NULL) != 1 ||
	    !history_entry_parse(s->arena, &z, &entry))
		return;
	s->to->add(s->to->ctx, arena_printf(s->arena, "%.*s", REVISION_DIGITS, entry.revision),
		   arena_printf(s->arena, "%s %s %s", entry.at, entry.by, entry.note));
}

/* The newest ones first. */
static void add_revisions(struct search *s)
{
	const char **names;
	size_t count = children(
		s, cluster_path(s->arena, s->zookeeper->cluster, CLUSTER_HISTORY, NULL), &names);

	for (size_t i = count; i > 0 && count - i < REVISIONS; i--)
		add_revision(s, names[i - 1]);
}

/* Names below `path`, the next part of this path; each with a slash where more follows. */
static void add_step(struct search *s, const char *path, const char *prefix, const char *target)
{
	const char *rest = path_relative(target, path);
	size_t size;

	if (!rest || !*rest)
		return;
	size = strcspn(rest, "/");
	s->to->add(s->to->ctx, arena_printf(s->arena, "%s%.*s/", prefix, (int)size, rest), "");
}

/* The kinds of objects, also those that the config has none of; and those of defaults, which have
 * fixed names. */
static void add_kinds(struct search *s, const char *path, const char *prefix)
{
	static const char *const defaults[] = { "site", "location", "upstream" };
	const char *config = s->zookeeper->config;
	char *directory;

	for (enum config_kind k = 0; k < CONFIG_KIND_N; k++)
		add_step(s, path, prefix,
			 arena_printf(s->arena, "%s/%s", config, config_directory(k)));
	directory = arena_printf(s->arena, "%s/%s", config, config_directory(CONFIG_DEFAULTS));
	for (size_t i = 0; i < ARRAY_SIZE(defaults) && strcmp(path, directory) == 0; i++)
		s->to->add(s->to->ctx, arena_printf(s->arena, "%s%s", prefix, defaults[i]), "");
}

/* The directories of the config, each with a slash, so that the next one can follow. */
static bool is_directory(struct search *s, const char *path)
{
	return config_place(path, s->zookeeper->config).level == CONFIG_DIRECTORY;
}

/* Up to the last slash the word names a znode; its children follow. */
static void add_paths(struct search *s)
{
	const char *word = s->to->word, *slash = strrchr(word, '/');
	const char *prefix = slash ? arena_copy(s->arena, word, (size_t)(slash + 1 - word)) : "";
	const char *parent = slash ? arena_copy(s->arena, word, (size_t)(slash - word)) : "";
	const char *path =
		arena_printf(s->arena, "%s%s%s", *word == '/' ? "" : s->zookeeper->config,
			     *parent && *word != '/' ? "/" : "", parent);
	const char **names;
	size_t count = children(s, *path ? path : "/", &names);

	for (size_t i = 0; i < count; i++) {
		const char *child = arena_printf(s->arena, "%s/%s", path, names[i]);

		s->to->add(s->to->ctx,
			   arena_printf(s->arena, "%s%s%s", prefix, names[i],
					is_directory(s, child) ? "/" : ""),
			   "");
	}
	if (has_time(s))
		add_kinds(s, path, prefix);
}

void candidates_of(const struct candidates *c, enum word kind, const char *before)
{
	static void (*const add[])(struct search * s) = {
		[WORD_PATH] = add_paths, [WORD_UPSTREAM] = add_upstreams,
		[WORD_SITE] = add_sites, [WORD_SERVER] = add_servers,
		[WORD_HOST] = add_hosts, [WORD_REVISION] = add_revisions,
		[WORD_COMMAND] = NULL,
	};
	CLEANUP(client_freep) struct client *client = NULL;
	struct search s = { .to = c, .arena = c->arena, .before = before };

	if (!add[kind])
		return;
	s.end = timing_now() + (c->ctl->timeout_given ? c->ctl->timeout : BUDGET);
	if (!ctl_load(c->ctl) || !has_time(&s) || client_open(c->ctl, &client, NULL) < 0)
		return;
	s.zookeeper = &c->ctl->settings.zookeeper;
	s.client = client;
	add[kind](&s);
}
