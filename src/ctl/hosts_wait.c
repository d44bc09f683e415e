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

static void look_at_host(struct hosts_wait *w, const struct tree *tree, const char *cluster,
			 const char *host)
{
	struct host_answer *answer = &w->hosts[w->count++];
	struct status status;

	*answer = (struct host_answer){ .host = arena_strdup(w->arena, host) };
	if (!read_report(w->arena, tree, cluster, host, &status))
		return;
	answer->done = w->shows(w->ctx, &status);
	w->done += answer->done;
	if (w->refuses && w->refuses(w->ctx, &status))
		w->refused = true;
}

static void look(struct hosts_wait *w, const struct tree *tree, const char *cluster)
{
	struct member *members;
	size_t count;

	arena_free(w->arena);
	w->arena = arena_new();
	count = members_parse(w->arena, tree, cluster, &members);
	w->hosts = arena_array(w->arena, struct host_answer, count);
	w->count = w->done = 0;
	w->refused = false;
	for (size_t i = 0; i < count; i++)
		look_at_host(w, tree, cluster, members[i].host);
}

bool hosts_are_done(const struct hosts_wait *w)
{
	return w->done == w->count;
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

		progress_show("%zu of %zu hosts", w->done, w->count);
		if (!reader_next(r, end - now, &next))
			break;
		tree_unref(tree);
		tree = next;
		look(w, tree, ctl->settings.zookeeper.cluster);
	}
	progress_clear();
	return 0;
}

const char *hosts_missing(const struct hosts_wait *w)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;

	for (size_t i = 0; i < w->count; i++) {
		if (!w->hosts[i].done)
			buf_printf(&names, "%s%s", names.size ? ", " : "", w->hosts[i].host);
	}
	return arena_strdup(w->arena, buf_str(&names));
}

json_t *hosts_json(const struct hosts_wait *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->count; i++)
		json_array_append_new(list, json_pack("{s:s, s:b}", "host", w->hosts[i].host,
						      "done", w->hosts[i].done));
	return list;
}
