/*
 * status: the fleet, or one host; once, at every change, or until all is well.
 *
 * Without ZooKeeper it shows what this host's daemon wrote last, and the exit code says that the
 * fleet's state is unknown.
 */
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "fleet_text.h"
#include "local_status.h"
#include "status_watch.h"
#include "sys/timing.h"

static void show(const struct status_job *job, const struct snapshot *s)
{
	if (job->ctl->json)
		ctl_print_json(status_json(job, s));
	else
		status_print(job, s, &job->ctl->screen, SIZE_MAX);
}

/* --- without ZooKeeper ---------------------------------------------------------------------- */

static int fall_back(const struct status_job *job, const struct err *e)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct local_status l;
	int code = ctl_fail(e);

	if (!local_status_read(job->ctl, a, job->host, &l))
		return code;
	if (job->ctl->json)
		ctl_print_json(local_status_json(&l, timing_wall()));
	else
		local_status_print(&l, &job->ctl->screen, timing_wall());
	return code;
}

static int show_once(const struct status_job *job)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct err e;

	if (snapshot_read(job->ctl, &s, &e) < 0)
		return fall_back(job, &e);
	show(job, s);
	return status_code(job, s);
}

/* --- until all is well ---------------------------------------------------------------------- */

static const char *awaited(const struct snapshot *s)
{
	const struct fleet_health *h = &s->health;

	return h->wrong.count    ? h->wrong.items[0].message
	       : h->moving.count ? h->moving.items[0].message
				 : "";
}

/* Is there an answer? */
static bool is_decided(const struct status_job *job, const struct snapshot *s)
{
	return (status_code(job, s) == CTL_OK && fleet_is_quiet(&s->health)) || s->health.stopped;
}

static int give_up(const struct status_job *job, const struct snapshot *s)
{
	progress_clear();
	if (!s)
		return fall_back(job, &(struct err){ .code = ERR_UNAVAILABLE,
						     .text = "ZooKeeper does not answer" });
	show(job, s);
	ctl_say("not healthy and quiet in time: %s", awaited(s));
	return CTL_UNKNOWN;
}

struct waiting {
	struct reader *reader;
	struct tree *fresh;
	bool connected; /* as the snapshot has it */
};

static bool has_answer(void *ctx)
{
	struct waiting *w = ctx;

	return reader_next(w->reader, 0, &w->fresh) ||
	       reader_is_connected(w->reader) != w->connected;
}

static void look_again(struct waiting *w, const struct status_job *job, struct snapshot **s)
{
	w->connected = reader_is_connected(w->reader);
	if (w->fresh) {
		snapshot_free(*s);
		*s = snapshot_new(job->ctl, w->reader, TAKE(w->fresh));
	}
	if (*s)
		(*s)->connected = w->connected;
}

static int wait_loop(const struct status_job *job, struct reader *r)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct waiting w = { .reader = r };
	struct ctl *ctl = job->ctl;
	uint64_t begin = timing_now(), end = ctl->timeout_given ? begin + ctl->timeout : NEVER;

	for (;;) {
		uint64_t now = timing_now(), until = s ? end : begin + ctl->timeout;

		if (now >= until ||
		    !ctl_run_until(ctl, has_answer, &w, until == NEVER ? NEVER : until - now))
			return give_up(job, s);
		look_again(&w, job, &s);
		if (s && is_decided(job, s))
			break;
		if (s)
			progress_show("waiting: %s",
				      s->connected ? awaited(s) : "no connection to ZooKeeper");
	}
	progress_clear();
	show(job, s);
	return status_code(job, s) == CTL_OK ? CTL_OK : CTL_BAD;
}

static int wait_until_well(const struct status_job *job)
{
	CLEANUP(reader_freep) struct reader *r = NULL;
	struct err e;

	if (snapshot_reader(job->ctl, &r, &e) < 0)
		return ctl_fail(&e);
	return wait_loop(job, r);
}

static int status(struct ctl *ctl, const struct arguments *args)
{
	const struct status_job job = { ctl, arguments_at(args, 0) };

	if (arguments_has(args, "watch") && arguments_has(args, "wait"))
		return ctl_usage("--watch and --wait exclude each other");
	if (arguments_has(args, "watch"))
		return status_watch(&job);
	if (arguments_has(args, "wait"))
		return wait_until_well(&job);
	return show_once(&job);
}

static const struct command_option options[] = {
	{ "watch", 'w', NULL, WORD_NONE, "redraw at every change; Ctrl-C or q ends it" },
	{ "wait", 0, NULL, WORD_NONE, "return when the fleet is healthy and quiet" },
	{ NULL, 0, NULL, WORD_NONE, NULL },
};

const struct command command_status = {
	.name = "status",
	.synopsis = "[HOST]",
	.summary = "show the fleet, or the whole report of a host",
	.help = "The exit status is 0 if the fleet is healthy, 1 if something is wrong, and 3 if\n"
		"that is not known. It is healthy when each host is in the fleet, has applied\n"
		"the revision that it is to run, has a running nginx and reports no problem and\n"
		"no alert; when a leader leads; and when no rollout was halted or reverted.\n"
		"\n"
		"Without ZooKeeper the last status of this host is shown, and the exit status\n"
		"is 3. --wait waits as long as it takes, or for --timeout; it ends with 1 as\n"
		"soon as the rollout was halted or reverted, and with 3 when the time is over.",
	.example = "  zknginxctl status\n"
		   "  zknginxctl status web1\n"
		   "  zknginxctl status --wait --timeout 5m",
	.most = 1,
	.words = { WORD_HOST },
	.options = options,
	.run = status,
};
