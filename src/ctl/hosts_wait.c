/* Members and reports are read as one tree, and looked at whole after each change. */
#include <stdlib.h>
#include <string.h>

#include <zknginx/member.h>

#include "core/data/layout.h"
#include "hosts_wait.h"
#include "reader.h"
#include "sys/timing.h"

static int open_reader(struct ctl *ctl, struct reader **out, struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *cluster = ctl->settings.zookeeper.cluster;
	const struct mirror_root roots[] = {
		{ cluster_path(a, cluster, CLUSTER_MEMBERS, NULL), 1 },
		{ cluster_path(a, cluster, CLUSTER_REPORTS, NULL), 1 },
	};

	return reader_new(ctl, roots, ARRAY_SIZE(roots), out, e);
}

/* False: the host has published no report that can be read. */
static bool read_report(struct arena *a, const struct tree *tree, const char *cluster,
			const char *host, struct status *out)
{
	const struct znode *z = tree_find(tree, cluster_path(a, cluster, CLUSTER_REPORTS, host));
	struct err ignored;

	return z && status_parse(a, z->data, z->size, out, &ignored) == 0;
}

static void look_at_member(struct hosts_wait *w, struct host_answer *answer,
			   const struct tree *tree, const char *cluster)
{
	struct status status;

	w->members++;
	if (!read_report(w->arena, tree, cluster, answer->host, &status))
		return;
	answer->done = w->shows(w->ctx, &status);
	w->done += answer->done;
	if (w->refuses && w->refuses(w->ctx, &status))
		w->refused = true;
}

static int by_host(const void *x, const void *y)
{
	const struct host_answer *a = x, *b = y;

	return strcmp(a->host, b->host);
}

/* Reports stay when a host leaves, until an operator deletes them. */
static void add_hosts(struct hosts_wait *w, const struct tree *tree, const char *cluster,
		      const struct member *members, size_t member_count)
{
	const char *parent = cluster_path(w->arena, cluster, CLUSTER_REPORTS, NULL);
	size_t begin = tree_lower_bound(tree, parent), end = begin;

	while (end < tree_count(tree) && path_relative(tree_at(tree, end)->path, parent))
		end++;
	w->hosts = arena_array(w->arena, struct host_answer, member_count + end - begin);
	w->count = 0;
	for (size_t i = 0; i < member_count; i++)
		w->hosts[w->count++] =
			(struct host_answer){ .host = arena_strdup(w->arena, members[i].host) };
	for (size_t i = begin; i < end; i++) {
		const char *path = tree_at(tree, i)->path;

		if (path_is_below(path, parent) &&
		    !members_find(members, member_count, path_name(path)))
			w->hosts[w->count++] = (struct host_answer){
				.host = arena_strdup(w->arena, path_name(path)), .away = true
			};
	}
	if (w->count)
		qsort(w->hosts, w->count, sizeof(*w->hosts), by_host);
}

static void look(struct hosts_wait *w, const struct tree *tree, const char *cluster)
{
	struct member *members;
	size_t count;

	arena_free(w->arena);
	w->arena = arena_new();
	count = members_parse(w->arena, tree, cluster, &members);
	add_hosts(w, tree, cluster, members, count);
	w->members = w->done = 0;
	w->refused = false;
	for (size_t i = 0; i < w->count; i++) {
		if (!w->hosts[i].away)
			look_at_member(w, &w->hosts[i], tree, cluster);
	}
}

bool hosts_are_done(const struct hosts_wait *w)
{
	return w->done == w->members;
}

int hosts_wait(struct ctl *ctl, struct hosts_wait *w, struct err *e)
{
	CLEANUP(reader_freep) struct reader *r = NULL;
	CLEANUP(tree_unrefp) struct tree *tree = NULL;
	uint64_t end = timing_now() + w->timeout, now;

	if (open_reader(ctl, &r, e) < 0 || reader_first(r, &tree, e) < 0)
		return -1;
	look(w, tree, ctl->settings.zookeeper.cluster);
	while (!hosts_are_done(w) && (now = timing_now()) < end) {
		struct tree *next;

		progress_show("%zu of %zu hosts", w->done, w->members);
		if (!reader_next(r, end - now, &next))
			break;
		tree_unref(tree);
		tree = next;
		look(w, tree, ctl->settings.zookeeper.cluster);
	}
	progress_clear();
	return 0;
}

/* Of those that are away, or of the members that do not show it. */
static const char *names_of(const struct hosts_wait *w, bool away)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;

	for (size_t i = 0; i < w->count; i++) {
		if (!w->hosts[i].done && w->hosts[i].away == away)
			buf_printf(&names, "%s%s", names.size ? ", " : "", w->hosts[i].host);
	}
	return arena_strdup(w->arena, buf_str(&names));
}

const char *hosts_missing(const struct hosts_wait *w)
{
	return names_of(w, false);
}

void hosts_print(const struct hosts_wait *w, const struct screen *s)
{
	if (w->members)
		screen_print(s, COLOR_NONE, ", on %zu of %zu host%s", w->done, w->members,
			     PLURAL(w->members));
	else
		screen_print(s, COLOR_WARNING, "; no host is in the fleet now");
}

void hosts_say_away(const struct hosts_wait *w, const char *then)
{
	size_t count = w->count - w->members;

	if (count)
		ctl_say("%s %s not in the fleet (daemon stopped, host down or disconnected): %s",
			names_of(w, true), count == 1 ? "is" : "are", then);
}

json_t *hosts_json(const struct hosts_wait *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->count; i++)
		json_array_append_new(list,
				      json_pack("{s:b, s:b, s:s}", "away", w->hosts[i].away, "done",
						w->hosts[i].done, "host", w->hosts[i].host));
	return list;
}
