/*
 * status: the fleet, or one host; once, at every change, or until all is well.
 *
 * Without ZooKeeper it shows what this host's daemon wrote last, and the exit code says that the
 * fleet's state is unknown.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "canvas.h"
#include "client.h"
#include "commands.h"
#include "core/text/json_text.h"
#include "fleet_json.h"
#include "fleet_text.h"
#include "local_status.h"
#include "sys/timing.h"

#define TICK USEC_PER_SEC /* ages on a terminal */
#define LINES_BESIDE 16   /* of the status, around the table of the hosts */
#define HOSTS_LEAST 4

struct job {
	struct ctl *ctl;
	const char *host; /* NULL: the fleet */
};

/* --- one look ------------------------------------------------------------------------------- */

static int host_code(const struct snapshot *s, const struct fleet_host *h)
{
	if (!s->connected)
		return CTL_UNKNOWN;
	return fleet_host_is_wrong(&s->health, h->name) || !h->report || h->report->problem_total ||
			       h->report->alert_count
		       ? CTL_BAD
		       : CTL_OK;
}

static int code_of(const struct job *job, const struct snapshot *s)
{
	const struct fleet_host *h = job->host ? fleet_view_host(&s->view, job->host) : NULL;

	if (job->host)
		return h ? host_code(s, h) : CTL_BAD;
	return snapshot_code(s);
}

static void print_host(const struct snapshot *s, const struct fleet_host *h,
		       const struct screen *screen, uint64_t now)
{
	if (!h->member)
		screen_lines(screen, COLOR_BAD, 0,
			     "%s is not in the fleet. This is its last report; it may be over.",
			     h->name);
	for (size_t i = 0; i < s->health.wrong.count; i++) {
		if (h->member && strcmp(s->health.wrong.items[i].subject, h->name) == 0)
			screen_lines(screen, COLOR_BAD, 0, "%s", s->health.wrong.items[i].message);
	}
	if (h->error)
		screen_lines(screen, COLOR_BAD, 0, "%s", h->error);
	if (h->member)
		screen_lines(screen, COLOR_NONE, 0, "address      %s\nrole         %s",
			     *h->member->address ? h->member->address : "none",
			     *snapshot_role(s, h) ? snapshot_role(s, h) : "none");
	if (h->report)
		report_print(h->report, screen, now);
}

static void print_text(const struct job *job, const struct snapshot *s, const struct screen *screen,
		       size_t hosts_most)
{
	const struct fleet_host *h = job->host ? fleet_view_host(&s->view, job->host) : NULL;

	if (job->host && !h)
		screen_lines(screen, COLOR_BAD, 0,
			     "There is no host \"%s\" in the fleet %s: it has no member and no "
			     "report.",
			     job->host, s->cluster);
	else if (h)
		print_host(s, h, screen, s->wall);
	else
		fleet_print(job->ctl, s, screen, s->wall, hosts_most);
}

static json_t *json_of(const struct job *job, const struct snapshot *s)
{
	const struct fleet_host none = { .name = job->host };

	if (!job->host)
		return fleet_json(s);
	return host_json(s, fleet_view_host(&s->view, job->host) ?: &none);
}

static void show(const struct job *job, const struct snapshot *s)
{
	if (job->ctl->json)
		ctl_print_json(json_of(job, s));
	else
		print_text(job, s, &job->ctl->screen, SIZE_MAX);
}

/* --- without ZooKeeper ---------------------------------------------------------------------- */

static int fall_back(const struct job *job, const struct err *e)
{
	CLEANUP(local_status_fini) struct local_status l;
	int code = ctl_fail(e);

	if (!local_status_read(job->ctl, job->host, &l))
		return code;
	if (job->ctl->json)
		ctl_print_json(local_status_json(&l, timing_wall()));
	else
		local_status_print(&l, &job->ctl->screen, timing_wall());
	return code;
}

static int show_once(const struct job *job)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct err e;

	if (snapshot_read(job->ctl, &s, &e) < 0)
		return fall_back(job, &e);
	show(job, s);
	return code_of(job, s);
}

/* --- at every change ------------------------------------------------------------------------ */

struct watch {
	const struct job *job;
	struct canvas *canvas;
	struct reader *reader;
	struct tree *fresh;        /* not shown yet */
	struct snapshot *snapshot; /* NULL: there was no answer so far */
	bool connected;            /* as shown */
	uint64_t changed;          /* when that began, wall clock; 0: it was never connected */
};

static bool has_news(void *ctx)
{
	struct watch *w = ctx;

	return w->fresh || reader_next(w->reader, 0, &w->fresh) || canvas_is_over(w->canvas) ||
	       canvas_wants_redraw(w->canvas) || reader_is_connected(w->reader) != w->connected;
}

static void take_news(struct watch *w)
{
	bool connected = reader_is_connected(w->reader);

	if (connected != w->connected)
		w->changed = timing_wall();
	w->connected = connected;
	canvas_take_redraw(w->canvas);
	if (w->fresh) {
		snapshot_free(w->snapshot);
		w->snapshot = snapshot_new(w->job->ctl, w->reader, TAKE(w->fresh));
	}
	if (w->snapshot)
		w->snapshot->connected = connected;
}

static size_t hosts_that_fit(const struct watch *w)
{
	unsigned height = screen_height(&w->job->ctl->screen);

	if (!height)
		return SIZE_MAX;
	return height > LINES_BESIDE + HOSTS_LEAST ? height - LINES_BESIDE : HOSTS_LEAST;
}

static void print_connection(const struct watch *w, const struct screen *screen, uint64_t now)
{
	const char *hosts = w->job->ctl->settings.zookeeper.hosts;
	char age[AGE_SIZE];

	if (w->connected)
		return;
	if (w->snapshot)
		screen_lines(
			screen, COLOR_BAD, 0,
			"NOT CONNECTED to ZooKeeper at %s for %s. This is what it had then:\n ",
			hosts, age_print(now, w->changed, age));
	else
		screen_lines(screen, COLOR_BAD, 0, "ZooKeeper at %s has not answered so far.\n ",
			     hosts);
}

static void render_text(const struct watch *w, const struct screen *screen, uint64_t now)
{
	CLEANUP(local_status_fini) struct local_status l = { 0 };

	print_connection(w, screen, now);
	if (w->snapshot)
		print_text(w->job, w->snapshot, screen, hosts_that_fit(w));
	else if (!w->connected && local_status_read(w->job->ctl, w->job->host, &l))
		local_status_print(&l, screen, now);
}

static void render_json(const struct watch *w, FILE *out)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (w->snapshot)
		json_print(json_of(w->job, w->snapshot), JSON_INDENT(2), &text);
	fputs(buf_str(&text), out);
}

/* As of this time; the caller frees. */
static char *render(const struct watch *w, uint64_t now)
{
	struct screen screen = w->job->ctl->screen;
	char *text = NULL;
	size_t size = 0;

	screen.out = open_memstream(&text, &size);
	if (!screen.out)
		die("out of memory");
	if (w->snapshot)
		w->snapshot->wall = now;
	if (w->job->ctl->json)
		render_json(w, screen.out);
	else
		render_text(w, &screen, now);
	fclose(screen.out);
	return text;
}

/* Ages alone are no change where blocks follow each other. */
static void draw(struct watch *w, char **last, uint64_t *shown)
{
	uint64_t now = timing_wall();
	CLEANUP(freep) char *text = NULL;

	if (*last && !w->job->ctl->screen.terminal) {
		text = render(w, *shown);
		if (strcmp(text, *last) == 0)
			return;
		free(text);
	}
	text = render(w, now);
	if (*text)
		canvas_show(w->canvas, text);
	free(*last);
	*last = TAKE(text);
	*shown = now;
}

static int watch_loop(struct watch *w)
{
	struct ctl *ctl = w->job->ctl;
	CLEANUP(freep) char *last = NULL;
	uint64_t shown = 0;

	ctl_run_until(ctl, has_news, w, ctl->timeout);
	for (;;) {
		take_news(w);
		if (canvas_is_over(w->canvas))
			break;
		draw(w, &last, &shown);
		ctl_run_until(ctl, has_news, w, ctl->screen.terminal ? TICK : NEVER);
	}
	return w->snapshot ? code_of(w->job, w->snapshot) : CTL_UNKNOWN;
}

static int watch(const struct job *job)
{
	CLEANUP(canvas_freep) struct canvas *canvas = NULL;
	CLEANUP(reader_freep) struct reader *reader = NULL;
	struct watch w = { .job = job };
	struct err e;
	int code;

	canvas = canvas_new(job->ctl);
	log_set_level(LOG_LEVEL_ERROR); /* the connection is part of what is drawn */
	if (snapshot_reader(job->ctl, &reader, &e) < 0) {
		canvas_free(TAKE(canvas));
		return ctl_fail(&e);
	}
	w.canvas = canvas;
	w.reader = reader;
	code = watch_loop(&w);
	tree_unref(w.fresh);
	snapshot_free(w.snapshot);
	return code;
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
static bool is_decided(const struct job *job, const struct snapshot *s)
{
	return (code_of(job, s) == CTL_OK && fleet_is_quiet(&s->health)) || s->health.stopped;
}

static int give_up(const struct job *job, const struct snapshot *s)
{
	progress_clear();
	if (!s)
		return fall_back(job, &(struct err){ .code = ERR_UNAVAILABLE,
						     .text = "ZooKeeper does not answer" });
	show(job, s);
	ctl_say("not healthy and quiet in time: %s", awaited(s));
	return CTL_UNKNOWN;
}

static int wait_loop(const struct job *job, struct reader *r)
{
	CLEANUP(snapshot_freep) struct snapshot *s = NULL;
	struct ctl *ctl = job->ctl;
	uint64_t end = ctl->timeout_given ? timing_now() + ctl->timeout : NEVER;
	uint64_t patience = ctl->timeout; /* of the first answer */
	struct tree *tree;

	while (reader_next(r, patience, &tree)) {
		uint64_t now = timing_now();

		snapshot_free(s);
		s = snapshot_new(ctl, r, tree);
		if (is_decided(job, s)) {
			progress_clear();
			show(job, s);
			return code_of(job, s) == CTL_OK ? CTL_OK : CTL_BAD;
		}
		progress_show("waiting: %s", awaited(s));
		patience = end == NEVER ? NEVER : end > now ? end - now : 0;
	}
	return give_up(job, s);
}

static int wait_until_well(const struct job *job)
{
	CLEANUP(reader_freep) struct reader *r = NULL;
	struct err e;

	if (snapshot_reader(job->ctl, &r, &e) < 0)
		return ctl_fail(&e);
	return wait_loop(job, r);
}

static int status(struct ctl *ctl, const struct arguments *args)
{
	const struct job job = { ctl, arguments_at(args, 0) };

	if (arguments_has(args, "watch") && arguments_has(args, "wait"))
		return ctl_usage("--watch and --wait exclude each other");
	if (arguments_has(args, "watch"))
		return watch(&job);
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
