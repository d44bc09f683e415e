/*
 * One timer asks for /status, and each answer publishes the counts: requests as nginx has counted
 * them, failures as of the moment before the question. So a failure is never counted before its
 * request, and the share of failures is never too high.
 *
 * nginx's counters go down only when nginx was restarted. Failures reported since the last answer
 * then count for the new nginx.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"
#include "probe_count.h"
#include "probe_http.h"
#include "sys/timing.h"

#define DEADLINE (2 * USEC_PER_SEC)
#define ECHOES_LOST 3 /* in a row: then reports of failures do not arrive either */

struct stub_status {
	uint64_t active, accepts, handled, requests, reading, writing, waiting;
};

struct probe {
	sd_event *loop;
	struct probe_address address;
	uint64_t period;
	const struct probe_workers *workers;
	sd_event_source *timer;

	struct probe_count *count; /* NULL: another program has the port */
	struct probe_http *status, *generation, *echo;
	void (*done)(void *ctx, bool ok, const char *text); /* of generation */
	void *ctx;

	struct probe_counts base;  /* when the counters restarted */
	struct probe_counts asked; /* when /status was asked */
	struct stub_status last;
	uint64_t ours; /* requests of ours that nginx has counted since then */

	bool speaks;     /* the last /status was answered */
	bool hears;      /* an echo was received, and the later ones were not lost */
	bool wants_echo; /* one is to be asked for … */
	bool awaits;     /* … it was answered, and has to arrive */
	unsigned lost;
	struct probe_status published;
	char why[sizeof(((struct err *)0)->text)];
};

/* --- what is published ----------------------------------------------------------------------- */

static void set_answers(struct probe *p)
{
	bool answers = p->count && p->speaks && p->hears;

	if (answers == p->published.answers)
		return;
	p->published.answers = answers;
	p->published.since = timing_now();
}

static void set_why(struct probe *p, const char *why)
{
	snprintf(p->why, sizeof(p->why), "%s", why);
	set_answers(p);
}

static void restart_counters(struct probe *p, const struct probe_counts *from)
{
	uint64_t start = timing_now();

	p->published.start = start > p->published.start ? start : p->published.start + 1;
	p->published.requests = 0;
	p->base = *from;
	p->ours = 0;
	p->wants_echo = true;
}

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void publish(struct probe *p, const struct stub_status *now)
{
	struct probe_status *t = &p->published;
	uint64_t requests = difference(now->requests, p->ours);

	if (requests > t->requests)
		t->requests = requests;
	t->connections = difference(now->active, 1);
	t->waiting = now->waiting;
	t->reading = now->reading;
	t->writing = now->writing;
	t->accepted = now->accepts;
	t->handled = now->handled;
	t->errors = p->asked.errors - p->base.errors;
	t->upstream_errors = p->asked.upstream_errors - p->base.upstream_errors;
}

/* --- echoes ---------------------------------------------------------------------------------- */

static void on_heard(void *ctx)
{
	struct probe *p = ctx;

	p->hears = true;
	p->wants_echo = p->awaits = false;
	p->lost = 0;
	set_answers(p);
}

static void on_echo_answer(void *ctx, bool ok, const char *text)
{
	struct probe *p = ctx;

	p->echo = NULL;
	p->ours += ok;
	if (ok) {
		p->awaits = p->wants_echo;
		return;
	}
	p->hears = false;
	p->lost = ECHOES_LOST;
	set_why(p, text);
}

/* The echo of the last round should have arrived by now. */
static void look_for_echo(struct probe *p)
{
	if (!p->awaits || !p->count)
		return;
	p->awaits = false;
	if (++p->lost < ECHOES_LOST)
		return;
	p->hears = false;
	set_why(p, "nginx answers, but does not report failed requests: check nginx.conf for "
		   "\"access_log off\" in the http { } block");
}

static void ask_for_echo(struct probe *p)
{
	if (p->wants_echo && !p->awaits && !p->echo && p->count)
		p->echo =
			probe_http_get(p->loop, &p->address, "/echo", DEADLINE, on_echo_answer, p);
}

/* --- /status --------------------------------------------------------------------------------- */

static bool parse_status(const char *text, struct stub_status *s)
{
	unsigned long long active, accepts, handled, requests, reading, writing, waiting;

	if (sscanf(text,
		   "Active connections: %19llu server accepts handled requests %19llu %19llu "
		   "%19llu Reading: %19llu Writing: %19llu Waiting: %19llu",
		   &active, &accepts, &handled, &requests, &reading, &writing, &waiting) != 7)
		return false;
	*s = (struct stub_status){ active, accepts, handled, requests, reading, writing, waiting };
	return true;
}

static void on_status(void *ctx, bool ok, const char *text)
{
	struct probe *p = ctx;
	struct stub_status now;

	p->status = NULL;
	p->speaks = ok && parse_status(text, &now);
	if (!p->speaks) {
		set_why(p, ok ? "nginx answers /status, but not with its stub_status" : text);
		return;
	}
	if (now.accepts < p->last.accepts || now.requests < p->last.requests) {
		struct probe_counts then = { p->base.errors + p->published.errors,
					     p->base.upstream_errors + p->published.upstream_errors,
					     0 };

		restart_counters(p, &then);
	}
	p->last = now;
	p->ours++;
	publish(p, &now);
	if (p->count && !p->hears && p->lost < ECHOES_LOST)
		set_why(p, "nginx answers, but its reports of failed requests were not tested yet");
	set_answers(p);
	ask_for_echo(p);
}

static void listen_if_deaf(struct probe *p)
{
	struct err e;

	if (p->count)
		return;
	if (probe_count_new(p->loop, &p->address, p->workers, on_heard, p, &p->count, &e) < 0)
		set_why(p, e.text);
}

static int on_tick(sd_event_source *source, uint64_t now UNUSED, void *userdata)
{
	struct probe *p = userdata;

	timing_arm(source, p->period);
	listen_if_deaf(p);
	if (p->count) {
		p->asked = probe_count_now(p->count);
		look_for_echo(p);
	}
	if (!p->status)
		p->status = probe_http_get(p->loop, &p->address, "/status", DEADLINE, on_status, p);
	return 0;
}

/* --- /generation ----------------------------------------------------------------------------- */

static void on_generation(void *ctx, bool ok, const char *text)
{
	struct probe *p = ctx;

	p->generation = NULL;
	p->ours += ok;
	p->wants_echo = true;
	p->done(p->ctx, ok, text);
}

void probe_generation(struct probe *p, void (*done)(void *ctx, bool ok, const char *text),
		      void *ctx)
{
	probe_cancel(p);
	p->done = done;
	p->ctx = ctx;
	p->generation =
		probe_http_get(p->loop, &p->address, "/generation", DEADLINE, on_generation, p);
}

void probe_cancel(struct probe *p)
{
	probe_http_free(TAKE(p->generation));
}

/* --- the whole ------------------------------------------------------------------------------- */

int probe_new(sd_event *loop, const char *address, uint64_t period,
	      const struct probe_workers *workers, struct probe **out, struct err *e)
{
	struct probe *p = xcalloc(1, sizeof(*p));

	if (probe_address_parse(address, &p->address, e) < 0) {
		free(p);
		return err_wrap(e, "nginx.probe");
	}
	p->loop = sd_event_ref(loop);
	p->period = period;
	p->workers = workers;
	p->published.since = timing_now();
	restart_counters(p, &(struct probe_counts){ 0 });
	set_why(p, "nginx has not been asked yet");
	listen_if_deaf(p);
	p->timer = timing_new(loop, on_tick, p);
	timing_arm(p->timer, 0);
	*out = p;
	return 0;
}

void probe_free(struct probe *p)
{
	if (!p)
		return;
	probe_cancel(p);
	probe_http_free(p->status);
	probe_http_free(p->echo);
	probe_count_free(p->count);
	sd_event_source_disable_unref(p->timer);
	sd_event_unref(p->loop);
	free(p);
}

void probe_status(const struct probe *p, struct probe_status *out)
{
	*out = p->published;
	out->why = p->published.answers ? "" : p->why;
}
