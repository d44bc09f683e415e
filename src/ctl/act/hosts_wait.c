/* Members and reports are read as one tree, and looked at whole after each change. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/status/fleet_view.h"
#include "core/text/json_text.h"
#include "ctl/znodes/reader.h"
#include "hosts_wait.h"
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

static void add_host(struct hosts_wait *w, const struct fleet_host *h)
{
	CLEANUP(buf_fini) struct buf why = BUF_INIT;
	struct host_answer *answer = &w->hosts[w->count++];

	*answer =
		(struct host_answer){ .host = arena_strdup(w->arena, h->name), .away = !h->member };
	w->members += !answer->away;
	if (!h->member || !h->report)
		return;
	answer->done = w->shows(w->ctx, h->report);
	w->done += answer->done;
	if (w->refuses && w->refuses(w->ctx, h->report, &why))
		w->refusal = arena_printf(w->arena, "%s: %s", h->report->host, buf_str(&why));
}

/* Reports stay when a host leaves, until an operator deletes them. */
static void look(struct hosts_wait *w, const struct tree *tree, const struct zookeeper_settings *z)
{
	struct fleet_view view;

	arena_free(w->arena);
	w->arena = arena_new();
	fleet_view_read(&view, w->arena, tree, z->cluster, z->config);
	w->hosts = arena_array(w->arena, struct host_answer, view.host_count + 1);
	w->count = w->members = w->done = 0;
	w->refusal = NULL;
	for (size_t i = 0; i < view.host_count; i++)
		add_host(w, &view.hosts[i]);
}

/* Do all hosts show it? Where there is none, too. */
static bool are_done(const struct hosts_wait *w)
{
	return w->done == w->members;
}

int hosts_wait(struct ctl *ctl, struct hosts_wait *w, struct err *e)
{
	CLEANUP(reader_freep) struct reader *r = NULL;
	CLEANUP(tree_unrefp) struct tree *tree = NULL;
	uint64_t end = timing_now() + w->timeout, now;

	if (open_reader(ctl, &r, e) < 0 || reader_first(r, &tree, e) < 0 ||
	    reader_check(r, ctl->settings.zookeeper.cluster, e) < 0)
		return -1;
	look(w, tree, &ctl->settings.zookeeper);
	while (!are_done(w) && (now = timing_now()) < end) {
		struct tree *next;

		progress_show("%zu of %zu hosts", w->done, w->members);
		if (!reader_next(r, end - now, &next))
			break;
		tree_unref(tree);
		tree = next;
		look(w, tree, &ctl->settings.zookeeper);
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

void hosts_print(const struct hosts_wait *w, const struct screen *s)
{
	if (w->members)
		screen_print(s, COLOR_NONE, ", on %zu of %zu host%s", w->done, w->members,
			     PLURAL(w->members));
	else
		screen_print(s, COLOR_WARNING, "; no host is in the fleet now");
}

json_t *hosts_json(const struct hosts_wait *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->count; i++) {
		json_t *j = json_object();

		json_put_text(j, "host", w->hosts[i].host);
		json_put(j, "away", json_boolean(w->hosts[i].away));
		json_put(j, "done", json_boolean(w->hosts[i].done));
		json_array_append_new(list, j);
	}
	return list;
}

/* --- after a write --------------------------------------------------------------------------- */

static const char *written(const struct hosts_wait *w)
{
	return w->what ?: "the override";
}

static int fail_unknown(const struct hosts_wait *w, struct err *e)
{
	err_wrap(e, "%s is written, and it is not known whether the hosts follow it", written(w));
	return ctl_fail(e);
}

static void say_away(const struct hosts_wait *w, const char *then)
{
	size_t count = w->count - w->members;

	if (count)
		ctl_say("%s %s not in the fleet (daemon stopped, host down or disconnected): %s",
			names_of(w, true), count == 1 ? "is" : "are", then);
}

static int say_missing(const struct hosts_wait *w)
{
	if (w->refusal) {
		ctl_say("%s is written, and it has no effect on %s", written(w), w->refusal);
		return CTL_BAD;
	}
	ctl_say("%s is written, and these hosts do not report it within %llu ms: %s; "
		"\"zknginxctl status\" says how they are",
		written(w), (unsigned long long)(w->timeout / USEC_PER_MSEC), names_of(w, false));
	return CTL_UNKNOWN;
}

int hosts_follow(struct ctl *ctl, struct hosts_follow *f)
{
	struct hosts_wait *w = &f->wait;
	struct err e;
	int code = CTL_OK;

	w->timeout = f->waits ? ctl->timeout : 0;
	if (f->waits && hosts_wait(ctl, w, &e) < 0)
		return fail_unknown(w, &e);
	f->print(w->ctx, w);
	say_away(w, f->away);
	if (!are_done(w))
		code = say_missing(w);
	arena_free(w->arena);
	return code;
}
