/*
 * Alerts: one entry for each (key, subject), sorted by these, as long as there is something to
 * remember.
 *
 * An entry counts how long its condition has lasted. A gap shorter than clear_after does not
 * restart the count, so that a condition that flaps faster than raise_after still raises an alert.
 * While an alert is raised its condition is active or over; a return is a flap. The time that it
 * has to be over doubles with each flap, and with each alert soon after a clearing. That bounds the
 * number of events in an hour, however the condition behaves.
 *
 * Events are handed on after all entries are updated, so that on_event sees a consistent state.
 */
#include <stdlib.h>
#include <string.h>

#include <zknginx/alerts.h>
#include <zknginx/err.h>

#define MEMORY (3600 * USEC_PER_SEC)    /* a return within it counts as flapping */
#define QUIET_MAX (1800 * USEC_PER_SEC) /* the doubled time is not longer */
#define QUIET_MIN (1 * USEC_PER_SEC)    /* what 0 doubles to */

struct entry {
	char *key, *subject, *message;
	enum alert_severity severity, reported; /* now; the worst in an event of this alert */
	bool active, was_active, raised;
	bool has_come; /* it was raised, or came back, at come_at */
	uint64_t come_at;
	uint64_t since;              /* when it began; short gaps are ignored */
	uint64_t lasted, updated_at; /* how long it was active since then, as of updated_at */
	uint64_t after;              /* … and has to be, to be raised; 0 = raise_after */
	uint64_t over_at;            /* not active: since when */
	uint64_t quiet;              /* it has to be over for so long to be cleared */
	uint64_t reported_at;
	unsigned flaps;
	bool has_event; /* `event`, in this update */
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

	if (c->after == NEVER && !(e->raised && e->was_active))
		return;
	e->active = true;
	e->severity = c->severity;
	e->after = c->after;
	if (e->message && strcmp(e->message, c->message) == 0)
		return;
	free(e->message);
	e->message = xstrdup(c->message);
}

/* --- the update of one entry ---------------------------------------------------------------- */

static uint64_t later(uint64_t when, uint64_t delay)
{
	return delay > NEVER - when ? NEVER : when + delay;
}

static void set_event(struct entry *e, enum alert_event event, uint64_t now)
{
	e->has_event = true;
	e->event = event;
	e->reported_at = now;
	if (event == ALERT_RAISED || e->reported < e->severity)
		e->reported = e->severity;
}

/* Raised, or back: the sooner after the last time, the longer it must be over to be cleared. */
static void note_coming(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	uint64_t doubled = e->quiet < QUIET_MIN ? QUIET_MIN : 2 * e->quiet;

	if (doubled > QUIET_MAX)
		doubled = QUIET_MAX;
	if (!e->has_come || now - e->come_at > MEMORY || doubled < rules->clear_after)
		doubled = rules->clear_after;
	e->quiet = doubled;
	e->has_come = true;
	e->come_at = now;
}

static uint64_t time_to_raise(const struct entry *e, const struct alert_rules *rules)
{
	return e->after ? e->after : rules->raise_after;
}

/* Not raised yet. */
static void update_pending(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	if (e->was_active)
		e->lasted += now - e->updated_at;
	else if (e->active && (!e->lasted || now - e->over_at >= rules->clear_after)) {
		e->lasted = 0;
		e->since = now;
	}
	if (!e->active || e->lasted < time_to_raise(e, rules))
		return;
	note_coming(e, rules, now);
	e->raised = true;
	e->flaps = 0;
	set_event(e, ALERT_RAISED, now);
}

static void update_raised(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	if (e->active && !e->was_active) {
		e->flaps++;
		note_coming(e, rules, now);
	}
	if (e->active && (e->severity > e->reported || now >= later(e->reported_at, rules->repeat)))
		set_event(e, ALERT_REPEATED, now);
	if (e->active || now - e->over_at < e->quiet)
		return;
	e->raised = false;
	set_event(e, ALERT_CLEARED, now);
}

static void update_entry(struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	e->has_event = false;
	if (!e->active && e->was_active)
		e->over_at = now;
	if (e->raised)
		update_raised(e, rules, now);
	else
		update_pending(e, rules, now);
	e->was_active = e->active;
	e->updated_at = now;
}

/* When the next update is due, if nothing changes. */
static uint64_t due(const struct entry *e, const struct alert_rules *rules)
{
	if (e->raised && e->active)
		return later(e->reported_at, rules->repeat);
	if (e->raised)
		return later(e->over_at, e->quiet);
	return e->active ? later(e->updated_at, time_to_raise(e, rules) - e->lasted) : NEVER;
}

static bool is_forgotten(const struct entry *e, const struct alert_rules *rules, uint64_t now)
{
	if (e->active || e->raised || e->has_event)
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

/* --- events --------------------------------------------------------------------------------- */

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

/* The alerts with an event in this update, or all raised ones; worst first. The caller frees. */
static struct alert *choose(const struct alerts *a, bool with_event, size_t *count)
{
	struct alert *list = xcalloc(a->count + 1, sizeof(*list));

	*count = 0;
	for (size_t i = 0; i < a->count; i++) {
		const struct entry *e = &a->entries[i];

		if (with_event ? e->has_event : e->raised)
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
		       const struct condition *conditions, size_t count, uint64_t now,
		       void (*on_event)(void *ctx, const struct alert *alert), void *ctx)
{
	CLEANUP(freep) struct alert *events = NULL;
	uint64_t next = NEVER;
	size_t event_count;

	if (now > a->now)
		a->now = now;
	for (size_t i = 0; i < a->count; i++)
		a->entries[i].active = false;
	for (size_t i = 0; i < count; i++)
		take_condition(a, &conditions[i]);
	for (size_t i = 0; i < a->count; i++) {
		struct entry *e = &a->entries[i];

		update_entry(e, rules, a->now);
		next = due(e, rules) < next ? due(e, rules) : next;
	}
	sweep(a, rules);
	list_raised(a);
	events = choose(a, true, &event_count);
	for (size_t i = 0; i < event_count; i++)
		on_event(ctx, &events[i]);
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
