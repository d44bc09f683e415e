/*
 * No signal is sent to find out: the kernel shows whether the master is stopped, and which signals
 * are pending. A master that reads its configuration may leave a signal pending for as long as
 * reading may take (`patience`), counted from its last progress: new workers. A master that does
 * not block the pending signal has to take it at once.
 *
 * When an old worker was told to shut down cannot be seen. It was no later than when the serving
 * workers were started; so a worker that was shutting down before this daemon started does not
 * count as new.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <zknginx/log.h>

#include "health.h"
#include "proc.h"

#define GRACE (5 * USEC_PER_SEC)

void health_init(struct health *h, sd_event *loop)
{
	*h = (struct health){ .responding = true };
	deaths_init(&h->deaths_seen, loop);
}

void health_fini(struct health *h)
{
	deaths_fini(&h->deaths_seen);
}

/* --- does it take signals? ------------------------------------------------------------------ */

static bool has_new_workers(const struct workers *seen, const struct workers *now)
{
	for (size_t i = 0; i < now->serving_count; i++) {
		if (!workers_have(seen, now->serving[i]))
			return true;
	}
	return now->starting > 0;
}

static bool is_responding(struct health *h, const struct proc_signals *s, const struct workers *w,
			  uint64_t patience, uint64_t now)
{
	bool pending = s->pending & MASTER_HUP_BIT, blocked = s->blocked & MASTER_HUP_BIT;
	int pid = (int)h->master;

	if (s->stopped) {
		snprintf(h->why, sizeof(h->why),
			 "its master (process %d) is stopped, as by SIGSTOP", pid);
		return false;
	}
	if (!pending && !blocked)
		h->busy_since = 0;
	else if (!h->busy_since || has_new_workers(&h->seen, w))
		h->busy_since = now;
	if (!h->busy_since || now - h->busy_since < (blocked ? patience : GRACE))
		return true;
	snprintf(h->why, sizeof(h->why),
		 blocked ? "its master (process %d) has blocked SIGHUP for %.0f s"
			 : "its master (process %d) has had SIGHUP pending for %.0f s",
		 pid, (double)(now - h->busy_since) / (double)USEC_PER_SEC);
	return false;
}

/* True: the answer has changed. */
static bool look_at_signals(struct health *h, const struct workers *w, uint64_t patience,
			    uint64_t now)
{
	struct proc_signals s;
	bool before = h->responding;

	if (!proc_signals(h->master, &s))
		return false; /* it has just ended */
	h->responding = is_responding(h, &s, w, patience, now);
	if (h->responding == before)
		return false;
	if (h->responding) {
		h->why[0] = '\0';
		log_notice("nginx handles signals again");
	} else {
		log_error("nginx does not handle signals, so no change can be loaded: %s", h->why);
	}
	return true;
}

/* --- old workers ---------------------------------------------------------------------------- */

/* When the first of the workers that serve now was started; `now` when unknown. */
static uint64_t reloaded_at(const struct workers *w, uint64_t now)
{
	uint64_t hertz = (uint64_t)sysconf(_SC_CLK_TCK), ticks = proc_ticks(), age = 0;
	struct proc_stat stat;

	for (size_t i = 0; i < w->serving_count; i++) {
		if (proc_stat(w->serving[i], &stat) && ticks - stat.start_time > age)
			age = ticks - stat.start_time;
	}
	age *= USEC_PER_SEC / hertz;
	return age < now ? now - age : now;
}

/* 0: unknown. */
static uint64_t leaving_since(const struct health *h, pid_t pid, uint64_t now)
{
	for (size_t i = 0; i < h->leaver_count; i++) {
		if (h->leavers[i].pid == pid)
			return h->leavers[i].since;
	}
	return workers_have(&h->seen, pid) ? now : 0;
}

static bool look_at_old(struct health *h, const struct workers *w, uint64_t now)
{
	uint64_t oldest = 0, reloaded = 0;
	struct leaver leavers[MASTER_WORKERS_MAX] = { 0 };
	size_t count = w->leaving < MASTER_WORKERS_MAX ? w->leaving : MASTER_WORKERS_MAX;
	bool had = h->old_since;

	for (size_t i = 0; i < count; i++) {
		uint64_t since = leaving_since(h, w->old[i], now);

		if (!since && !reloaded)
			reloaded = reloaded_at(w, now);
		since = since ?: reloaded;
		leavers[i] = (struct leaver){ w->old[i], since };
		if (!oldest || since < oldest)
			oldest = since;
	}
	memcpy(h->leavers, leavers, count * sizeof(*leavers));
	h->leaver_count = count;
	h->old_since = oldest;
	return had != (oldest != 0);
}

/* --- the whole ------------------------------------------------------------------------------ */

static void begin_master(struct health *h, const struct master *m, const char *config)
{
	h->master = m->pid;
	h->start_time = m->start_time;
	h->responding = true;
	h->busy_since = h->old_since = 0;
	h->leaver_count = h->seen.serving_count = 0;
	deaths_of(&h->deaths_seen, m, config);
}

/* There is no master any more: nothing of it counts. */
static bool end_master(struct health *h)
{
	bool changed = !h->responding || h->old_since;

	h->responding = true;
	h->busy_since = h->old_since = 0;
	return changed;
}

bool health_look(struct health *h, const struct master *m, const struct workers *w,
		 const char *config, uint64_t patience, uint64_t now)
{
	unsigned deaths;
	bool changed;

	if (!m)
		return end_master(h);
	if (m->pid != h->master || m->start_time != h->start_time)
		begin_master(h, m, config);
	changed = look_at_signals(h, w, patience, now);
	changed = look_at_old(h, w, now) || changed;
	deaths = deaths_look(&h->deaths_seen, m, w, config);
	if (deaths)
		log_warning("%u of nginx's workers died (%lu since zknginxd started): see nginx's "
			    "error log",
			    deaths, h->deaths + deaths);
	h->deaths += deaths;
	h->seen = *w;
	return changed || deaths;
}
