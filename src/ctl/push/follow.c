/*
 * Each tree of the cluster is looked at as a whole; what it says differently than the one before is
 * an event. The problems that hosts had before the change are not counted against it.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/status/landing.h"
#include "core/text/json_text.h"
#include "ctl/znodes/snapshot.h"
#include "follow.h"
#include "sys/timing.h"

#define GLANCE (200 * USEC_PER_MSEC) /* so soon Ctrl-C and the end of a time are seen */

struct follow {
	struct ctl *ctl;
	struct reader *reader;
	struct snapshot *newest;
	struct arena *arena;
	struct landing landing;
	uint64_t away; /* since when there is no connection; 0: there is one */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal UNUSED)
{
	interrupted = 1;
}

/* Without the plan a rollout stands still, without members and reports the fleet is empty. */
static int check_readable(const struct follow *f, struct err *e)
{
	static const enum cluster_znode needed[] = { CLUSTER_MEMBERS, CLUSTER_REPORTS,
						     CLUSTER_PLAN };
	const char *cluster = f->ctl->settings.zookeeper.cluster;

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		if (reader_check(f->reader, cluster_path(f->arena, cluster, needed[i], NULL), e) <
		    0)
			return err_wrap(e, "the rollout cannot be followed");
	}
	return 0;
}

int follow_new(struct ctl *ctl, struct follow **out, struct err *e)
{
	CLEANUP(follow_freep) struct follow *f = xcalloc(1, sizeof(*f));
	struct tree *tree;

	f->ctl = ctl;
	f->arena = arena_new();
	if (snapshot_reader(ctl, &f->reader, e) < 0 || reader_first(f->reader, &tree, e) < 0)
		return -1;
	f->newest = snapshot_new(ctl, f->reader, tree);
	if (check_readable(f, e) < 0)
		return -1;
	landing_begin(&f->landing, f->arena, &f->newest->view);
	*out = TAKE(f);
	return 0;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	reader_free(f->reader);
	snapshot_free(f->newest);
	arena_free(f->arena);
	free(f);
}

/* --- output ---------------------------------------------------------------------------------- */

static enum color color_of(const struct landing_event *e)
{
	static const enum color colors[] = { [LANDING_NEWS] = COLOR_NONE,
					     [LANDING_GOOD] = COLOR_GOOD,
					     [LANDING_WRONG] = COLOR_BAD };

	return colors[e->kind];
}

static void print_events(struct follow *f)
{
	const struct landing *l = &f->landing;

	if (l->event_count)
		progress_clear();
	for (size_t i = 0; !f->ctl->json && i < l->event_count; i++) {
		const struct landing_event *e = &l->events[i];

		screen_print(&f->ctl->screen, COLOR_STRONG, "%s", *e->host ? e->host : "rollout");
		fputs(": ", f->ctl->screen.out);
		screen_print(&f->ctl->screen, color_of(e), "%s", e->text);
		fputc('\n', f->ctl->screen.out);
	}
	fflush(f->ctl->screen.out);
}

/* Then no step of the rollout is taken. */
static bool has_no_leader(const struct follow *f)
{
	const struct fleet_view *v = &f->newest->view;

	return fleet_view_followers(v) && !*v->leader;
}

static void show_progress(const struct follow *f)
{
	const struct landing *l = &f->landing;

	if (f->away)
		progress_show("no connection to ZooKeeper");
	else if (!*l->revision)
		progress_show("waiting for the change");
	else
		progress_show("revision %.12s: on %zu of %zu host%s%s%s%s", l->revision, l->applied,
			      l->host_count, PLURAL(l->host_count), *l->phase ? ", " : "", l->phase,
			      has_no_leader(f) ? ", no host leads the fleet" : "");
}

/* --- the end --------------------------------------------------------------------------------- */

static int code_of(enum landing_outcome o)
{
	switch (o) {
	case LANDING_DONE:
		return CTL_OK;
	case LANDING_NOWHERE:
	case LANDING_UNDECIDED:
		return CTL_UNKNOWN;
	default:
		return CTL_BAD;
	}
}

static int stop(struct follow *f, enum landing_outcome outcome, const char *message)
{
	progress_clear();
	f->landing.outcome = outcome;
	f->landing.message = message;
	ctl_say("%s", message);
	return CTL_UNKNOWN;
}

static void print_good(const struct follow *f, const char *text)
{
	screen_print(&f->ctl->screen, COLOR_GOOD, "%s", text);
	fputc('\n', f->ctl->screen.out);
}

/* They have left a report and are no members: nothing is known of what their nginx serves. */
static void name_missing_hosts(const struct follow *f)
{
	CLEANUP(buf_fini) struct buf names = BUF_INIT;
	const struct fleet_view *v = &f->newest->view;

	for (size_t i = 0; i < v->host_count; i++) {
		if (!v->hosts[i].member)
			buf_printf(&names, "%s%s", names.size ? ", " : "", v->hosts[i].name);
	}
	if (names.size)
		ctl_say("not in the fleet now, and not waited for: %s", buf_str(&names));
}

static int finish(struct follow *f)
{
	const struct landing *l = &f->landing;

	progress_clear();
	name_missing_hosts(f);
	if (l->outcome != LANDING_DONE)
		ctl_say("%s", l->message);
	else if (!f->ctl->json)
		print_good(f, l->message);
	return code_of(l->outcome);
}

#define COME_BACK                                                                                  \
	"the rollout goes on without; \"zknginxctl status --watch\" shows it, \"zknginxctl "       \
	"pause\" and \"zknginxctl abort\" stop it"

/* 0: go on. */
static int look_at_clock(struct follow *f, uint64_t end)
{
	uint64_t now = timing_now();

	if (interrupted) {
		stop(f, LANDING_UNDECIDED, COME_BACK);
		return FOLLOW_INTERRUPTED;
	}
	if (now >= end)
		return stop(f, LANDING_UNDECIDED, "the time to follow it has passed; " COME_BACK);
	if (reader_is_connected(f->reader))
		f->away = 0;
	else if (!f->away)
		f->away = now;
	else if (now - f->away > f->ctl->timeout)
		return stop(f, LANDING_UNDECIDED,
			    "ZooKeeper does not answer; the rollout goes on without");
	return 0;
}

static int run(struct follow *f, uint64_t end)
{
	for (;;) {
		struct tree *tree;
		int code;

		landing_look(&f->landing, &f->newest->view);
		print_events(f);
		if (f->landing.outcome != LANDING_GOING)
			return finish(f);
		do {
			show_progress(f);
			code = look_at_clock(f, end);
			if (code)
				return code;
		} while (reader_next(f->reader, GLANCE, &tree) == 0);
		snapshot_free(f->newest);
		f->newest = snapshot_new(f->ctl, f->reader, tree);
	}
}

/* The version of the config root in the newest tree. */
static int root_version(const struct follow *f)
{
	const struct znode *root = tree_find(f->newest->tree, f->newest->config);

	return root ? root->version : -1;
}

/* What the tree with the change is known by. */
struct sign {
	int version;        /* of the config root, or a later one */
	const char *prefix; /* of the revision; NULL: any */
};

static bool has_change(const struct follow *f, const struct sign *s)
{
	if (s->prefix)
		return strncmp(f->newest->view.newest, s->prefix, strlen(s->prefix)) == 0;
	return root_version(f) >= s->version;
}

/* The revision is that of the first tree with the change: somebody may have written another znode
 * at the same time. */
static int await_change(struct follow *f, const struct sign *s, uint64_t end)
{
	while (!has_change(f, s)) {
		struct tree *tree;
		int code = look_at_clock(f, end);

		if (code)
			return code;
		show_progress(f);
		if (reader_next(f->reader, GLANCE, &tree) == 0)
			continue;
		snapshot_free(f->newest);
		f->newest = snapshot_new(f->ctl, f->reader, tree);
	}
	f->landing.revision = arena_strdup(f->arena, f->newest->view.newest);
	return 0;
}

static int follow_sign(struct follow *f, const struct sign *s, uint64_t limit)
{
	const struct sigaction action = { .sa_handler = on_interrupt };
	uint64_t now = timing_now(), end = limit > NEVER - now ? NEVER : now + limit;
	int code;

	sigaction(SIGINT, &action, NULL);
	code = await_change(f, s, end);
	if (!code)
		code = run(f, end);
	progress_clear();
	return code;
}

int follow_run(struct follow *f, int version, uint64_t limit)
{
	return follow_sign(f, &(struct sign){ .version = version }, limit);
}

int follow_run_revision(struct follow *f, const char *prefix, uint64_t limit)
{
	return follow_sign(f, &(struct sign){ .prefix = prefix }, limit);
}

const char *follow_revision(const struct follow *f)
{
	return f->landing.revision;
}

json_t *follow_json(const struct follow *f)
{
	const struct landing *l = &f->landing;
	json_t *j = json_object(), *hosts = json_array();

	for (size_t i = 0; i < l->host_count; i++) {
		json_t *host = json_object();

		json_put_text(host, "host", l->hosts[i].name);
		json_put_text(host, "state", landing_state_name(l->hosts[i].state));
		json_put_text(host, "message", l->hosts[i].message);
		json_array_append_new(hosts, host);
	}
	json_put(j, "hosts", hosts);
	json_put_text(j, "message", l->message);
	json_put_text(j, "outcome", landing_outcome_name(l->outcome));
	return j;
}
