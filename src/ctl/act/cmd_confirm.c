/* confirm: an operator accepts a loss of servers, and the guards let go of them; or an older
 * history of ZooKeeper (confirm_history.h). */
#include <stdlib.h>
#include <string.h>

#include "confirm_history.h"
#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "ctl/commands.h"
#include "ctl/znodes/composed.h"
#include "hosts_wait.h"
#include "override_edit.h"
#include "sys/timing.h"

struct job {
	struct ctl *ctl;
	const char *upstream;
	const char *znode;    /* of the upstream */
	const char *override; /* its path */
	uint64_t when;
	int64_t written; /* zxid of the override */
	size_t held_on;  /* how many hosts, before */
};

/* --- what hosts report ----------------------------------------------------------------------- */

/* The guard's problem of the upstream; NULL: nothing of it is held. */
static const char *held(const struct job *j, const struct status *s)
{
	for (size_t i = 0; i < s->problem_count; i++) {
		const struct problem *p = &s->problems[i].problem;

		if (p->kind == PROBLEM_GUARD && p->serving == SERVING_PREVIOUS &&
		    strcmp(p->znode, j->znode) == 0)
			return p->message;
	}
	return NULL;
}

static bool follows(void *job, const struct status *s)
{
	const struct job *j = job;

	return s->overrides >= j->written && !held(j, s);
}

/* The override itself is a problem there: the clocks differ, for example. */
static bool refuses(void *job, const struct status *s, struct buf *why)
{
	const struct job *j = job;

	for (size_t i = 0; i < s->problem_count; i++) {
		const struct problem *p = &s->problems[i].problem;

		if (p->kind != PROBLEM_OVERRIDE || strcmp(p->znode, j->override) != 0)
			continue;
		buf_puts(why, p->message);
		return true;
	}
	return false;
}

/* --- before ---------------------------------------------------------------------------------- */

static bool print_held(void *job, const struct status *s)
{
	struct job *j = job;
	const char *message = held(j, s);

	if (message && !j->ctl->json)
		screen_print(&j->ctl->screen, COLOR_NONE, "%s: %s\n", s->host, message);
	return !message;
}

/* Prints what is held, and on which hosts. */
static int look_before(struct job *j)
{
	struct hosts_wait w = { .shows = print_held, .ctx = j };
	struct err e;

	if (hosts_wait(j->ctl, &w, &e) < 0)
		return ctl_fail(&e);
	j->held_on = w.members - w.done;
	arena_free(w.arena);
	return CTL_OK;
}

/* An upstream that was deleted while its servers were held is confirmed as well. */
static int check_upstream(struct job *j)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	struct err e;

	if (composed_read(j->ctl, &c, &e) < 0)
		return ctl_fail(&e);
	if (j->held_on || tree_find(c->tree, j->znode))
		return CTL_OK;
	return composed_upstream(c, j->upstream) ? CTL_OK : CTL_BAD;
}

/* --- the override ---------------------------------------------------------------------------- */

static int set_confirm(struct override_edit *o, void *job)
{
	const struct job *j = job;

	o->content.confirm = j->when;
	return CTL_OK;
}

/* --- after ----------------------------------------------------------------------------------- */

static void print_result(void *job, const struct hosts_wait *after)
{
	const struct job *j = job;

	if (j->ctl->json) {
		json_t *object = json_object();

		json_put_text(object, "upstream", j->upstream);
		json_put(object, "confirm", json_time(j->when));
		json_put(object, "held", json_integer((json_int_t)j->held_on));
		json_put(object, "hosts", hosts_json(after));
		ctl_print_json(object);
		return;
	}
	screen_print(&j->ctl->screen, COLOR_GOOD, "confirmed");
	if (j->held_on)
		screen_print(&j->ctl->screen, COLOR_NONE, ": the servers of %s are released",
			     j->upstream);
	else
		screen_print(&j->ctl->screen, COLOR_NONE, ": no host reports held servers of %s",
			     j->upstream);
	if (after->timeout)
		hosts_print(after, &j->ctl->screen);
	fputc('\n', j->ctl->screen.out);
}

static int follow(struct job *j, bool waits)
{
	struct hosts_follow f = {
		.wait = { .shows = follows, .refuses = refuses, .ctx = j },
		.waits = waits,
		.print = print_result,
		.away = "an nginx that runs there keeps the servers until its daemon is back",
	};

	return hosts_follow(j->ctl, &f);
}

static int confirm_upstream(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;
	const char *upstream = arguments_at(args, 0);
	struct job j = { .ctl = ctl, .upstream = upstream, .when = timing_wall() };
	CLEANUP(freep) char *znode = NULL;
	int code = override_check_name(upstream);

	if (code != CTL_OK)
		return code;
	znode = config_path(z->config, CONFIG_UPSTREAM, upstream);
	j.znode = znode;
	j.override = cluster_path(a, z->cluster, CLUSTER_OVERRIDES, upstream);
	code = look_before(&j);
	if (code == CTL_OK && !arguments_has(args, "force"))
		code = check_upstream(&j);
	if (code == CTL_OK)
		code = override_edit(ctl, a, upstream, set_confirm, &j, &j.written);
	return code == CTL_OK ? follow(&j, !arguments_has(args, "no-wait")) : code;
}

static int confirm(struct ctl *ctl, const struct arguments *args)
{
	bool upstream = arguments_at(args, 0);

	if (upstream == arguments_has(args, "history"))
		return ctl_usage("confirm takes the name of an upstream, or --history");
	if (upstream)
		return confirm_upstream(ctl, args);
	return confirm_history(ctl, !arguments_has(args, "no-wait"));
}

static const struct command_option options[] = {
	{ "history", 0, NULL, WORD_NONE, "accept that ZooKeeper has gone back to older data" },
	{ "force", 'f', NULL, WORD_NONE, "write it for an upstream that does not exist" },
	{ "no-wait", 0, NULL, WORD_NONE, "do not wait until every host follows" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_confirm = {
	.name = "confirm",
	.synopsis = "UPSTREAM | --history",
	.summary = "accept that servers, or newer data of ZooKeeper, are gone",
	.help = "When an upstream loses too many servers at once, every host keeps them. This "
		"releases\nthem: the servers that are left are the new normal number. It says "
		"nothing about\nservers that are lost later.\n\n"
		"When ZooKeeper was restored from a copy, or wiped, no host applies what it has "
		"(alert\nzookeeper-rolled-back). --history accepts it: the hosts follow what "
		"ZooKeeper has now.",
	.example = "  zknginxctl confirm shop\n"
		   "  zknginxctl confirm --history",
	.least = 0,
	.most = 1,
	.words = { WORD_UPSTREAM },
	.options = options,
	.run = confirm,
};
