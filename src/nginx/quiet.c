/*
 * The master has to be idle. Where another program keeps it busy, the moment after it has started
 * the workers of a reload will do: it has finished reading then, and sleeps for 100 ms before it
 * tells the old workers to shut down (ngx_master_process_cycle() in
 * nginx/src/os/unix/ngx_process_cycle.c).
 */
#include "quiet.h"
#include "sys/timing.h"

#define POLL (2 * USEC_PER_MSEC)

static bool has_new_worker(const struct quiet *q, const struct workers *now)
{
	for (size_t i = 0; q->has_seen && i < now->serving_count; i++) {
		if (!workers_have(&q->seen, now->serving[i]))
			return true;
	}
	return false;
}

static bool is_quiet(struct quiet *q)
{
	const struct master *m = q->master;
	enum master_activity activity = m ? master_activity(m) : MASTER_GONE;
	struct workers now;
	bool fresh;

	if (activity == MASTER_GONE)
		return true;
	master_workers(m, &now);
	fresh = has_new_worker(q, &now);
	q->has_seen = !now.starting;
	q->seen = now;
	return !now.starting && (activity == MASTER_IDLE || fresh);
}

static void look(struct quiet *q)
{
	if (is_quiet(q))
		q->done(q->ctx, true);
	else if (timing_now() < q->until)
		timing_arm(q->timer, POLL);
	else
		q->done(q->ctx, false);
}

static int on_timer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	look(userdata);
	return 0;
}

void quiet_wait(struct quiet *q, const struct master *m, uint64_t until)
{
	q->master = m;
	q->has_seen = false;
	q->until = until;
	look(q);
}

void quiet_init(struct quiet *q, sd_event *loop, void (*done)(void *ctx, bool is_quiet), void *ctx)
{
	*q = (struct quiet){ .timer = timing_new(loop, on_timer, q), .done = done, .ctx = ctx };
	sd_event_source_set_time_accuracy(q->timer, 1);
}

void quiet_fini(struct quiet *q)
{
	sd_event_source_disable_unref(q->timer);
}
