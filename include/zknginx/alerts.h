/*
 * Alerts: from the conditions of now to events for people. Pure: the caller keeps the memory
 * between calls, and time is an argument.
 *
 * - A condition that has lasted for raise_after raises an alert. Gaps shorter than clear_after do
 *   not restart the count; they are only left out of it.
 * - While the condition lasts, the alert is repeated every `repeat`, and once at the moment when it
 *   becomes critical.
 * - When the condition has been over for clear_after, the alert is cleared.
 * - A condition that flaps makes one alert: each return within an hour of the last one doubles the
 *   time that it must be over before the alert is cleared (up to 30 minutes), also from one alert
 *   to the next. The event of the clearing says how often the condition came back.
 */
#ifndef ZKNGINX_ALERTS_H
#define ZKNGINX_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

#define ALERT_SEVERITIES(X)                                                                        \
	X(WARNING, "warning")   /* to be looked at today */                                        \
	X(CRITICAL, "critical") /* … now */

enum alert_severity {
#define X(name, text) ALERT_##name,
	ALERT_SEVERITIES(X)
#undef X
		ALERT_SEVERITY_N
};

#define ALERT_EVENTS(X)                                                                            \
	X(RAISED, "raised")                                                                        \
	X(REPEATED, "repeated")                                                                    \
	X(CLEARED, "cleared")

enum alert_event {
#define X(name, text) ALERT_##name,
	ALERT_EVENTS(X)
#undef X
		ALERT_EVENT_N
};

/* Something that is wrong now. */
struct condition {
	const char *key;     /* "nginx-down"; of the fleet: "fleet-member-missing" */
	const char *subject; /* a host, an upstream or a znode; "" = this host */
	enum alert_severity severity;
	const char *message; /* a sentence: what is wrong, what was expected, what is served */
	/* Raises an alert after so long; 0 = after raise_after; NEVER = it raises none (it has not
	 * settled), but one that is raised stays. */
	uint64_t after;
};

/*
 * A problem of the config may be half of a change: an upstream is written, and its first server a
 * moment later. A problem has settled when it is older than `gap` (changes within a gap count as
 * one), and either no newer config waits for a run, or a run after the gap still found it. A
 * problem that is older than `patience` has settled in any case.
 */
struct settling {
	uint64_t gap, patience;
	uint64_t last_run; /* the last look at the config */
	bool busy;         /* another one is to come */
	uint64_t now;
};
/* Of a problem that was found then and still exists; all times are of one clock. */
bool settling_is_over(const struct settling *s, uint64_t found);
/* When it settles, if nothing happens; `now` if it has. */
uint64_t settling_ends(const struct settling *s, uint64_t found);

/*
 * Conditions of one key that more than `most` hosts have become one condition of the fleet
 * (subject ""). Its message says how many hosts there are, names the first few, and repeats the
 * message of the first; it has the worst severity and the longest `after`. The order is kept.
 * Returns how many conditions are left.
 */
size_t conditions_fold(struct arena *a, struct condition *items, size_t count, size_t most);

struct alert {
	enum alert_event event;
	const char *key, *subject, *message;
	enum alert_severity severity;
	uint64_t since; /* when the condition began, same clock as `now` */
	unsigned flaps; /* how often the condition came back while the alert was raised */
};

struct alert_rules {
	uint64_t raise_after, clear_after;
	uint64_t repeat; /* NEVER = not */
};

struct alerts;
struct alerts *alerts_new(void);
void alerts_free(struct alerts *a);
DEFINE_CLEANUP(struct alerts *, alerts_free)

/*
 * The conditions of now, in any order; key and subject are unique. Calls on_event for each event,
 * worst first; its argument is valid within the call. Returns when to call again at the latest, or
 * NEVER.
 */
uint64_t alerts_update(struct alerts *a, const struct alert_rules *rules,
		       const struct condition *conditions, size_t count, uint64_t now,
		       void (*on_event)(void *ctx, const struct alert *alert), void *ctx);

/* The raised alerts, worst first, then by key and subject; valid until the next update. */
size_t alerts_raised(const struct alerts *a, const struct alert **out);

/* Drops all alerts whose key has this prefix, without an event: nobody watches these conditions
 * here any more, which does not mean that they are over. */
void alerts_forget(struct alerts *a, const char *prefix);

/* As JSON, {"event", "flaps", "host", "key", "message", "severity", "since", "subject", "time"}. */
struct alert_stamp {
	const char *host, *since, *time; /* wall clock, as text */
};
void alert_print(const struct alert *a, const struct alert_stamp *stamp, struct buf *out);

const char *alert_severity_name(enum alert_severity s);
const char *alert_event_name(enum alert_event e);

#endif
