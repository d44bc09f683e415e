/*
 * With a log, errorlog_tail.c does the work; this file is what happens without one.
 *
 * A reload starts a whole set of workers and tells all old ones to shut down. So when one of the
 * old ones still serves at the next look, there was no reload, and a worker that is gone has died.
 * nginx replaces dead workers one by one: another number of workers than before indicates a reload.
 *
 * A single worker: after a reload the old one is told to shut down 100 ms after the new one was
 * started (ngx_master_process_cycle() in nginx/src/os/unix/ngx_process_cycle.c), while a dead one
 * is replaced after its end. If our loop is late, a death is taken for a reload, never the other
 * way round.
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "deaths.h"
#include "proc.h"

#define RETRY 30           /* looks */
#define SUCCESSOR_MSEC 60u /* below nginx's 100 ms, above two ticks */

void deaths_init(struct deaths *d, sd_event *loop)
{
	*d = (struct deaths){ .tail.log.fd = -1, .only_fd = -1, .loop = loop };
}

static void forget_only(struct deaths *d)
{
	d->only_end = sd_event_source_disable_unref(d->only_end);
	if (d->only_fd >= 0)
		close(d->only_fd);
	d->only_fd = -1;
	d->only = 0;
	d->only_died = false;
}

void deaths_fini(struct deaths *d)
{
	errorlog_tail_close(&d->tail);
	forget_only(d);
}

static void open_tail(struct deaths *d, const char *config)
{
	errorlog_tail_close(&d->tail);
	errorlog_tail_open(&d->tail, d->master, config);
	d->retry = RETRY;
}

void deaths_of(struct deaths *d, const struct master *m, const char *config)
{
	forget_only(d);
	d->has_before = false;
	d->suspected = 0;
	d->master = m->pid;
	open_tail(d, config);
}

/* --- several workers ------------------------------------------------------------------------ */

static bool is_leaving(const struct workers *w, pid_t pid)
{
	for (size_t i = 0; i < w->leaving && i < MASTER_WORKERS_MAX; i++) {
		if (w->old[i] == pid)
			return true;
	}
	return false;
}

/* Those of `before` that neither serve nor are shutting down; those that serve go into `stayed`. */
static unsigned count_gone(const struct workers *before, const struct workers *now,
			   struct workers *stayed)
{
	unsigned gone = 0;

	stayed->serving_count = 0;
	for (size_t i = 0; i < before->serving_count; i++) {
		pid_t pid = before->serving[i];

		if (workers_have(now, pid))
			stayed->serving[stayed->serving_count++] = pid;
		else if (!is_leaving(now, pid))
			gone++;
	}
	return gone;
}

static bool any_serves(const struct workers *of, const struct workers *now)
{
	for (size_t i = 0; i < of->serving_count; i++) {
		if (workers_have(now, of->serving[i]))
			return true;
	}
	return false;
}

static unsigned compare(struct deaths *d, const struct workers *now)
{
	unsigned deaths = any_serves(&d->witnesses, now) ? d->suspected : 0;
	unsigned gone;

	d->suspected = 0;
	if (d->has_before) {
		gone = count_gone(&d->before, now, &d->witnesses);
		if (now->serving_count == d->before.serving_count)
			d->suspected = gone;
	}
	d->before = *now;
	d->has_before = true;
	return deaths;
}

/* --- one worker ----------------------------------------------------------------------------- */

/* Was another one there before the only one ended? */
static bool is_successor(const struct deaths *d, pid_t worker, uint64_t now)
{
	uint64_t ticks = SUCCESSOR_MSEC * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
	struct proc_stat stat;

	return worker != d->only && proc_stat(worker, &stat) && stat.start_time >= d->only_start &&
	       now >= stat.start_time + ticks;
}

static bool has_successor(const struct deaths *d, const pid_t *workers, size_t count, uint64_t now)
{
	for (size_t i = 0; i < count && i < MASTER_WORKERS_MAX; i++) {
		if (is_successor(d, workers[i], now))
			return true;
	}
	return false;
}

/* On a busy host a new worker may not have its title yet when the old one ends, or be told to shut
 * down itself by the next reload. */
static bool had_successor(const struct deaths *d)
{
	struct master m = { .pid = d->master };
	uint64_t now = proc_ticks();
	struct workers w;

	master_workers(&m, &w);
	return has_successor(d, w.serving, w.serving_count, now) ||
	       has_successor(d, w.new, w.starting, now) || has_successor(d, w.old, w.leaving, now);
}

static int on_end(sd_event_source *source, int fd UNUSED, uint32_t events UNUSED, void *userdata)
{
	struct deaths *d = userdata;

	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	d->only_died = !had_successor(d);
	return 0;
}

static void await(struct deaths *d, pid_t worker)
{
	struct proc_stat stat;

	forget_only(d);
	d->only_fd = pidfd_open(worker, 0);
	if (d->only_fd < 0)
		return;
	d->only = worker;
	d->only_start = proc_stat(worker, &stat) ? stat.start_time : 0;
	if (sd_event_add_io(d->loop, &d->only_end, d->only_fd, EPOLLIN, on_end, d) < 0)
		forget_only(d);
}

static bool has_ended(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* A master that ends, or is told to end its workers, does not replace it. */
static unsigned follow_only(struct deaths *d, const struct workers *now)
{
	unsigned deaths;

	/* the look may come before the event */
	if (d->only && !d->only_died && has_ended(d->only_fd))
		d->only_died = !had_successor(d);
	deaths = d->only_died && now->serving_count > 0;
	if (now->serving_count == 1 && now->serving[0] != d->only)
		await(d, now->serving[0]);
	else if (deaths || now->serving_count > 1)
		forget_only(d);
	return deaths;
}

static bool is_same(const struct workers *a, const struct workers *b)
{
	if (a->serving_count != b->serving_count || a->leaving != b->leaving ||
	    a->starting != b->starting || a->ending != b->ending || a->children != b->children)
		return false;
	for (size_t i = 0; i < a->serving_count; i++) {
		if (a->serving[i] != b->serving[i])
			return false;
	}
	return true;
}

/* In the middle of a reload, or between the end of a worker and the start of the next, the sets
 * cannot be compared. `now` was read one process after the other: it is true when it was the same
 * before and after a moment at which the master slept. */
static bool is_settled(const struct master *m, const struct workers *now)
{
	struct workers again;

	if (now->starting || now->ending || master_activity(m) != MASTER_IDLE)
		return false;
	master_workers(m, &again);
	return is_same(now, &again);
}

unsigned deaths_look(struct deaths *d, const struct master *m, const struct workers *now,
		     const char *config)
{
	if (!errorlog_tail_is_open(&d->tail) && --d->retry == 0)
		open_tail(d, config);
	if (errorlog_tail_is_open(&d->tail)) {
		forget_only(d);
		d->has_before = false;
		d->suspected = 0;
		return errorlog_tail_deaths(&d->tail, config);
	}
	if (!is_settled(m, now))
		return 0;
	return compare(d, now) + follow_only(d, now);
}
