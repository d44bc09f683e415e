/*
 * What a SIGHUP came to, read from the kernel.
 *
 * A busy master with no signal pending has taken ours: a full set of new workers has read our
 * files then, and is known before the old ones are told to go. While a signal is pending, it
 * may be ours, and the new workers somebody else's, begun before we published; those that
 * come after them have read our files in any case.
 *
 * A refusal is known only when the master is idle again: then it has started all workers
 * that it will start, and told the old ones to go if it started any; so the worker set tells.
 *
 *	no old one serves, new ones do     taken
 *	all old ones serve, no new one     refused
 *	nobody serves                      taken, and the new ones died of it
 *	some old ones serve, no new one    refused, when it stays like that
 *	anything else                      old ones have not got the message yet: look again
 *
 * Such a verdict counts when it stands for 20 ms. After that the new workers have to stay
 * alive for half a second.
 */
#include "deploy_parts.h"

#define POLL (5 * USEC_PER_MSEC)
#define STANDS (20 * USEC_PER_MSEC)
#define STANDS_LONG USEC_PER_SEC /* when the old ones are not all there */
#define SETTLING (500 * USEC_PER_MSEC)
#define ROUNDS_MAX 4

int deploy_hangup(struct deploy *d, struct err *e)
{
	struct verify *v = &d->verify;

	errorlog_close(&v->log);
	errorlog_mark(&v->log, d->master.pid, d->nginx->config);
	master_workers(&d->master, &v->before);
	if (master_send_hup(&d->master, e) < 0)
		return -1;
	v->sent = d->last_hangup = timing_now();
	/* the master resolves names as nginx -t did, and as slowly */
	v->deadline = v->sent + d->nginx->reload_timeout + 3 * d->last_check;
	v->has_verdict = v->is_rebased = false;
	deploy_probe_forget(d);
	d->reloads++;
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

/* Of an idle master; *stands: how long it has to look like that. False: too early to tell. */
static bool judge(const struct workers *before, const struct workers *now,
		  enum reload_event *verdict, uint64_t *stands)
{
	struct tally t = count(before, now);

	*stands = STANDS;
	if (now->starting)
		return false;
	if (t.old == 0 && t.fresh > 0)
		*verdict = RELOAD_EV_ACCEPTED;
	else if (t.fresh == 0 && t.old == before->serving_count)
		*verdict = RELOAD_EV_REJECTED;
	else if (t.fresh == 0 && t.old == 0)
		*verdict = RELOAD_EV_DIED;
	else if (t.fresh == 0) {
		*verdict = RELOAD_EV_REJECTED;
		*stands = STANDS_LONG;
	} else {
		return false;
	}
	return true;
}

/* nginx's own words, or that it has none. */
static void explain(struct deploy *d, enum deploy_result result, const char *what)
{
	const struct errorlog *log = &d->verify.log;
	CLEANUP(buf_fini) struct buf said = BUF_INIT;

	errorlog_read(log, &d->verify.before, &said);
	if (said.size)
		deploy_result(d, result, "%s", buf_str(&said));
	else if (log->fd >= 0)
		deploy_result(d, result, "%s; its error log %s says nothing about why\n", what,
			      log->path);
	else
		deploy_result(d, result, "%s; its error log %s cannot be read\n", what, log->path);
}

static void explain_death(struct deploy *d)
{
	explain(d, DEPLOY_DIED, "nginx took the configuration, but its new workers died");
}

static void conclude_recovery(struct deploy *d, enum reload_event verdict)
{
	unsigned long good = d->flight.reverted_to;

	if (verdict == RELOAD_EV_ACCEPTED) {
		deploy_note_applied(d, good);
		log_notice("nginx serves generation %lu again", good);
		return;
	}
	deploy_result(d, d->flight.result, "generation %lu could not be loaded again either\n",
		      good);
	log_error("nginx could not be brought back to generation %lu", good);
}

/* The new workers: what serves beside them is about to go. */
static void take(struct verify *v, const struct master *m)
{
	struct workers now;

	master_workers(m, &now);
	v->taken = (struct workers){ .serving_count = 0 };
	for (size_t i = 0; i < now.serving_count; i++) {
		if (!workers_have(&v->before, now.serving[i]))
			v->taken.serving[v->taken.serving_count++] = now.serving[i];
	}
}

static void conclude(struct deploy *d, enum reload_event verdict)
{
	struct verify *v = &d->verify;

	d->last_reload = timing_now() - v->sent;
	if (verdict != RELOAD_EV_TIMED_OUT)
		deploy_probe_forget(d);
	deploy_took(d, STEP_VERIFY);
	if (d->state == RELOAD_RECOVERING)
		conclude_recovery(d, verdict);
	else if (verdict == RELOAD_EV_ACCEPTED)
		take(v, &d->master);
	else if (verdict == RELOAD_EV_REJECTED)
		explain(d, DEPLOY_REJECTED, "nginx refused the reload");
	else if (verdict == RELOAD_EV_DIED)
		explain_death(d);
	deploy_step(d, verdict);
}

static void on_master_gone(struct deploy *d)
{
	deploy_refresh(d);
	deploy_result(d, d->state == RELOAD_RECOVERING ? d->flight.result : DEPLOY_DEFERRED,
		      "nginx ended during the reload\n");
	conclude(d, RELOAD_EV_MASTER_ABSENT);
}

/* Has a busy master started workers that have read our files? */
static bool is_taken_early(struct deploy *d, enum master_activity activity,
			   const struct workers *now)
{
	struct verify *v = &d->verify;

	if (activity == MASTER_IDLE || !has_new_set(&v->before, now))
		return false;
	if (activity == MASTER_BUSY || v->is_rebased)
		return true;
	/* asked again: a signal was pending all the time while the workers were counted */
	if (master_activity(&d->master) == MASTER_QUEUED) {
		v->before = *now;
		v->is_rebased = true;
	}
	return false;
}

/* Has an idle master looked the same for long enough? */
static bool is_settled(struct deploy *d, enum master_activity activity, const struct workers *now)
{
	struct verify *v = &d->verify;
	enum reload_event verdict;
	uint64_t at = timing_now(), stands;

	if (activity != MASTER_IDLE || !judge(&v->before, now, &verdict, &stands)) {
		v->has_verdict = false;
		return false;
	}
	if (!v->has_verdict || verdict != v->verdict) {
		v->has_verdict = true;
		v->verdict = verdict;
		v->since = at;
	}
	return at - v->since >= stands;
}

/* The kernel's word, and nginx's own where it may say yes. */
static bool has_verdict(struct deploy *d, enum master_activity activity, const struct workers *now,
			enum reload_event *verdict)
{
	if (is_taken_early(d, activity, now))
		*verdict = RELOAD_EV_ACCEPTED;
	else if (is_settled(d, activity, now))
		*verdict = d->verify.verdict;
	else
		return false;
	return *verdict != RELOAD_EV_ACCEPTED || deploy_probe_agrees(d);
}

static void look(struct deploy *d)
{
	enum master_activity activity = master_activity(&d->master);
	enum reload_event verdict;
	struct workers now;

	if (activity == MASTER_GONE) {
		on_master_gone(d);
		return;
	}
	master_workers(&d->master, &now);
	if (has_verdict(d, activity, &now, &verdict))
		conclude(d, verdict);
	else if (timing_now() > d->verify.deadline)
		conclude(d, RELOAD_EV_TIMED_OUT);
	else
		deploy_later(d, POLL, look);
}

void deploy_verify(struct deploy *d)
{
	deploy_later(d, POLL, look);
}

static bool all_serve(const struct workers *wanted, const struct workers *now)
{
	for (size_t i = 0; i < wanted->serving_count; i++) {
		if (!workers_have(now, wanted->serving[i]))
			return false;
	}
	return wanted->serving_count > 0;
}

/*
 * Other workers than those that were taken: they died, or somebody else has reloaded since.
 * The log tells. Without one, whoever reloads again and again is taken for deaths.
 */
static bool have_died(struct deploy *d, const struct workers *now)
{
	const struct verify *v = &d->verify;

	if (now->serving_count == 0 &&
	    (master_activity(&d->master) == MASTER_IDLE || v->rounds >= ROUNDS_MAX))
		return true;
	return errorlog_tells_of_death(&v->log, &v->before) ||
	       (v->rounds >= ROUNDS_MAX && v->log.fd < 0);
}

static void look_again(struct deploy *d)
{
	struct workers now;

	if (!master_is_alive(&d->master)) {
		deploy_refresh(d);
		deploy_result(d, DEPLOY_DEFERRED, "nginx ended soon after the reload");
		deploy_step(d, RELOAD_EV_MASTER_ABSENT);
		return;
	}
	master_workers(&d->master, &now);
	if (all_serve(&d->verify.taken, &now)) {
		deploy_step(d, RELOAD_EV_SETTLED);
		return;
	}
	if (have_died(d, &now)) {
		explain_death(d);
		deploy_step(d, RELOAD_EV_DIED);
		return;
	}
	d->verify.taken = now;
	if (++d->verify.rounds > ROUNDS_MAX || (now.serving_count && d->verify.log.fd >= 0))
		deploy_step(d, RELOAD_EV_SETTLED);
	else
		deploy_later(d, SETTLING, look_again);
}

void deploy_settle(struct deploy *d)
{
	d->verify.rounds = 0;
	deploy_later(d, SETTLING, look_again);
}

static bool workers_changed(struct deploy *d)
{
	struct tally t;
	struct workers now;

	master_workers(&d->master, &now);
	t = count(&d->verify.before, &now);
	return t.fresh > 0 || t.old != d->verify.before.serving_count;
}

void deploy_revert(struct deploy *d)
{
	struct flight *f = &d->flight;
	bool dirty = f->result == DEPLOY_DIED || workers_changed(d);
	struct err e;

	if (!stage_last_good(d->stage, f->generation, &f->reverted_to)) {
		deploy_result(d, f->result, "there is no other generation to go back to\n");
		deploy_step(d, RELOAD_EV_REVERT_FAILED);
		return;
	}
	if (dirty)
		stage_doubt_applied(d->stage);
	if (stage_publish(d->stage, f->reverted_to, &e) < 0) {
		deploy_result(d, f->result, "going back to generation %lu failed: %s\n",
			      f->reverted_to, e.text);
		deploy_step(d, RELOAD_EV_REVERT_FAILED);
		return;
	}
	/* what nginx would not have is not kept */
	f->staged = true;
	deploy_step(d, dirty ? RELOAD_EV_REVERTED_DIRTY : RELOAD_EV_REVERTED);
}

void deploy_recover(struct deploy *d)
{
	struct err e;

	if (deploy_hangup(d, &e) == 0) {
		deploy_verify(d);
		return;
	}
	deploy_result(d, d->flight.result, "%s\n", e.text);
	deploy_step(d, RELOAD_EV_MASTER_ABSENT);
}
