/*
 * The loop of status --watch. On a terminal the ages grow, so it draws every second; elsewhere a
 * block follows only where more than the ages has changed. A lost connection is shown above what
 * ZooKeeper had before.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/log.h>

#include "core/text/json_text.h"
#include "ctl/console/age.h"
#include "ctl/console/canvas.h"
#include "fleet_text.h"
#include "local_status.h"
#include "status_watch.h"
#include "sys/timing.h"

#define TICK USEC_PER_SEC
#define LINES_BESIDE 16 /* of the status, around the table of the hosts */
#define HOSTS_LEAST 4

struct watch {
	const struct status_job *job;
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
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct local_status l;

	print_connection(w, screen, now);
	if (w->snapshot)
		status_print(w->job, w->snapshot, screen, hosts_that_fit(w));
	else if (!w->connected && local_status_read(w->job->ctl, a, w->job->host, &l))
		local_status_print(&l, screen, now);
}

static void render_json(const struct watch *w, FILE *out)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;

	if (w->snapshot)
		json_print(status_json(w->job, w->snapshot), JSON_INDENT(2), &text);
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
	return w->snapshot ? status_code(w->job, w->snapshot) : CTL_UNKNOWN;
}

int status_watch(const struct status_job *job)
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
