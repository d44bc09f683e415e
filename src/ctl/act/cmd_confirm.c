/* confirm: an operator accepts a loss of servers, and the guards let go of them. */
#include <stdlib.h>
#include <string.h>

#include "core/data/layout.h"
#include "core/text/json_text.h"
#include "core/text/utc.h"
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
	int64_t written;    /* zxid of the override */
	struct buf refusal; /* why a host does not take the override */
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
static bool refuses(void *job, const struct status *s)
{
	struct job *j = job;

	for (size_t i = 0; i < s->problem_count; i++) {
		const struct problem *p = &s->problems[i].problem;

		if (p->kind != PROBLEM_OVERRIDE || strcmp(p->znode, j->override) != 0)
			continue;
		buf_clear(&j->refusal);
		buf_printf(&j->refusal, "%s: %s", s->host, p->message);
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
static int look_before(struct job *j, struct hosts_wait *w)
{
	struct err e;

	*w = (struct hosts_wait){ .shows = print_held, .ctx = j };
	if (hosts_wait(j->ctl, w, &e) < 0)
		return ctl_fail(&e);
	return CTL_OK;
}

/* An upstream that was deleted while its servers were held is confirmed as well. */
static int check_upstream(struct job *j, bool held_somewhere)
{
	CLEANUP(composed_freep) struct composed *c = NULL;
	struct err e;

	if (composed_read(j->ctl, &c, &e) < 0)
		return ctl_fail(&e);
	if (held_somewhere || tree_find(c->tree, j->znode))
		return CTL_OK;
	return composed_upstream(c, j->upstream) ? CTL_OK : CTL_BAD;
}

/* --- the override ---------------------------------------------------------------------------- */

static int change(struct override_edit *o, void *job)
{
	const struct job *j = job;

	o->content.confirm = j->when;
	return CTL_OK;
}

static int write_override(struct job *j)
{
	struct override_edit o = { 0 };
	struct err e;
	int code;

	if (override_edit_open(&o, j->ctl, j->upstream, &e) < 0)
		code = ctl_fail(&e);
	else
		code = override_edit_run(&o, change, j);
	j->written = o.written;
	override_edit_fini(&o);
	return code;
}

/* --- after ----------------------------------------------------------------------------------- */

static void print_result(const struct job *j, const struct hosts_wait *before,
			 const struct hosts_wait *after)
{
	CLEANUP(buf_fini) struct buf when = BUF_INIT;
	size_t were_held = before->members - before->done;

	utc_print(j->when, &when);
	if (j->ctl->json) {
		json_t *object = json_object();

		json_put_text(object, "upstream", j->upstream);
		json_put(object, "confirm", json_time(j->when));
		json_put(object, "held", json_integer((json_int_t)were_held));
		json_put(object, "hosts", hosts_json(after));
		ctl_print_json(object);
		return;
	}
	screen_print(&j->ctl->screen, COLOR_GOOD, "confirmed");
	if (were_held)
		screen_print(&j->ctl->screen, COLOR_NONE, ": the servers of %s are released",
			     j->upstream);
	else
		screen_print(&j->ctl->screen, COLOR_NONE, ": no host reports held servers of %s",
			     j->upstream);
	if (after->timeout)
		hosts_print(after, &j->ctl->screen);
	fputc('\n', j->ctl->screen.out);
}

static int say_missing(const struct job *j, const struct hosts_wait *after)
{
	if (after->refused) {
		ctl_say("the override is written, and it has no effect on %s",
			buf_str(&j->refusal));
		return CTL_BAD;
	}
	ctl_say("the override is written, and these hosts do not report within %llu ms that they "
		"follow it: %s; "
		"\"zknginxctl status\" says how they are",
		(unsigned long long)(j->ctl->timeout / USEC_PER_MSEC), hosts_missing(after));
	return CTL_UNKNOWN;
}

static int finish(struct job *j, const struct hosts_wait *before, bool waits)
{
	struct hosts_wait after = { .shows = follows,
				    .refuses = refuses,
				    .ctx = j,
				    .timeout = waits ? j->ctl->timeout : 0 };
	struct err e;
	int code = CTL_OK;

	if (waits && hosts_wait(j->ctl, &after, &e) < 0)
		return hosts_are_unknown(&e);
	print_result(j, before, &after);
	hosts_say_away(&after,
		       "an nginx that runs there keeps the servers until its daemon is back");
	if (!hosts_are_done(&after))
		code = say_missing(j, &after);
	arena_free(after.arena);
	return code;
}

static int run(struct job *j, struct hosts_wait *before, const struct arguments *args)
{
	bool somewhere;
	int code = look_before(j, before);

	if (code != CTL_OK)
		return code;
	somewhere = !hosts_are_done(before);
	if (!arguments_has(args, "force"))
		code = check_upstream(j, somewhere);
	if (code == CTL_OK)
		code = write_override(j);
	return code == CTL_OK ? finish(j, before, !arguments_has(args, "no-wait")) : code;
}

static int confirm(struct ctl *ctl, const struct arguments *args)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const struct zookeeper_settings *z = &ctl->settings.zookeeper;
	const char *upstream = arguments_at(args, 0);
	struct job j = { .ctl = ctl, .upstream = upstream, .when = timing_wall() };
	struct hosts_wait before = { 0 };
	CLEANUP(freep) char *znode = NULL;
	int code;

	if (!name_is_valid(upstream))
		return ctl_usage("\"%s\" is not the name of an upstream", upstream);
	znode = config_path(z->config, CONFIG_UPSTREAM, upstream);
	j.znode = znode;
	j.override = cluster_path(a, z->cluster, CLUSTER_OVERRIDES, upstream);
	code = run(&j, &before, args);
	arena_free(before.arena);
	buf_fini(&j.refusal);
	return code;
}

static const struct command_option options[] = {
	{ "force", 'f', NULL, WORD_NONE, "write it for an upstream that does not exist" },
	{ "no-wait", 0, NULL, WORD_NONE, "do not wait until every host follows" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_confirm = {
	.name = "confirm",
	.synopsis = "UPSTREAM",
	.summary = "accept that servers of an upstream are gone",
	.help = "When an upstream loses too many servers at once, every host keeps them. This "
		"releases\nthem: the servers that are left are the new normal number. It says "
		"nothing about\nservers that are lost later.",
	.example = "  zknginxctl confirm shop",
	.least = 1,
	.most = 1,
	.words = { WORD_UPSTREAM },
	.options = options,
	.run = confirm,
};
