/*
 * The verdict is read from the kernel.
 *
 * A busy master without a pending signal has taken ours: a full set of new workers has read our
 * files then, and is known before the old ones are told to shut down. While a signal is pending,
 * it may be ours, and the new workers those of another program's reload, which began before we
 * published. Those that come after them have read our files in any case.
 *
 * A refusal is known only when the master is idle again: then it has started all workers that it
 * will start, and has told the old ones to shut down if it started any. So the workers show it:
 *
 *	no old one serves, new ones do     taken
 *	all old ones serve, no new one     refused
 *	none serves                        taken, and the new ones died of it
 *	some old ones serve, no new one    refused, if it stays like that
 *	anything else                      old ones have not got the message yet: look again
 *
 * Such a verdict counts once it has been the same for 20 ms. After that the new workers have to
 * stay alive for half a second.
 *
 * A master that stops gracefully has told all its workers to leave, and handles no SIGHUP until the
 * last of them has left. That is no verdict: nginx reads the files when it is started.
 */
#include <string.h>

#include "sys/timing.h"
#include "verify.h"

#define POLL (5 * USEC_PER_MSEC)
#define HOLDS (20 * USEC_PER_MSEC)
#define HOLDS_LONG USEC_PER_SEC /* when the old ones are not all there */
#define SETTLING (500 * USEC_PER_MSEC)
#define ROUNDS_MAX 4

static void later(struct verify *v, uint64_t delay, void (*next)(struct verify *v))
{
	v->next = next;
	timing_arm(v->timer, delay);
}

int verify_send_hup(struct verify *v, const char *config, uint64_t timeout, struct err *e)
{
	const struct master *m = instance_master(v->instance);

	if (!m)
		return err_set(e, ERR_UNAVAILABLE, "%s", instance_why(v->instance));
	errorlog_close(&v->log);
	errorlog_mark(&v->log, m->pid, config);
	master_workers(m, &v->before);
	if (master_send_hup(m, e) < 0)
		return -1;
	v->sent = timing_now();
	/* the master resolves names as nginx -t did, and as slowly */
	v->deadline = v->sent + timeout + 3 * instance_hostconf(v->instance)->test_duration;
	v->has_verdict = v->is_rebased = v->saw_new = false;
	confirm_forget(v->confirm);
	return 0;
}

struct tally {
	size_t old, fresh;
};

static struct tally count(const struct workers *before, const struct workers *now)
{
	struct tally t = { 0, 0 };

	for (size_t i = 0; i < now->serving_count; i++) {
		if (workers_have(before, now->serving[i]))
			t.old++;
		else
			t.fresh++;
	}
	return t;
}

/*
 * More than one that nginx started in place of one that crashed. `before` may hold the
 * workers of two reloads, so half of it has to do.
 */
static bool has_new_set(const struct workers *before, const struct workers *now)
{
	size_t enough = before->serving_count ? (before->serving_count + 1) / 2 : 1;

	return !now->starting && count(before, now).fresh >= enough;
}

/* All workers leave, and none has died: then the log would tell. */
static bool is_stopping(const struct verify *v, const struct workers *now)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT;

	if (now->serving_count || now->starting || !now->leaving || v->log.fd < 0)
		return false;
	errorlog_read(&v->log, &v->before, &log);
	return log.size == 0;
}

/* Of an idle master; *holds: for how long it has to look like that. False: too early to tell. */
static bool classify_workers(const struct verify *v, const struct workers *now,
			     enum reload_event *verdict, uint64_t *holds)
{
	const struct workers *before = &v->before;
	struct tally t = count(before, now);

	*holds = HOLDS;
	if (now->starting)
		return false;
	if (t.old == 0 && t.fresh > 0)
		*verdict = RELOAD_EV_ACCEPTED;
	else if (!v->saw_new && is_stopping(v, now))
		*verdict = RELOAD_EV_MASTER_ABSENT;
	else if (t.fresh == 0 && t.old == before->serving_count)
		*verdict = RELOAD_EV_REJECTED;
	else if (t.fresh == 0 && t.old == 0)
		*verdict = RELOAD_EV_DIED;
	else if (t.fresh == 0) {
		*verdict = RELOAD_EV_REJECTED;
		*holds = HOLDS_LONG;
	} else {
		return false;
	}
	return true;
}

/* The old ones that still serve beside them are about to shut down. */
static void keep_new_workers(struct verify *v, const struct master *m)
{
	struct workers now;

	master_workers(m, &now);
	v->taken = (struct workers){ .serving_count = 0 };
	for (size_t i = 0; i < now.serving_count; i++) {
		if (!workers_have(&v->before, now.serving[i]))
			v->taken.serving[v->taken.serving_count++] = now.serving[i];
	}
}

static void conclude(struct verify *v, enum reload_event verdict)
{
	v->duration = timing_now() - v->sent;
	if (verdict != RELOAD_EV_TIMED_OUT)
		confirm_forget(v->confirm);
	if (verdict == RELOAD_EV_ACCEPTED)
		keep_new_workers(v, instance_master(v->instance));
	v->on_verdict(v->ctx, verdict);
}

/* Has a busy master started workers that have read our files? */
static bool is_taken_early(struct verify *v, const struct master *m, enum master_activity activity,
			   const struct workers *now)
{
	if (activity == MASTER_IDLE || !has_new_set(&v->before, now))
		return false;
	if (activity == MASTER_BUSY || v->is_rebased)
		return true;
	/* asked again: a signal was pending all the time while the workers were counted */
	if (master_activity(m) == MASTER_QUEUED) {
		v->before = *now;
		v->is_rebased = true;
	}
	return false;
}

/* Has an idle master looked the same for long enough? */
static bool is_settled(struct verify *v, enum master_activity activity, const struct workers *now)
{
	enum reload_event verdict;
	uint64_t at = timing_now(), holds;

	if (activity != MASTER_IDLE || !classify_workers(v, now, &verdict, &holds)) {
		v->has_verdict = false;
		return false;
	}
	if (!v->has_verdict || verdict != v->verdict) {
		v->has_verdict = true;
		v->verdict = verdict;
		v->since = at;
	}
	return at - v->since >= holds;
}

/* From the kernel; a yes also needs nginx's own, where it is asked. */
static bool has_verdict(struct verify *v, const struct master *m, enum master_activity activity,
			const struct workers *now, enum reload_event *verdict)
{
	if (is_taken_early(v, m, activity, now))
		*verdict = RELOAD_EV_ACCEPTED;
	else if (is_settled(v, activity, now))
		*verdict = v->verdict;
	else
		return false;
	return *verdict != RELOAD_EV_ACCEPTED || confirm_agrees(v->confirm, v->marker);
}

static void look(struct verify *v)
{
	const struct master *m = instance_master(v->instance);
	enum master_activity activity = m ? master_activity(m) : MASTER_GONE;
	enum reload_event verdict;
	struct workers now;

	if (activity == MASTER_GONE) {
		conclude(v, RELOAD_EV_MASTER_ABSENT);
		return;
	}
	master_workers(m, &now);
	v->saw_new |= now.starting || count(&v->before, &now).fresh;
	if (has_verdict(v, m, activity, &now, &verdict))
		conclude(v, verdict);
	else if (timing_now() > v->deadline)
		conclude(v, RELOAD_EV_TIMED_OUT);
	else
		later(v, POLL, look);
}

void verify_begin(struct verify *v, const char *marker)
{
	v->marker = marker;
	later(v, POLL, look);
}

/* --- do they stay? -------------------------------------------------------------------------- */

static bool all_serve(const struct workers *wanted, const struct workers *now)
{
	for (size_t i = 0; i < wanted->serving_count; i++) {
		if (!workers_have(now, wanted->serving[i]))
			return false;
	}
	return wanted->serving_count > 0;
}

/*
 * Other workers than those that were taken: they died, or another program has reloaded nginx since.
 * The log tells which. Without a log, repeated reloads look like deaths.
 */
static bool have_died(const struct verify *v, const struct master *m, const struct workers *now)
{
	if (now->serving_count == 0 &&
	    (master_activity(m) == MASTER_IDLE || v->rounds >= ROUNDS_MAX))
		return true;
	return errorlog_tells_of_death(&v->log, &v->before) ||
	       (v->rounds >= ROUNDS_MAX && v->log.fd < 0);
}

static void look_again(struct verify *v);

/* The set is another one, and no worker died. */
static void settle_for(struct verify *v, const struct workers *now)
{
	v->taken = *now;
	if (++v->rounds > ROUNDS_MAX || (now->serving_count && v->log.fd >= 0))
		v->on_verdict(v->ctx, RELOAD_EV_SETTLED);
	else
		later(v, SETTLING, look_again);
}

static void look_again(struct verify *v)
{
	const struct master *m = instance_master(v->instance);
	struct workers now;

	if (!m || !master_is_alive(m)) {
		v->on_verdict(v->ctx, RELOAD_EV_MASTER_ABSENT);
		return;
	}
	master_workers(m, &now);
	if (all_serve(&v->taken, &now))
		v->on_verdict(v->ctx, RELOAD_EV_SETTLED);
	else if (is_stopping(v, &now))
		v->on_verdict(v->ctx, RELOAD_EV_MASTER_ABSENT);
	else if (have_died(v, m, &now))
		v->on_verdict(v->ctx, RELOAD_EV_DIED);
	else
		settle_for(v, &now);
}

void verify_settle(struct verify *v)
{
	v->rounds = 0;
	later(v, SETTLING, look_again);
}

/* --- what is known -------------------------------------------------------------------------- */

bool verify_workers_changed(const struct verify *v)
{
	const struct master *m = instance_master(v->instance);
	struct workers now = { .serving_count = 0 };
	struct tally t;

	if (m)
		master_workers(m, &now);
	t = count(&v->before, &now);
	return t.fresh > 0 || t.old != v->before.serving_count;
}

void verify_explain(const struct verify *v, const char *what, struct buf *out)
{
	CLEANUP(buf_fini) struct buf log = BUF_INIT;

	errorlog_read(&v->log, &v->before, &log);
	if (log.size)
		buf_puts(out, buf_str(&log));
	else if (v->log.fd >= 0)
		buf_printf(out, "%s; its error log %s does not say why\n", what, v->log.path);
	else
		buf_printf(out, "%s; its error log %s cannot be read\n", what, v->log.path);
}

/* --- the whole ------------------------------------------------------------------------------ */

static int on_timer(sd_event_source *source UNUSED, uint64_t now UNUSED, void *userdata)
{
	struct verify *v = userdata;

	v->next(v);
	return 0;
}

void verify_init(struct verify *v, sd_event *loop, struct instance *instance,
		 struct confirm *confirm, void (*on_verdict)(void *ctx, enum reload_event verdict),
		 void *ctx)
{
	*v = (struct verify){ .instance = instance,
			      .confirm = confirm,
			      .on_verdict = on_verdict,
			      .ctx = ctx,
			      .log.fd = -1,
			      .timer = timing_new(loop, on_timer, v) };
	sd_event_source_set_time_accuracy(v->timer, 1); /* a reload is followed closely */
}

void verify_end(struct verify *v)
{
	errorlog_close(&v->log);
	timing_at(v->timer, NEVER);
}

void verify_fini(struct verify *v)
{
	errorlog_close(&v->log);
	sd_event_source_disable_unref(v->timer);
}
