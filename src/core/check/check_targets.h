/*
 * Checks: which servers are checked, when, and what follows from the results. Pure: the caller does
 * the checks and keeps the time.
 *
 * The servers are those of the model that nginx runs, in upstreams with a check; not those that an
 * operator has set `down`. A server is checked once in each interval, at a moment that its name and
 * the seed choose, so that the checks of an upstream, and those of several hosts, are spread.
 *
 *	state	after so many results	becomes
 *	unknown	1 good, `fall` bad	passing, failing
 *	passing	`fall` bad		failing
 *	failing	`rise` good		passing
 *
 * An unknown server is used. One that a daemon before this one has found failing begins so.
 */
#ifndef ZKNGINX_CORE_CHECK_TARGETS_H
#define ZKNGINX_CORE_CHECK_TARGETS_H

#include "failures.h"
#include "result.h"
#include "schedule.h"

#define CHECK_STATES(X)                                                                            \
	X(UNKNOWN, "unknown")                                                                      \
	X(PASSING, "passing")                                                                      \
	X(FAILING, "failing")

enum check_state {
#define X(name, text) CHECK_##name,
	CHECK_STATES(X)
#undef X
		CHECK_STATE_N
};
const char *check_state_name(enum check_state s);

struct check_group;

/* One server. The caller sets `carrier` alone. */
struct check_target {
	struct scheduled next; /* of the next check; while one is under way: its deadline */
	struct check_group *group;
	char *address; /* "10.0.0.1:80" */
	uint64_t due;  /* of the check that is under way, or is next */
	bool in_flight;
	bool counts; /* for panic: it is not drained */
	enum check_state state;
	uint64_t since; /* of the state; CLOCK_MONOTONIC */
	long streak;    /* results in a row that speak against the state */
	struct check_result last;
	void *carrier; /* the caller's */
};

/* One upstream. */
struct check_group {
	char *upstream;
	struct check_rule rule; /* with texts of its own */
	bool tls;
	struct check_target **targets; /* sorted by address */
	size_t count;
	size_t failing;                /* how many of them fail */
	const struct decoded *decoded; /* the servers that they are of, unchanged; NULL: unknown */
};

struct checks;
/* seed: another one on each host. */
struct checks *checks_new(uint64_t seed);
void checks_free(struct checks *c);
DEFINE_CLEANUP(struct checks *, checks_free)

/*
 * From now on the servers of this model are checked. What is known of those that stay is kept.
 * on_gone is called for each that does not stay, or whose rule is another one: its check ends.
 * True: a failing server is gone, so there are other failures.
 */
bool checks_follow(struct checks *c, const struct model *m, uint64_t now,
		   void (*on_gone)(void *ctx, struct check_target *t), void *ctx);

/* The target whose time comes first: a check has to begin, or one that is under way has not ended
 * in time. NULL: nothing is checked. */
struct check_target *checks_first(const struct checks *c);
/* The check of this target begins. */
void checks_begin(struct checks *c, struct check_target *t, uint64_t now);
/* It cannot be made before that time; one that is under way ends without a result. */
void checks_postpone(struct checks *c, struct check_target *t, uint64_t until);
/* The check is over. True: the state has changed, so it may be another failure, or one less. */
bool checks_end(struct checks *c, struct check_target *t, const struct check_result *r,
		uint64_t now);

/* The failing servers; in the arena. */
struct check_failures checks_failures(const struct checks *c, struct arena *a);

/* All groups, sorted by upstream. */
struct check_group *const *checks_groups(const struct checks *c, size_t *count);
/* How many of its targets fail, and how many count; drained ones do not. */
size_t check_group_failing(const struct check_group *g, size_t *servers);
bool check_group_panics(const struct check_group *g);

#endif
