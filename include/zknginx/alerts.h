/*
 * Alerts: conditions that hold now → what people are told. Pure: memory between calls is
 * the caller's, time an argument.
 *
 * A condition that has held for raise_after is raised (gaps shorter than clear_after are left
 * out of the count, they do not begin it anew); while it holds it is repeated every `repeat`,
 * and once out of turn when it becomes critical; when it has been over for clear_after it is
 * cleared. One that comes and goes is folded: each return within an hour of the last doubles
 * the time that it must be over before it is cleared (up to 30 minutes), also from one raising
 * to the next, and the clearing says how often it came back.
 */
#ifndef ZKNGINX_ALERTS_H
#define ZKNGINX_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zknginx/arena.h>
#include <zknginx/buf.h>

#define ALERT_SEVERITIES(X)                                                                        \
	X(WARNING, "warning")   /* somebody should look at it today */                             \
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

/* What holds now, as whoever watches sees it. */
struct condition {
	const char *key;     /* "nginx-down"; of the fleet: "fleet-member-missing" */
	const char *subject; /* whom it is about: a host, an upstream, a znode; "" = this host */
	enum alert_severity severity;
	const char *message; /* a sentence: what is wrong, what was expected, what is served */
	/* Raised when it has held that long; 0 = as the rules say; NEVER = it raises nothing (it
	 * has not settled), but keeps up what is raised. */
	uint64_t after;
};

/*
 * A problem of the config may be half of a change: an upstream is written, and its first server a
 * moment later. It has settled when it has outlasted `gap`, within which changes are one change,
 * and the run after that: no newer config waits to be looked at, or one was looked at since then
 * and has it still. What waits for longer than `patience` is served for so long, and is a problem.
 */
struct settling {
	uint64_t gap, patience;
	uint64_t last_run; /* the last look at the config */
	bool busy;         /* another one is to come */
	uint64_t now;
};
/* A problem that was found then, and is there still; all of one clock. */
bool settling_is_over(const struct settling *s, uint64_t found);
/* When that will be, should nothing happen; `now` when it is. */
uint64_t settling_ends(const struct settling *s, uint64_t found);

/*
 * Of each key that more than `most` hosts have, one condition stays in place of all, about the
 * fleet (subject ""): how many they are, the first few of them, and what is wrong with the first
 * one; the worst severity, the longest `after`. The order stays. Returns how many are left.
 */
size_t conditions_fold(struct arena *a, struct condition *items, size_t count, size_t most);

struct alert {
	enum alert_event event;
	const char *key, *subject, *message;
	enum alert_severity severity;
	uint64_t since; /* when the condition began, same clock as `now` */
	unsigned flaps; /* how often it came back since it was raised, before it was cleared */
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
 * The conditions of now, in any order, key and subject unique. Calls `tell` for each event, worst
 * first; what it is given is valid within the call. Returns when to be called again at the latest,
 * or NEVER.
 */
uint64_t alerts_update(struct alerts *a, const struct alert_rules *rules,
		       const struct condition *now_held, size_t count, uint64_t now,
		       void (*tell)(void *ctx, const struct alert *alert), void *ctx);

/* Those that are raised and not cleared, worst first then by key and subject; valid until the next
 * update. */
size_t alerts_raised(const struct alerts *a, const struct alert **out);

/* Drops what there is of the keys that begin with prefix, without a word: whoever watched them
 * watches no longer, which does not mean that they are over. */
void alerts_forget(struct alerts *a, const char *prefix);

/* As JSON, {"event", "flaps", "host", "key", "message", "severity", "since", "subject", "time"}. */
struct alert_stamp {
	const char *host, *since, *time; /* wall clock, as people read it */
};
void alert_print(const struct alert *a, const struct alert_stamp *stamp, struct buf *out);

const char *alert_severity_name(enum alert_severity s);
const char *alert_event_name(enum alert_event e);

#endif
