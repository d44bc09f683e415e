/*
 * The cache of host names. Each name is an entry, and an entry is IDLE, QUEUED, or ASKED; at most
 * ASK_AT_ONCE are asked at a time. Names that are needed now (pending) go before those that are
 * only refreshed.
 *
 * An entry has one timer. While it is idle the timer says when to ask again or, for a name that is
 * no longer wanted, when to forget it; otherwise it says when the answer is overdue. The cache has
 * a timer of its own that looks whether questions have ended, which runs only while there are any.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/queue.h>
#define HASH_FUNCTION HASH_FNV /* the default one falls through its switches */
#include <uthash.h>

#include "names.h"
#include "names_ask.h"
#include "sys/timing.h"

#undef uthash_fatal
#define uthash_fatal(message) die("uthash: %s", message)

#define REFRESH (30 * USEC_PER_SEC)
#define RETRY_MIN (1 * USEC_PER_SEC)
#define RETRY_MAX (60 * USEC_PER_SEC)
#define OVERDUE (10 * USEC_PER_SEC)
#define FORGET (3600 * USEC_PER_SEC)
#define LOOK_MIN (10 * USEC_PER_MSEC)
#define LOOK_MAX (100 * USEC_PER_MSEC)
/* Lower than the others here, so that one call reports all changes of one turn. */
#define CHANGE_PRIORITY 10

enum phase { IDLE, QUEUED, ASKED };

struct entry {
	UT_hash_handle hh;
	TAILQ_ENTRY(entry) queue; /* while QUEUED */
	struct names_cache *cache;
	sd_event_source *timer;
	enum phase phase;
	struct ask *ask; /* while ASKED */
	bool overdue;    /* this question was reported as a failure already */
	bool wanted;
	uint64_t round; /* of names_cache_want(): the last with this name */

	enum name_state state;
	struct answer good; /* the last; empty if there never was one */
	const char *reason;
	uint64_t retry; /* the last pause between failures; 0 after an answer */
	char name[];
};

TAILQ_HEAD(queue, entry);

struct names_cache {
	sd_event *loop;
	sd_event_source *look, *change;
	void (*on_change)(void *ctx);
	void *ctx;
	struct names view;
	struct entry *entries;
	struct queue urgent, others;
	struct entry *asked[ASK_AT_ONCE];
	size_t asked_count;
	uint64_t pause; /* until the next look at them */
	uint64_t round;
};

static void tell(struct names_cache *c)
{
	if (sd_event_source_set_enabled(c->change, SD_EVENT_ONESHOT) < 0)
		die("the event loop refused a callback");
}

static int on_tell(sd_event_source *s UNUSED, void *ctx)
{
	struct names_cache *c = ctx;

	c->on_change(c->ctx);
	return 0;
}

/* --- the phases of an entry ----------------------------------------------------------------- */

static struct queue *queue_of(struct entry *e)
{
	return e->state == NAME_PENDING ? &e->cache->urgent : &e->cache->others;
}

static void enqueue(struct entry *e)
{
	e->phase = QUEUED;
	e->overdue = false;
	TAILQ_INSERT_TAIL(queue_of(e), e, queue);
	timing_arm(e->cache->look, 0);
	/* A pending name is waited for from now on; any other has an answer meanwhile. */
	if (e->state == NAME_PENDING)
		timing_arm(e->timer, OVERDUE);
	else
		sd_event_source_set_enabled(e->timer, SD_EVENT_OFF);
}

static void dequeue(struct entry *e)
{
	TAILQ_REMOVE(queue_of(e), e, queue);
	e->phase = IDLE;
}

static void rest(struct entry *e)
{
	e->phase = IDLE;
	if (!e->wanted)
		timing_arm(e->timer, FORGET);
	else
		timing_arm(e->timer, timing_jitter(e->retry ? e->retry : REFRESH, 10));
}

static void forget(struct entry *e)
{
	struct names_cache *c = e->cache;

	if (e->phase == QUEUED)
		dequeue(e);
	HASH_DEL(c->entries, e);
	sd_event_source_disable_unref(e->timer);
	if (e->ask)
		ask_free(e->ask);
	answer_clear(&e->good);
	free(e);
}

static void set_failed(struct entry *e, const char *reason)
{
	if (e->state != NAME_FAILED && e->wanted)
		tell(e->cache);
	e->state = NAME_FAILED;
	e->reason = reason;
}

static void set_found(struct entry *e, struct answer *answer)
{
	bool same = e->state != NAME_FAILED && answer_equal(&e->good, answer);

	answer_clear(&e->good);
	e->good = *answer;
	e->state = NAME_FOUND;
	e->reason = NULL;
	e->retry = 0;
	if (!same && e->wanted)
		tell(e->cache);
}

static void take_answer(struct entry *e)
{
	struct answer answer = ask_answer(e->ask);

	ask_free(TAKE(e->ask));
	if (answer.count) {
		set_found(e, &answer);
	} else {
		/* "No answer within 10 s" stays the reason when the late answer is a failure. */
		set_failed(e, e->overdue ? e->reason : answer.reason);
		e->retry = e->retry ? MIN(2 * e->retry, RETRY_MAX) : RETRY_MIN;
	}
	rest(e);
}

static void set_overdue(struct entry *e)
{
	bool queued = e->phase == QUEUED;

	if (queued)
		dequeue(e);
	set_failed(e, "no answer within 10 s");
	if (queued) /* it is no longer pending */
		enqueue(e);
	e->overdue = !queued;
}

static int on_timer(sd_event_source *s UNUSED, uint64_t at UNUSED, void *ctx)
{
	struct entry *e = ctx;

	if (e->phase != IDLE)
		set_overdue(e);
	else if (e->wanted)
		enqueue(e);
	else
		forget(e);
	return 0;
}

/* --- asking --------------------------------------------------------------------------------- */

static void ask(struct names_cache *c, struct entry *e)
{
	bool known = e->state == NAME_FOUND;

	dequeue(e);
	e->phase = ASKED;
	e->ask = ask_new(e->name);
	c->asked[c->asked_count++] = e;
	if (known)
		timing_arm(e->timer, OVERDUE);
}

static bool ask_more(struct names_cache *c)
{
	struct entry *e;
	bool some = false;

	while (c->asked_count < ASK_AT_ONCE &&
	       ((e = TAILQ_FIRST(&c->urgent)) || (e = TAILQ_FIRST(&c->others)))) {
		ask(c, e);
		some = true;
	}
	return some;
}

static bool take_answers(struct names_cache *c)
{
	size_t before = c->asked_count, kept = 0;

	for (size_t i = 0; i < before; i++) {
		struct entry *e = c->asked[i];

		if (ask_ended(e->ask))
			take_answer(e);
		else
			c->asked[kept++] = e;
	}
	c->asked_count = kept;
	return kept < before;
}

static int on_look(sd_event_source *s UNUSED, uint64_t at UNUSED, void *ctx)
{
	struct names_cache *c = ctx;
	bool moved = take_answers(c);

	moved |= ask_more(c);
	c->pause = moved ? LOOK_MIN : MIN(c->pause + c->pause / 2, LOOK_MAX);
	if (c->asked_count)
		timing_arm(c->look, c->pause);
	return 0;
}

/* --- the names ------------------------------------------------------------------------------ */

static void forget_unwanted(struct names_cache *c)
{
	struct entry *e, *next;

	for (e = c->entries; e; e = next) {
		next = e->hh.next;
		if (!e->wanted && e->phase != ASKED)
			forget(e);
	}
}

static struct entry *add(struct names_cache *c, const char *name)
{
	size_t size = strlen(name) + 1;
	struct entry *e = xcalloc(1, sizeof(*e) + size);

	memcpy(e->name, name, size);
	e->cache = c;
	e->state = NAME_PENDING;
	if (sd_event_add_time_relative(c->loop, &e->timer, CLOCK_MONOTONIC, OVERDUE, 0, on_timer,
				       e) < 0)
		die("the event loop refused a timer");
	HASH_ADD_STR(c->entries, name, e);
	return e;
}

/* A name that was not wanted for a while may have changed: it is like a new one, but it keeps its
 * addresses. */
static void revive(struct entry *e)
{
	e->wanted = true;
	if (e->phase != IDLE)
		return;
	e->state = NAME_PENDING;
	enqueue(e);
}

/* NULL when there are too many. */
static struct entry *want(struct names_cache *c, const char *name)
{
	struct entry *e;

	HASH_FIND_STR(c->entries, name, e);
	if (!e && HASH_COUNT(c->entries) >= NAMES_LIMIT)
		forget_unwanted(c);
	if (!e && HASH_COUNT(c->entries) < NAMES_LIMIT)
		e = add(c, name);
	if (e && !e->wanted)
		revive(e);
	return e;
}

static void unwant(struct entry *e)
{
	e->wanted = false;
	if (e->phase == QUEUED)
		dequeue(e);
	if (e->phase == IDLE)
		rest(e);
}

void names_cache_want(struct names_cache *c, const char *const *names, size_t count)
{
	struct entry *e;

	c->round++;
	for (size_t i = 0; i < count; i++) {
		e = want(c, names[i]);
		if (e)
			e->round = c->round;
	}
	for (e = c->entries; e; e = e->hh.next) {
		if (e->wanted && e->round != c->round)
			unwant(e);
	}
}

static struct name find(void *ctx, const char *name)
{
	struct entry *e = want(ctx, name);

	if (!e)
		return (struct name){ .state = NAME_FAILED, .reason = "there are too many names" };
	return (struct name){ .state = e->state,
			      .addresses = (const char *const *)e->good.addresses,
			      .count = e->good.count,
			      .reason = e->reason };
}

const struct names *names_cache_view(struct names_cache *c)
{
	return &c->view;
}

/* --- from birth to end ---------------------------------------------------------------------- */

int names_cache_new(sd_event *loop, void (*on_change)(void *ctx), void *ctx,
		    struct names_cache **out, struct err *e)
{
	CLEANUP(names_cache_freep) struct names_cache *c = xcalloc(1, sizeof(*c));

	c->loop = sd_event_ref(loop);
	c->on_change = on_change;
	c->ctx = ctx;
	c->view = (struct names){ .find = find, .ctx = c };
	c->pause = LOOK_MIN;
	TAILQ_INIT(&c->urgent);
	TAILQ_INIT(&c->others);
	/* The first look finds nothing to do. An accuracy of 0 would be that of 250 ms. */
	if (sd_event_add_time_relative(loop, &c->look, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_look,
				       c) < 0 ||
	    sd_event_add_defer(loop, &c->change, on_tell, c) < 0 ||
	    sd_event_source_set_enabled(c->change, SD_EVENT_OFF) < 0 ||
	    sd_event_source_set_priority(c->change, CHANGE_PRIORITY) < 0)
		return err_set(e, ERR_SYS, "the event loop refused a source for host names");
	*out = TAKE(c);
	return 0;
}

void names_cache_free(struct names_cache *c)
{
	struct entry *e, *next;

	for (e = c->entries; e; e = next) {
		next = e->hh.next;
		forget(e);
	}
	sd_event_source_disable_unref(c->look);
	sd_event_source_disable_unref(c->change);
	sd_event_unref(c->loop);
	free(c);
}
