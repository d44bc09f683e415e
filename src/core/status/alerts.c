/*
 * Alerts: one entry a (key, subject), sorted by these, for as long as there is something
 * to remember of it.
 *
 * An entry gathers the time that its condition has held. A gap shorter than clear_after
 * does not begin it anew, so that what flaps faster than raise_after is still raised.
 * Once raised, the entry is either held or over; a return while it is over is a flap. The
 * time that it has to be over doubles with each flap, and with each new raising soon after
 * a clearing: that bounds the events of an hour, however the condition behaves.
 *
 * Events are told after all entries have made their step, so `tell` sees a whole state.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/alerts.h>
#include <zknginx/err.h>

#define MEMORY (3600 * USEC_PER_SEC)   /* a return within it counts as flapping */
#define HOLD_MAX (1800 * USEC_PER_SEC) /* doubling ends here */
#define HOLD_MIN (1 * USEC_PER_SEC)    /* what no time at all doubles to */

struct entry {
	char *key, *subject, *message;
	enum alert_severity severity, told; /* now; the worst that was told since it was raised */
	bool held, was_held, raised;
	bool has_come; /* it was raised, or came back, at come_at */
	uint64_t come_at;
	uint64_t since;             /* it began; gaps that are too short to count are left out */
	uint64_t gathered, seen_at; /* how long it has held since then, as of seen_at */
	uint64_t after;             /* … and has to, to be raised; 0 = as the rules say */
	uint64_t over_at;           /* not held: since when */
	uint64_t hold;              /* it has to be over for that long to be cleared */
	uint64_t told_at;
	unsigned flaps;
	bool speaks; /* … of `event`, in this update */
	enum alert_event event;
};

struct alerts {
	struct entry *entries;
	size_t count, room;
	struct alert *raised;
	size_t raised_count;
	uint64_t now;
};

struct alerts *alerts_new(void)
{
	return xcalloc(1, sizeof(struct alerts));
}

static void entry_fini(struct entry *e)
{
	free(e->key);
	free(e->subject);
	free(e->message);
}

void alerts_free(struct alerts *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->count; i++)
		entry_fini(&a->entries[i]);
	free(a->entries);
	free(a->raised);
	free(a);
}

/* --- the conditions of now ------------------------------------------------------------------ */

static int compare_names(const char *key, const char *subject, const struct entry *e)
{
	int order = strcmp(key, e->key);

	return order ? order : strcmp(subject, e->subject);
}

/* Where it is, or has to be put. */
static size_t place_of(const struct alerts *a, const char *key, const char *subject)
{
	size_t low = 0, high = a->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_names(key, subject, &a->entries[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *entry_for(struct alerts *a, const struct condition *c)
{
	size_t at = place_of(a, c->key, c->subject);
	struct entry *e;

	if (at < a->count && compare_names(c->key, c->subject, &a->entries[at]) == 0)
		return &a->entries[at];
	if (a->count == a->room) {
		a->room = a->room ? 2 * a->room : 8;
		a->entries = xrealloc(a->entries, a->room * sizeof(*a->entries));
	}
	e = &a->entries[at];
	memmove(e + 1, e, (a->count - at) * sizeof(*e));
	a->count++;
	*e = (struct entry){ .key = xstrdup(c->key), .subject = xstrdup(c->subject) };
	return e;
}

static void take_condition(struct alerts *a, const struct condition *c)
{
	struct entry *e = entry_for(a, c);

	if (c->after == NEVER && !(e->raised && e->was_held))
		return;
	e->held = true;
	e->severity = c->severity;
	e->after = c->after;
	if (e->message && strcmp(e->message, c->message) == 0)
		return;
	free(e->message);
	e->message = xstrdup(c->message);
}

/* --- one step of one entry ------------------------------------------------------------------ */

static uint64_t later(uint64_t when, uint64_t delay)
{
	return delay > NEVER - when ? NEVER : when + delay;
}

static void speak(struct entry *e, enum alert_event event, uint64_t now)
{
	e->speaks = true;
	e->event = event;
	e->told_at = now;
	if (event == ALERT_RAISED || e->told < e->severity)
		e->told = e->severity;
}

/* Raised, or back while it was over: the sooner after the last time, the longer it must stay away.
 */
static void come(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	uint64_t doubled = e->hold < HOLD_MIN ? HOLD_MIN : 2 * e->hold;

	if (doubled > HOLD_MAX)
		doubled = HOLD_MAX;
	if (!e->has_come || now - e->come_at > MEMORY || doubled < rules->clear_after)
		doubled = rules->clear_after;
	e->hold = doubled;
	e->has_come = true;
	e->come_at = now;
}

static uint64_t patience(const struct entry *e, const struct alert_rules *rules)
{
	return e->after ? e->after : rules->raise_after;
}

/* Not raised yet. */
static void gather(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	if (e->was_held)
		e->gathered += now - e->seen_at;
	else if (e->held && (!e->gathered || now - e->over_at >= rules->clear_after)) {
		e->gathered = 0;
		e->since = now;
	}
	if (!e->held || e->gathered < patience(e, rules))
		return;
	come(e, rules, now);
	e->raised = true;
	e->flaps = 0;
	speak(e, ALERT_RAISED, now);
}

static void follow(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	if (e->held && !e->was_held) {
		e->flaps++;
		come(e, rules, now);
	}
	if (e->held && (e->severity > e->told || now >= later(e->told_at, rules->repeat)))
		speak(e, ALERT_REPEATED, now);
	if (e->held || now - e->over_at < e->hold)
		return;
	e->raised = false;
	speak(e, ALERT_CLEARED, now);
}

static void step(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	e->speaks = false;
	if (!e->held && e->was_held)
		e->over_at = now;
	if (e->raised)
		follow(e, rules, now);
	else
		gather(e, rules, now);
	e->was_held = e->held;
	e->seen_at = now;
}

/* When the next step is due, should nothing change. */
static uint64_t due(const struct entry *e, const struct alert_rules *rules)
{
	if (e->raised && e->held)
		return later(e->told_at, rules->repeat);
	if (e->raised)
		return later(e->over_at, e->hold);
	return e->held ? later(e->seen_at, patience(e, rules) - e->gathered) : NEVER;
}

static bool is_forgotten(const struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	if (e->held || e->raised || e->speaks)
		return false;
	return now - e->over_at >= rules->clear_after &&
	       (!e->has_come || now - e->come_at > MEMORY);
}

static void sweep(struct alerts *a, const struct alert_rules *rules)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++) {
		if (is_forgotten(&a->entries[i], rules, a->now))
			entry_fini(&a->entries[i]);
		else
			a->entries[kept++] = a->entries[i];
	}
	a->count = kept;
}

/* --- telling -------------------------------------------------------------------------------- */

static int compare_alerts(const void *x, const void *y)
{
	const struct alert *a = x, *b = y;
	int order = (a->severity < b->severity) - (a->severity > b->severity);

	if (order == 0)
		order = strcmp(a->key, b->key);
	return order ? order : strcmp(a->subject, b->subject);
}

static struct alert alert_of(const struct entry *e)
{
	return (struct alert){
		.event = e->event,
		.key = e->key,
		.subject = e->subject,
		.message = e->message,
		.severity = e->severity,
		.since = e->since,
		.flaps = e->flaps,
	};
}

/* The entries that speak (or: are raised), worst first. The caller frees. */
static struct alert *choose(const struct alerts *a, bool speaking, size_t *count)
{
	struct alert *list = xcalloc(a->count + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct entry *e = &a->entries[i];

		if (speaking ? e->speaks : e->raised)
			list[(*count)++] = alert_of(e);
	}
	qsort(list, *count, sizeof(*list), compare_alerts);
	return list;
}

static void list_raised(struct alerts *a)
{
	free(a->raised);
	a->raised = choose(a, false, &a->raised_count);
}

uint64_t alerts_update(struct alerts *a, const struct alert_rules *rules,
		       const struct condition *now_held, size_t count, uint64_t now,
		       void (*tell)(void *ctx, const struct alert *alert), void *ctx)
{
	CLEANUP(freep) struct alert *spoken = NULL;
	uint64_t next = NEVER;
	size_t spoken_count;

	if (now > a->now)
		a->now = now;
	for (size_t i = 0; i < a->count; i++)
		a->entries[i].held = false;
	for (size_t i = 0; i < count; i++)
		take_condition(a, &now_held[i]);
	for (size_t i = 0; i < a->count; i++) {
		struct entry *e = &a->entries[i];

		step(e, rules, a->now);
		next = due(e, rules) < next ? due(e, rules) : next;
	}
	sweep(a, rules);
	list_raised(a);
	spoken = choose(a, true, &spoken_count);
	for (size_t i = 0; i < spoken_count; i++)
		tell(ctx, &spoken[i]);
	return next;
}

void alerts_forget(struct alerts *a, const char *prefix)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->count; i++) {
		if (strncmp(a->entries[i].key, prefix, strlen(prefix)) == 0)
			entry_fini(&a->entries[i]);
		else
			a->entries[kept++] = a->entries[i];
	}
	a->count = kept;
	list_raised(a);
}

size_t alerts_raised(const struct alerts *a, const struct alert **out)
{
	*out = a->raised;
	return a->raised_count;
}

const char *alert_severity_name(enum alert_severity s)
{
	static const char *const names[] = {
#define X(name, text) [ALERT_##name] = text,
		ALERT_SEVERITIES(X)
#undef X
	};
	return names[s];
}

const char *alert_event_name(enum alert_event e)
{
	static const char *const names[] = {
#define X(name, text) [ALERT_##name] = text,
		ALERT_EVENTS(X)
#undef X
	};
	return names[e];
}
